"""What became of each promise, backend by backend: kept from runs of the kit, shown as a table.

A conformance test class names its ``column``; with ``pytest --record-promises FOLDER`` every such
column that ran is written to a file of its own. A column that did not run keeps what its last run
has left, and a promise that was never put to the test in it *did not run*: it never counts as kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any


class Outcome(StrEnum):
    """What became of one promise."""

    KEPT = "passed"
    NOT_OFFERED = "not offered"
    """The tool does not make the promise, as it declares."""
    NOT_SHOWN = "not shown"
    """The subject cannot bring about the trouble that the promise is about."""
    EXCUSED = "expected failure"
    BROKEN = "failed"
    NOT_RUN = "not run"


_WORST_FIRST = (
    Outcome.BROKEN,
    Outcome.EXCUSED,
    Outcome.KEPT,
    Outcome.NOT_SHOWN,
    Outcome.NOT_OFFERED,
    Outcome.NOT_RUN,
)


@dataclass(frozen=True)
class Result:
    """An outcome, and its reason where it is not plain."""

    outcome: Outcome
    reason: str = ""


NOT_RUN = Result(Outcome.NOT_RUN)


@dataclass
class Column:
    """What one backend made of the promises, on something emulated or on the real thing.

    ``day`` is that of the run on the real thing; what is emulated gives the same on every day.
    """

    name: str
    real: bool = False
    day: date | None = None
    results: dict[str, Result] = field(default_factory=dict)

    def add(self, promise: str, result: Result) -> None:
        """Take a result in. Of two for one promise a failure counts first, then what was shown."""
        known = self.results.get(promise, NOT_RUN)
        self.results[promise] = min(known, result, key=lambda r: _WORST_FIRST.index(r.outcome))

    def of(self, promise: str) -> Result:
        """Return the result for a promise."""
        return self.results.get(promise, NOT_RUN)

    @property
    def file_name(self) -> str:
        """The name of its file: ``memory-wrapped.json``."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") + ".json"

    def dump(self) -> str:
        """Return it as JSON, a promise a line."""
        told: dict[str, Any] = {"column": self.name, "real": self.real}
        if self.real and self.day:
            told["day"] = self.day.isoformat()
        told["promises"] = {
            promise: [result.outcome.value, *filter(None, (result.reason,))]
            for promise, result in sorted(self.results.items())
        }
        text = json.dumps(told, indent=1, ensure_ascii=False)
        return re.sub(r"\[\s+(\"[^\]]*?\")\s+\]", _on_one_line, text) + "\n"


def _on_one_line(found: re.Match[str]) -> str:
    return "[" + re.sub(r"\n\s+", " ", found[1]) + "]"


def parse_column(text: str) -> Column:
    """Read what ``Column.dump`` wrote."""
    told = json.loads(text)
    return Column(
        told["column"],
        real=told["real"],
        day=date.fromisoformat(told["day"]) if "day" in told else None,
        results={
            promise: Result(Outcome(outcome), *reason)
            for promise, (outcome, *reason) in told["promises"].items()
        },
    )


def read_columns(folder: Path) -> list[Column]:
    """Return the columns that lie in a folder, what is emulated first."""
    found = [parse_column(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda column: (column.real, column.name))


def write_columns(folder: Path, columns: Iterable[Column]) -> None:
    """Write each column to its file; what was recorded of promises that did not run stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for column in columns:
        path = folder / column.file_name
        kept = parse_column(path.read_text()).results if path.exists() else {}
        whole = Column(column.name, column.real, column.day, {**kept, **column.results})
        path.write_text(whole.dump())


def differences(recorded: Sequence[Column], ran: Iterable[Column]) -> list[str]:
    """Say where a run says otherwise than what is recorded.

    Failures speak for themselves. What is real may not have run before: that is no difference.
    """
    known: Mapping[str, Column] = {column.name: column for column in recorded}
    found = []
    for column in ran:
        for promise, result in sorted(column.results.items()):
            was = known.get(column.name, Column(column.name)).of(promise)
            first = column.real and was == NOT_RUN
            if result.outcome is not Outcome.BROKEN and was != result and not first:
                found.append(f"{column.name}: {promise} {_said(result)}, recorded: {_said(was)}")
    return found


def _said(result: Result) -> str:
    return f"{result.outcome} ({result.reason})" if result.reason else result.outcome
