"""Writes the table promise × backend: ``python -m slackwater.testing.conformance.table IN OUT``.

Rows are the promises of the kit as it is now, columns the records in a folder. So a promise that is
new to the kit is *not run* in every column until the kit has run there again.
"""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from slackwater.testing.conformance.records import Column, Outcome, read_columns
from slackwater.testing.conformance.suite import BackendConformance, parts

_HEAD = """\
# Which backend keeps which promise

<!-- Written by `make docs` from the records of test runs; edits here are lost. -->

Each row is a promise of the contract, and a test of the
[conformance kit](../writing-a-backend.md#the-conformance-kit); each column is the kit over one
backend, on what is emulated or on the real thing.
`make conformance` runs what is emulated and records it; with `TESTBED=1` what is real too.
Every test run compares what it sees with what is recorded, and fails where they differ.

| sign | |
| --- | --- |
| ✓ | the promise was put to the test, and kept |
| – | not offered: the tool does not make this promise, and declares it; the reasons stand below |
| · | not shown: nothing in this stage can bring about the trouble that the promise is about |
| ✗ | expected failure: a promise that the tool cannot keep, with the reason below |
| **failed** | put to the test and not kept, in the run that was recorded |
| not run | never put to the test here; counts as nothing |
"""
_SIGNS = {
    Outcome.KEPT: "✓",
    Outcome.NOT_OFFERED: "–",
    Outcome.NOT_SHOWN: "·",
    Outcome.EXCUSED: "✗",
    Outcome.BROKEN: "**failed**",
    Outcome.NOT_RUN: "not run",
}


def render(columns: Sequence[Column]) -> str:
    """Return the page."""
    return (
        "\n".join([_HEAD, *_counts(columns), *_tables(columns), *_reasons(columns)]).rstrip() + "\n"
    )


def _counts(columns: Sequence[Column]) -> Iterator[str]:
    names = [promise for _, promises in parts() for promise in promises]
    yield from ("## In numbers", "")
    yield f"The kit has {len(names)} promises."
    yield from ("", _row("column", "last run", *(o.value for o in Outcome)))
    yield _row(*["---"] * (2 + len(Outcome)))
    for column in columns:
        found = [column.of(name).outcome for name in names]
        yield _row(column.name, _day(column), *(str(found.count(o) or "") for o in Outcome))
    yield ""


def _day(column: Column) -> str:
    return f"{column.day or 'never'}" if column.real else "every test run"


def _tables(columns: Sequence[Column]) -> Iterator[str]:
    for title, promises in parts():
        yield from (f"## {title}", "", _row("promise", *(c.name for c in columns)))
        yield _row(*["---"] * (1 + len(columns)))
        for promise in promises:
            signs = (_SIGNS[column.of(promise).outcome] for column in columns)
            yield _row(f"{_stated(promise)} (`{promise}`)", *signs)
        yield ""


def _stated(promise: str) -> str:
    text = inspect.cleandoc(getattr(BackendConformance, promise).__doc__ or promise)
    return " ".join(text.replace("``", "`").split()).rstrip(".").replace("|", "\\|")


def _reasons(columns: Sequence[Column]) -> Iterator[str]:
    yield from ("## Reasons", "")
    for column in columns:
        told: dict[tuple[Outcome, str], list[str]] = defaultdict(list)
        for _, promises in parts():
            for promise in promises:
                result = column.of(promise)
                if result.reason:
                    told[result.outcome, result.reason].append(promise)
        if told:
            yield from (f"**{column.name}**", "")
            yield from (_reason(*key, promises) for key, promises in sorted(told.items()))
            yield ""


def _reason(outcome: Outcome, reason: str, promises: Sequence[str]) -> str:
    if outcome is Outcome.EXCUSED:
        return f"- ✗ {reason}: {', '.join(f'`{promise}`' for promise in promises)}"
    count = "1 promise" if len(promises) == 1 else f"{len(promises)} promises"
    return f"- {_SIGNS[outcome]} {reason}: {count}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(render(read_columns(Path(sys.argv[1]))))
