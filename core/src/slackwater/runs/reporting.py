"""How a performed act says how far it is, and hears that it should stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum, auto

from slackwater.backend import Report
from slackwater.model.operation import Progress


class StopReason(Enum):
    """Why an act was asked to stop."""

    CANCELLED = auto()
    LEFT = auto()
    OVERDUE = auto()


class Reporter(Report):
    """The report of one act. ``late`` tells whether it should have ended before."""

    def __init__(
        self, tell: Callable[[Progress], None], late: Callable[[], bool], every: float
    ) -> None:
        self._tell = tell
        self._late = late
        self._every = every
        self._last = float("-inf")
        self._asked = threading.Event()
        self._reason: StopReason | None = None

    def progress(self, progress: Progress) -> None:
        """Pass progress on, but not more often than anybody would read it."""
        now = time.monotonic()
        if now >= self._last + self._every:
            self._last = now
            self._tell(progress)

    @property
    def stopping(self) -> bool:
        """Whether the act should leave."""
        return self.reason is not None

    @property
    def reason(self) -> StopReason | None:
        """Why the act should leave, if it should."""
        if self._reason is None and self._late():
            return StopReason.OVERDUE
        return self._reason

    def stop(self, reason: StopReason) -> None:
        """Ask the act to leave. The first reason stands."""
        self._reason = self._reason or reason
        self._asked.set()

    def wait(self, seconds: float) -> None:
        """Sleep, or less long when asked to stop."""
        self._asked.wait(seconds)
