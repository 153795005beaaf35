"""Recovery points: restorable states of workloads, and whether they are good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from slackwater.model.finding import Finding
from slackwater.model.frozen import Frozen
from slackwater.model.operation import Phase
from slackwater.model.workload import Scope, Workload, WorkloadKind


class Requirement(StrEnum):
    """What a policy can ask of a recovery point."""

    OBJECTS = "objects"
    VOLUMES = "volumes"
    OFF_CLUSTER = "off-cluster"


class PointId(Frozen):
    """Identity: the tool, where the data lies, and its name there.

    Not the cluster that shows it: a recovery point that five clusters show is one point.
    """

    tool: str
    store: str
    name: str

    def __str__(self) -> str:
        return f"{self.tool}:{self.store}/{self.name}"


class Place(Frozen):
    """A cluster that shows the point, and under which name it knows the store."""

    cluster: str
    store_name: str = ""
    writable: bool = False


class HeldVolume(Frozen):
    """What a recovery point holds of one volume.

    ``held`` is False where the tool passed over it (``reason`` says why). ``off_cluster`` tells
    whether the data lies outside the storage system it came from. ``size`` is in bytes.
    """

    namespace: str
    claim: str
    held: bool
    volume: str = ""
    method: str = ""
    reason: str = ""
    off_cluster: bool = False
    size: int | None = None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.claim or self.volume}"


class Whereabouts(StrEnum):
    """What the place where data lies said of it when it was asked itself."""

    NEVER_ASKED = "never asked"
    THERE = "there"
    GONE = "gone"
    UNTOLD = "not told"
    """It was asked, and its answer says nothing."""


class DataSight(Frozen):
    """What is known of a point's data beyond what its tool says, where a tool asks only once.

    ``lost`` are the claims, with their namespaces, whose data is gone; ``message`` says it in
    words. ``at`` is when the place was asked.
    """

    whereabouts: Whereabouts = Whereabouts.NEVER_ASKED
    at: datetime | None = None
    lost: tuple[tuple[str, str], ...] = ()
    message: str = ""

    def after(self, earlier: DataSight | None) -> DataSight:
        """Return what is known when this is said after something else: an answer that says nothing
        takes nothing back.
        """
        silent = self.whereabouts is Whereabouts.UNTOLD
        return earlier if silent and earlier is not None else self


class Contents(Frozen):
    """What was found inside a recovery point. ``objects`` is a count per namespace.

    The empty namespace counts cluster-scoped objects; in the point of a control plane, all objects,
    for they come back together only. ``summary`` says in words what the counts
    cannot: ``revision 48120, 1.2 GiB``.
    """

    objects: Mapping[str, int] = Field(default_factory=dict)
    volumes: tuple[HeldVolume, ...] = ()
    summary: str = ""

    def objects_in(self, namespace: str) -> int:
        """Return how many objects of the namespace are held."""
        return self.objects.get(namespace, 0)

    def volumes_in(self, namespace: str) -> tuple[HeldVolume, ...]:
        """Return the volumes of the namespace, held or passed over."""
        return tuple(volume for volume in self.volumes if volume.namespace == namespace)


class Stamp(Frozen):
    """What we write on the recovery points that we have made. All of it survives outside us."""

    cluster: str
    cluster_uid: str
    run: str = ""
    policy: str = ""
    mark: str = ""
    mark_parts: int = 0
    spread: float | None = None


class RecoveryPoint(Frozen):
    """A restorable state of some workloads, taken between ``begin`` and ``end``.

    ``origin`` is the cluster it was taken from, by its name in the fleet; empty where that is not
    known, for it is never guessed. ``contents`` is None as long as nobody has looked inside.
    ``made_by`` tells in words who made it. ``data`` is set where the tool's word for the data is
    old: a look by the role ``Verification`` is the only way to know whether it is still there.
    """

    id: PointId
    phase: Phase
    scope: Scope
    begin: datetime | None = None
    end: datetime | None = None
    origin: str = ""
    contents: Contents | None = None
    places: tuple[Place, ...] = ()
    expires: datetime | None = None
    immutable_until: datetime | None = None
    stamp: Stamp | None = None
    made_by: str = ""
    tool_phase: str = ""
    findings: tuple[Finding, ...] = ()
    data: DataSight | None = None

    @property
    def name(self) -> str:
        """The name that the tool shows."""
        return self.id.name

    @property
    def usable(self) -> bool:
        """Whether something of it can be restored at all."""
        return self.phase.usable and self.begin is not None and self.end is not None

    def covers(self, workload: Workload) -> bool:
        """Whether it claims the whole of a workload of its origin."""
        return self.origin == workload.cluster and self.scope.covers(workload)


def shortfalls(
    point: RecoveryPoint, workload: Workload, require: tuple[Requirement, ...]
) -> tuple[str, ...]:
    """Say why the point is not *good* for the workload; empty means that it is good.

    Unknown contents are a shortfall: what nobody has seen counts as not there.
    """
    if not point.usable:
        return (f"its backup is {point.phase}",)
    if not point.covers(workload):
        return (point.scope.limits or "it does not cover the whole workload",)
    if point.contents is None:
        return ("its contents are not known",)
    lacking = [*_lacking(point.contents, workload, require)]
    if point.phase is Phase.PARTIAL and not lacking:
        lacking = [finding.message for finding in point.findings] or ["it succeeded only partly"]
    return tuple(lacking)


def _lacking(contents: Contents, workload: Workload, require: tuple[Requirement, ...]) -> list[str]:
    volumes = contents.volumes_in(workload.namespace) if workload.namespace else contents.volumes
    if workload.name:
        volumes = tuple(volume for volume in volumes if volume.claim == workload.name)
    lacking = []
    if Requirement.OBJECTS in require and not _has_objects(contents, workload):
        lacking.append("it holds no objects")
    if Requirement.VOLUMES in require:
        lacking += [f"volume {v} is not held: {v.reason}" for v in volumes if not v.held]
    if Requirement.OFF_CLUSTER in require:
        lacking += [
            f"volume {v} lies only in its own storage system"
            for v in volumes
            if v.held and not v.off_cluster
        ]
    return lacking


def _has_objects(contents: Contents, workload: Workload) -> bool:
    if workload.namespace or workload.kind is WorkloadKind.CLUSTER_OBJECTS:
        return contents.objects_in(workload.namespace) > 0
    return any(count > 0 for count in contents.objects.values())
