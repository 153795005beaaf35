"""Takes results of promises from the reports of a test run; records them, or compares them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from slackwater.testing.conformance.records import (
    Column,
    Outcome,
    Result,
    differences,
    read_columns,
    write_columns,
)
from slackwater.testing.conformance.suite import promises
from slackwater.testing.pytest_plugin import NOT_OFFERED, NOT_SHOWN, PROMISE, skip_reason


class Recorder:
    """A pytest plugin for one run. ``record`` is a folder to write to, ``compare`` one to read.

    A run that records does not compare. One that sees something else than what is recorded fails:
    a promise that was silently no longer offered would look like any other skip.
    """

    def __init__(self, record: str | None, compare: Path | None) -> None:
        self._record = Path(record) if record else None
        self._compare = compare
        self._columns: dict[str, Column] = {}
        self._differences: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result of a promise in."""
        result = result_of(report)
        for name, value in report.user_properties:
            if name == PROMISE and result is not None:
                self._take(*cast(tuple[str, str, bool], value), result)

    def _take(self, column: str, promise: str, real: bool, result: Result) -> None:
        if promise in promises():
            today = datetime.now(UTC).date()
            known = self._columns.setdefault(column, Column(column, real, today))
            known.add(promise, result)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the columns; or fail where they differ from what is recorded."""
        if self._record is not None:
            write_columns(self._record, self._columns.values())
        elif self._compare is not None:
            self._differences = differences(read_columns(self._compare), self._columns.values())
            if self._differences and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what differs, and the way out."""
        for line in self._told():
            terminalreporter.write_line(line, red=True)

    def _told(self) -> Iterator[str]:
        if self._differences:
            yield "promises are recorded otherwise than this run has seen them:"
            yield from (f"  {line}" for line in self._differences)
            yield f"→ if that is meant: pytest --record-promises {self._compare}, then make docs"


def result_of(report: pytest.TestReport) -> Result | None:
    """Return what a report says of its promise; None where it says nothing.

    A test that was skipped for any other reason (an engine that is not there) says nothing.
    """
    excuse = getattr(report, "wasxfail", None)
    reason = skip_reason(report)
    if report.failed:
        return Result(Outcome.BROKEN)
    if report.skipped and excuse is not None:
        return Result(Outcome.EXCUSED, excuse.removeprefix("reason: "))
    if report.skipped and reason.startswith(NOT_OFFERED):
        return Result(Outcome.NOT_OFFERED, reason.removeprefix(NOT_OFFERED).partition(": ")[2])
    if report.skipped and reason.startswith(NOT_SHOWN):
        return Result(Outcome.NOT_SHOWN, reason.removeprefix(NOT_SHOWN).partition(": ")[2])
    return Result(Outcome.KEPT) if report.when == "call" and report.passed else None
