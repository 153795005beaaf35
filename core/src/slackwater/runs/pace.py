"""When to try again and when to look again, in seconds of a clock that never jumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slackwater.model.run import StepRecord
from slackwater.runs.observation import Observation, Stumbled
from slackwater.runs.reporting import Reporter
from slackwater.runs.timing import Timing


@dataclass
class StepPace:
    """What a process remembers of a step that it drives; lost without harm when it dies.

    ``busy`` while an effect is under way, ``due`` when the next may be tried, ``since`` when
    failures in passing began, ``missing_since`` when the operation was first not seen.
    """

    busy: bool = False
    due: float = 0.0
    stumbles: int = 0
    since: float = 0.0
    missing_since: float | None = None
    asked_to_stop: bool = False
    report: Reporter | None = None

    def note(self, seen: Observation, now: float, timing: Timing) -> None:
        """Wait after a failure in passing, longer each time; forget them after anything else."""
        if not isinstance(seen, Stumbled):
            self.stumbles = 0
            return
        self.since = self.since if self.stumbles else now
        self.stumbles += 1
        wait = timing.again_first * 2 ** min(self.stumbles - 1, 20)
        self.due = now + max(seen.wait, min(wait, timing.again_longest))

    def out_of_patience(self, now: float, timing: Timing) -> bool:
        """Whether it has failed in passing for too long."""
        return self.stumbles > 0 and now > self.since + timing.patience

    def missing_too_long(self, now: float, timing: Timing) -> bool:
        """Whether an operation has been invisible for too long since it was first missed."""
        self.missing_since = now if self.missing_since is None else self.missing_since
        return now > self.missing_since + timing.appear


@dataclass
class LookPace:
    """When a backend's operations are looked at: often while they move, less when they do not."""

    interval: float = 0.0
    due: float = 0.0
    busy: bool = False
    seen: Sequence[StepRecord] = ()

    def begin(self, records: Sequence[StepRecord], timing: Timing) -> None:
        """Note that a look has begun, and whether anything has moved since the one before."""
        longer = min(max(self.interval, timing.poll_first) * 1.5, timing.poll_longest)
        self.interval = longer if records == self.seen else timing.poll_first
        self.seen = records
        self.busy = True

    def end(self, now: float) -> None:
        """Set when to look next."""
        self.due = now + self.interval
        self.busy = False
