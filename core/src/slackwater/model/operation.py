"""Operations: long acts inside a tool, and how far they are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from slackwater.model.finding import Finding
from slackwater.model.frozen import Frozen


class Phase(StrEnum):
    """The one vocabulary into which every tool's states are translated.

    A state that a plugin does not know becomes ``unknown``: it is waited for, reported, and never
    taken for success.
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partially succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen."""
        return self in _TERMINAL

    @property
    def usable(self) -> bool:
        """Whether something restorable, or restored, came out of it."""
        return self in (Phase.SUCCEEDED, Phase.PARTIAL)


_TERMINAL = frozenset((Phase.SUCCEEDED, Phase.PARTIAL, Phase.FAILED, Phase.CANCELLED))


class OperationRef(Frozen):
    """Names an operation so that any other process can ask for it.

    ``handle`` belongs to the plugin; it is readable (``restore/sw-dr-eu-r7k2m-3``) because it is
    shown to people, and never holds a secret.
    """

    tool: str
    cluster: str
    handle: str

    def __str__(self) -> str:
        return f"{self.tool}/{self.handle}"


class Progress(Frozen):
    """How far an act is: ``done`` of ``total`` in ``unit`` (total None: not known yet)."""

    done: int
    total: int | None = None
    unit: str = "objects"

    def __str__(self) -> str:
        total = "?" if self.total is None else str(self.total)
        return f"{self.done}/{total} {self.unit}"


class Operation(Frozen):
    """An operation as it was seen at one time.

    ``tool_phase`` is the tool's own word. ``retryable`` says whether a failure is worth another
    generation. ``point`` is the name of the recovery point that a backup made (its identity is
    read back by ``get_recovery_point``), empty for anything else.
    """

    ref: OperationRef
    phase: Phase
    tool_phase: str = ""
    progress: Progress | None = None
    message: str = ""
    findings: tuple[Finding, ...] = ()
    retryable: bool = False
    point: str = ""
    began: datetime | None = None
    ended: datetime | None = None


class Explanation(Frozen):
    """Why an operation is as it is: the tool's own errors, the tail of its log, where to look."""

    errors: tuple[str, ...] = ()
    log_tail: tuple[str, ...] = ()
    native_command: str = ""
