"""What can be learnt about a step that was begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from slackwater.model.finding import Finding
from slackwater.model.operation import Explanation, Operation, OperationRef, Progress
from slackwater.model.run import RunState


@dataclass(frozen=True)
class Started:
    """The tool has taken the act on."""

    ref: OperationRef


@dataclass(frozen=True)
class Seen:
    """The tool's operation, as it is now. ``overdue`` when it should have ended before."""

    operation: Operation
    overdue: bool = False
    explanation: Explanation | None = None


@dataclass(frozen=True)
class Vanished:
    """The tool no longer knows the operation."""


@dataclass(frozen=True)
class Advanced:
    """A performed act is this far."""

    progress: Progress


@dataclass(frozen=True)
class Done:
    """A performed act has ended by itself, well or not."""

    state: RunState
    message: str = ""
    findings: tuple[Finding, ...] = ()
    result: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Stumbled:
    """It failed in passing: the same is tried again, after ``wait`` seconds if the tool said so."""

    message: str
    wait: float = 0.0


@dataclass(frozen=True)
class Failed:
    """It failed, and trying again would end the same way."""

    message: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Stopped:
    """It was asked to stop, and did."""

    message: str = "stopped, as the run was cancelled"


@dataclass(frozen=True)
class Confirmed:
    """A person says that it is done."""

    who: str


Observation: TypeAlias = (
    Started | Seen | Vanished | Advanced | Done | Stumbled | Failed | Stopped | Confirmed
)
