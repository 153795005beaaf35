"""What an act of core itself is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from slackwater.ledger import Ledger
from slackwater.model.run import Run, StepRecord
from slackwater.model.step import Step
from slackwater.runs.reporting import Reporter
from slackwater.runs.timing import Timing
from slackwater.runs.world import World


@dataclass(frozen=True)
class Call:
    """One own act, about to be done. ``run`` is as it was when the act was begun."""

    run: Run
    step: Step
    world: World
    ledger: Ledger
    report: Reporter
    timing: Timing
    clock: Callable[[], datetime]

    def record(self, step_id: str) -> StepRecord:
        """Return the record of another step of the run."""
        return next(record for record in self.run.steps if record.step.id == step_id)
