"""Counts the promises of the conformance kit that were not kept because they were not made.

Loaded by pytest through the entry point group ``pytest11`` wherever this distribution is installed.
"""

from __future__ import annotations

from collections import Counter

import pytest

pytest.register_assert_rewrite("slackwater.testing.conformance")

NOT_OFFERED = "not offered by "
"""How the reason of a skip begins where the tool does not make the promise."""
NOT_SHOWN = "not shown on this "
"""How it begins where the subject cannot bring about the trouble that the promise is about."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each backend and reason."""
    counts = Counter(
        reason
        for report in terminalreporter.stats.get("skipped", [])
        if (reason := _reason(report)).startswith((NOT_OFFERED, NOT_SHOWN))
    )
    for reason, count in sorted(counts.items()):
        promises = "1 promise" if count == 1 else f"{count} promises"
        terminalreporter.write_line(f"{promises} {reason}")


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    return longrepr[2].removeprefix("Skipped: ") if isinstance(longrepr, tuple) else ""
