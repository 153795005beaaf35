"""What the store's manifests say: of a recovery point, and of one in the making."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from slackwater.model.recovery_point import Stamp
from slackwater.stores import Artefact
from slackwater_csi.hooks import When

PART = "manifests.jsonl"
"""The artefact with the objects, a line of JSON for each."""
IN_THE_MAKING = (".draft", *(f".hooks-{when}" for when in When))
"""How names end of what is in a store for a recovery point that does not count yet."""


class Fact(BaseModel):
    """A value read back from a store: what a newer version added is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def as_manifest(self) -> dict[str, Any]:
        """Return plain JSON for a manifest."""
        return self.model_dump(mode="json")


class VolumeFacts(Fact):
    """One volume: its snapshot in the storage system, and what a claim made of it needs.

    ``handle`` names the snapshot in the storage system of ``driver``; ``snapshot`` and ``content``
    are the Kubernetes objects that stood for it. ``size`` and ``requested`` are in bytes. Where
    ``held`` is False, ``reason`` says why, and there is no snapshot. ``volume_mode`` is
    ``Filesystem`` or ``Block``.
    """

    namespace: str
    claim: str
    held: bool = True
    reason: str = ""
    driver: str = ""
    handle: str = ""
    snapshot: str = ""
    snapshot_uid: str = ""
    content: str = ""
    snapshot_class: str = ""
    storage_class: str = ""
    volume_mode: str = "Filesystem"
    size: int | None = None
    requested: int = 0
    taken: datetime | None = None


class GroupFacts(Fact):
    """The group that the snapshots were taken as."""

    name: str
    content: str
    version: str


class HookFacts(Fact):
    """A hook that ran: in which container, on which side of the snapshots, and why it failed.

    ``required``: the point is partial where it failed. ``began`` and ``ended`` are by our clock.
    ``said``, the end of what the command wrote, is told by whoever ran it, and never stored: it may
    hold a secret.
    """

    pod: str
    container: str
    when: When
    required: bool = True
    failed: str = ""
    began: datetime | None = None
    ended: datetime | None = None
    said: str = Field(default="", exclude=True)


class HeldPod(Fact):
    """A pod as it was when it was told to hold still: that it was the same afterwards shows that it
    held. ``since`` is what stood on it, ``instances`` are its containers' ids.

    ``was`` names the backup that it had still been held for, and that was over. ``required``: the
    point is partial where the pod did not hold.
    """

    pod: str
    uid: str
    since: str = ""
    instances: tuple[str, ...] = ()
    was: str = ""
    required: bool = True


class LostPod(Fact):
    """A pod that names hooks, and of which nobody can say that it held still until the last
    snapshot was taken; ``why`` not.
    """

    pod: str
    why: str
    required: bool = True


class HooksFacts(Fact):
    """The hooks that ran on one side, on record until the point has them.

    Before the snapshots with the ``pods`` that were held then, and as ``lost`` those that could not
    be; after them with those of which nobody can say that they were.
    """

    kind: Literal["hooks"] = "hooks"
    when: When
    ran: tuple[HookFacts, ...] = ()
    pods: tuple[HeldPod, ...] = ()
    lost: tuple[LostPod, ...] = ()


class PointFacts(Fact):
    """A recovery point.

    ``claim`` is set where it is of one volume only. ``objects`` counts what is kept of the
    namespace beside its claims; ``labels`` are those of the namespace. ``began`` is before the
    first object was read where objects are kept, else the earliest snapshot; ``ended`` the latest
    snapshot. ``hooks`` ran around the snapshots, and ``lost`` are pods that did not hold still for
    all of them. ``deleting`` is set while its snapshots are being removed.
    """

    kind: Literal["point"] = "point"
    namespace: str
    claim: str = ""
    volumes: tuple[VolumeFacts, ...] = ()
    group: GroupFacts | None = None
    objects: int = 0
    claims: int = 0
    with_objects: bool = False
    labels: Mapping[str, str] = Field(default_factory=dict)
    began: datetime
    ended: datetime
    stamp: Stamp | None = None
    hooks: tuple[HookFacts, ...] = ()
    lost: tuple[LostPod, ...] = ()
    deleting: bool = False

    @property
    def held(self) -> tuple[VolumeFacts, ...]:
        """The volumes that are in it."""
        return tuple(volume for volume in self.volumes if volume.held)

    @property
    def spread(self) -> float:
        """Seconds from the earliest snapshot to the latest."""
        times = [volume.taken for volume in self.held if volume.taken]
        return (max(times) - min(times)).total_seconds() if times else 0.0


class DraftFacts(Fact):
    """Manifests that were kept before the snapshots were begun; nothing counts yet.

    ``volumes`` are the claims as they were, those that are passed over with the reason.
    """

    kind: Literal["draft"] = "draft"
    artefact: Artefact
    volumes: tuple[VolumeFacts, ...] = ()
    objects: int = 0
    claims: int = 0
    labels: Mapping[str, str] = Field(default_factory=dict)
    began: datetime
    ended: datetime


def draft_name(point: str) -> str:
    """Return the name under which the manifests of a point in the making are published."""
    return f"{point}.draft"


def hooks_name(point: str, when: When) -> str:
    """Return the name under which the hooks of a point in the making are on record."""
    return f"{point}.hooks-{when}"


def is_in_the_making(name: str) -> bool:
    """Whether a name in a store is that of a draft or of hooks, and so of no recovery point."""
    return name.endswith(IN_THE_MAKING)
