"""The acts of this backend, as they stand in ``Act.payload``: ``do``, and the work of them all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from pydantic import Field

from slackwater.errors import Unsupported
from slackwater.model.act import Act
from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import Existing
from slackwater_csi.errors import TOOL
from slackwater_csi.facts import VolumeFacts

WorkT = TypeVar("WorkT", bound=Frozen)


class Do(StrEnum):
    """What is to be done."""

    MANIFESTS = "manifests"
    QUIET = "quiet"
    SNAPSHOTS = "snapshots"
    WAKE = "wake"
    READY = "ready"
    KEEP = "keep"
    TIDY = "tidy"
    SHOW = "show"
    STOP = "stop"
    RELEASE = "release"
    CLAIMS = "claims"
    OBJECTS = "objects"
    PUT_BACK = "put-back"
    SCALE_UP = "scale-up"
    HIDE = "hide"
    DELETE = "delete"


class BackupWork(Frozen):
    """One backup: the same in each of its acts.

    ``claims`` are those to be snapshotted, with the class for each; ``passed`` those that cannot
    be, with the reason. ``claim`` is set where only one volume is asked for. ``group`` is the
    class of the group, and ``group_version`` its API's version, where they are taken together.
    ``within`` is in seconds, and so is ``held_within``: where it is set pods name hooks, and how
    long they may be held for the snapshots.
    """

    namespace: str
    claim: str = ""
    stem: str
    request: str
    claims: Mapping[str, str] = Field(default_factory=dict)
    passed: Mapping[str, str] = Field(default_factory=dict)
    group: str = ""
    group_version: str = ""
    objects: bool = False
    stamp: Stamp
    within: float
    held_within: float = 0.0


class Replaced(Frozen):
    """A claim that stands and is to be replaced: which one, on which volume, and as what it was."""

    claim: str
    uid: str
    volume: str
    manifest: Mapping[str, object]


class RestoreWork(Frozen):
    """One restore: the same in each of its acts.

    ``volumes`` are brought back; ``classes`` are their storage classes here, by claim, and
    ``names`` what claims are called here that were called something else. ``known``
    are the manifests of claims that no store keeps. ``replaced`` are claims in whose place they
    come; ``stopped`` the workloads that use them: ``deployments/web``. ``within`` is in seconds.
    """

    point: str
    stem: str
    request: str
    source: str
    namespace: str
    volumes: tuple[VolumeFacts, ...] = ()
    classes: Mapping[str, str] = Field(default_factory=dict)
    names: Mapping[str, str] = Field(default_factory=dict)
    known: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    labels: Mapping[str, str] = Field(default_factory=dict)
    objects: bool = False
    existing: Existing = Existing.KEEP
    replaced: tuple[Replaced, ...] = ()
    stopped: tuple[str, ...] = ()
    within: float

    def name_of(self, claim: str) -> str:
        """Return what a claim of the recovery point is called here."""
        return self.names.get(claim, claim)


class DeletionWork(Frozen):
    """One deletion: snapshots in the storage system, and what names them. ``point`` is empty where
    the store names none.
    """

    point: str = ""
    volumes: tuple[VolumeFacts, ...] = ()
    group: str = ""
    group_content: str = ""
    group_version: str = ""


def done_by(act: Act) -> Do:
    """Return what an act does. Raises ``Unsupported`` for an act that is none of ours."""
    try:
        return Do(str(act.payload.get("do")))
    except ValueError as error:
        raise Unsupported(f"{act.title}: this is no act of {TOOL}", backend=TOOL) from error


def work_of(act: Act, kind: type[WorkT]) -> WorkT:
    """Return the work that an act is a part of."""
    return kind.model_validate(act.payload["work"])


def payload(do: Do, work: Frozen) -> dict[str, object]:
    """Return the payload of an act."""
    return {"do": do.value, "work": work.model_dump(mode="json")}
