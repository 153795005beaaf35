"""Counts and records what became of the promises of the conformance kit.

Loaded by pytest through the entry point group ``pytest11`` wherever this distribution is installed.
Promises that were not made, or not put to the test, are counted at the end of every run. Results of
classes that name a ``column`` can be recorded, and compared with what was recorded before.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

pytest.register_assert_rewrite("slackwater.testing.conformance")

NOT_OFFERED = "not offered by "
"""How the reason of a skip begins where the tool does not make the promise."""
NOT_SHOWN = "not shown on this "
"""How it begins where the subject cannot bring about the trouble that the promise is about."""
PROMISE = "promise"
"""The property of a report that tells column and promise, and whether it was the real thing."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where to record, and what to compare with."""
    parser.getgroup("slackwater").addoption(
        "--record-promises",
        metavar="FOLDER",
        help="record what became of the conformance kit's promises: a file for each column",
    )
    about = "folder of recorded promises; a run that sees something else than these fails"
    parser.addini("recorded_promises", about)


def pytest_configure(config: pytest.Config) -> None:
    """Record or compare where all results come together: not in a worker."""
    compared = config.getini("recorded_promises")
    if not hasattr(config, "workerinput") and (config.option.record_promises or compared):
        from slackwater.testing.conformance.recording import Recorder

        config.pluginmanager.register(Recorder(config.option.record_promises, _folder(config)))


def _folder(config: pytest.Config) -> Path | None:
    named = config.getini("recorded_promises")
    return config.rootpath / named if named else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Write on a promise's test which one it is; reports take that along, from workers too."""
    column = getattr(getattr(item, "cls", None), "column", "")
    function = getattr(item, "function", None)
    if column and function is not None:
        real = any(True for _ in item.iter_markers("real"))
        item.user_properties.append((PROMISE, (column, function.__name__, real)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each backend and reason."""
    counts = Counter(
        reason
        for report in terminalreporter.stats.get("skipped", [])
        if (reason := skip_reason(report)).startswith((NOT_OFFERED, NOT_SHOWN))
    )
    for reason, count in sorted(counts.items()):
        promises = "1 promise" if count == 1 else f"{count} promises"
        terminalreporter.write_line(f"{promises} {reason}")


def skip_reason(report: pytest.TestReport) -> str:
    """Return why a test was skipped."""
    longrepr = report.longrepr
    return longrepr[2].removeprefix("Skipped: ") if isinstance(longrepr, tuple) else ""
