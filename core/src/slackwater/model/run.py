"""Runs: one execution of a policy or of a plan by us, and their steps, as the ledger keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from slackwater.model.finding import Finding
from slackwater.model.frozen import Frozen
from slackwater.model.operation import OperationRef, Progress
from slackwater.model.restore_plan import Pin
from slackwater.model.step import Step


class RunKind(StrEnum):
    """What a run does."""

    BACKUP = "backup"
    RESTORE = "restore"
    DELETION = "deletion"


class RunState(StrEnum):
    """States of runs and of steps. ``skipped`` and ``waiting`` on a step; the rest on both."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting for a person"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in _ENDED


_ENDED = frozenset(
    (
        RunState.SUCCEEDED,
        RunState.PARTIAL,
        RunState.FAILED,
        RunState.CANCELLED,
        RunState.SKIPPED,
    )
)


class RunRequest(Frozen):
    """What is asked of ``runs/``: a graph of steps, fixed before anything starts.

    ``id`` is deterministic where the same request must not run twice (a plan's digest), and
    chosen once where it was asked for by hand. ``pins`` are compared before every step.
    ``labels`` are shown and searched (policy, mark, moment, plan digest).
    """

    id: str
    kind: RunKind
    title: str
    steps: tuple[Step, ...]
    pins: tuple[Pin, ...] = ()
    labels: Mapping[str, str] = Field(default_factory=dict)


class StepRecord(Frozen):
    """A step and what has become of it.

    ``attempt`` counts how often it was begun; ``generation`` how often it failed and was tried
    anew under a new key. ``result`` is what it left for later steps and for the answer.
    """

    step: Step
    state: RunState = RunState.PENDING
    attempt: int = 0
    generation: int = 1
    ref: OperationRef | None = None
    progress: Progress | None = None
    tool_phase: str = ""
    message: str = ""
    findings: tuple[Finding, ...] = ()
    result: Mapping[str, object] = Field(default_factory=dict)
    began: datetime | None = None
    ended: datetime | None = None


class Run(Frozen):
    """A run as the ledger knows it at one time."""

    id: str
    kind: RunKind
    title: str
    state: RunState
    asked: datetime
    began: datetime | None = None
    ended: datetime | None = None
    cancelling: bool = False
    message: str = ""
    labels: Mapping[str, str] = Field(default_factory=dict)
    pins: tuple[Pin, ...] = ()
    steps: tuple[StepRecord, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything its steps had to say."""
        return tuple(finding for record in self.steps for finding in record.findings)


class Event(Frozen):
    """Something that happened in a run, in order of ``number``; what followers read."""

    number: int
    run: str
    at: datetime
    kind: str
    step: str = ""
    data: Mapping[str, object] = Field(default_factory=dict)
