"""Work in several threads, of which none is worth going on when one has failed."""

from __future__ import annotations

import threading
from types import TracebackType

from slackwater.backend import Report
from slackwater.model.operation import Progress


class Halt:
    """A report that also asks to stop once a part of the work has failed: no other need go on."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._broken = threading.Event()

    def progress(self, progress: Progress) -> None:
        """Pass it on."""
        self._report.progress(progress)

    @property
    def stopping(self) -> bool:
        """Whether to stop."""
        return self._broken.is_set() or self._report.stopping

    def __enter__(self) -> None:
        """Begin the part on which the others depend."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._broken.set()
