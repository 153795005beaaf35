"""What lies in the in-memory world: namespaces, stores, recovery points, operations, mishaps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import Existing, RestoreMapping
from slackwater.model.workload import Scope


class Volume(Frozen):
    """A volume of a namespace. ``skipped`` says why the tool passes over it; empty: it does not."""

    claim: str
    data: str = ""
    storage_class: str = "standard"
    skipped: str = ""


class Namespace(Frozen):
    """Objects by ``kind/name`` and volumes. A field ``image`` of an object names its image."""

    objects: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()


class ShownStore(Frozen):
    """A store as one cluster knows it.

    ``shown_for`` names the runs that had it shown here; empty where it belongs to the cluster.
    """

    identity: str
    writable: bool = True
    available: bool = True
    shown_for: tuple[str, ...] = ()


class Word(StrEnum):
    """The tool's own words for how an operation is; a subject may write any other."""

    WAITING = "Waiting"
    WORKING = "Working"
    DONE = "Done"
    BROKEN = "Broken"
    STOPPED = "Stopped"


class Outcome(Frozen):
    """How an operation is to end, other than well."""

    word: str = Word.DONE
    message: str = ""
    retryable: bool = True
    warnings: tuple[str, ...] = ()


class Held(Frozen):
    """A recovery point in a store, with all that it holds. ``held`` leaves out skipped volumes."""

    tool: str
    store: str
    name: str
    scope: Scope
    begin: datetime
    end: datetime
    word: str = Word.DONE
    made_by: str = ""
    stamp: Stamp | None = None
    expires: datetime | None = None
    warnings: tuple[str, ...] = ()
    namespaces: Mapping[str, Namespace] = Field(default_factory=dict)


class OperationKind(StrEnum):
    """What the tool operates itself."""

    BACKUP = "backup"
    RESTORE = "restore"
    DELETION = "deletion"


class Wanted(Frozen):
    """The content of an operation: what was asked of the tool, equal for equal wishes."""

    kind: OperationKind
    store: str
    point: str = ""
    scope: Scope = Scope()
    stamp: Stamp | None = None
    keep_for: float | None = None
    mapping: RestoreMapping = RestoreMapping()
    existing: Existing = Existing.KEEP


class OperationRecord(Frozen):
    """An operation in the tool. ``begins`` lies in the future while it waits for its turn.

    ``key`` is a label that the asker gave it; no two operations of a cluster have the same.
    """

    name: str
    key: str
    tool: str
    cluster: str
    wanted: Wanted
    asked: datetime
    begins: datetime
    word: str = Word.WAITING
    outcome: Outcome = Outcome()
    captured: Mapping[str, Namespace] = Field(default_factory=dict)
    ended: datetime | None = None
    message: str = ""

    @property
    def open(self) -> bool:
        """Whether the tool still works on it, or will."""
        return self.word in (Word.WAITING, Word.WORKING)


class Refusal(StrEnum):
    """Why a request was not answered as hoped."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    DENIED = "denied"
    TIMED_OUT = "timed out"
    MISSING = "missing"
    EXISTS = "exists"


CHANGES = ("begin", "create", "remove", "stamp", "show", "hide", "stop", "replace")
"""How the requests begin that change something."""


class Mishap(Frozen):
    """A request of a cluster that will go wrong.

    ``requests`` are how the requests meant begin, empty for all; ``times`` how often it happens
    (None: until healed); ``spared`` how many go well before. ``answer_lost`` lets the request have
    its effect first. ``tool`` is the only one meant, empty for all.
    """

    refusal: Refusal
    requests: tuple[str, ...] = ()
    times: int | None = 1
    spared: int = 0
    answer_lost: bool = False
    retry_after: float = 0.0
    tool: str = ""


class NativeScheduleRecord(Frozen):
    """A schedule that the tool runs itself."""

    name: str
    cron: str
    paused: bool = False
    namespaces: tuple[str, ...] = ()
