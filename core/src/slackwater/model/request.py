"""What core asks of a backend."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import RecoveryPoint, Requirement, Stamp
from slackwater.model.workload import Workload


class PointQuery(Frozen):
    """Which recovery points to list: all, or those that touch a namespace or a span of time.

    ``since`` and ``until`` are compared with a point's ``begin``, both included.
    """

    namespace: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def wants(self, point: RecoveryPoint) -> bool:
        """Whether the point is asked for. Points without a begin match only without a span."""
        if self.namespace and not _touches_namespace(point, self.namespace):
            return False
        if self.since is None and self.until is None:
            return True
        if point.begin is None:
            return False
        after = self.since is None or point.begin >= self.since
        return after and (self.until is None or point.begin <= self.until)


def _touches_namespace(point: RecoveryPoint, namespace: str) -> bool:
    return point.scope.touches(Workload(cluster=point.origin, namespace=namespace))


class Store(Frozen):
    """A place where recovery points lie, as one cluster knows it.

    ``identity`` is the same for everybody who means the same place (endpoint, bucket, prefix);
    ``name`` is what this cluster calls it. ``details`` belongs to the plugin, holds no secret, and
    is enough to make the store known to another cluster. ``for_many`` says that many clusters may
    write there: each recovery point tells its origin, and none removes what is another's.
    """

    tool: str
    identity: str
    cluster: str
    name: str
    writable: bool
    available: bool
    message: str = ""
    for_many: bool = False
    details: Mapping[str, object] = Field(default_factory=dict)


class RestoreMapping(Frozen):
    """Changes on the way to the target, old name to new name.

    ``claims`` are those of the workload that is asked for: the volume comes back under another
    claim's name, and what refers to the claim comes along.
    """

    namespaces: Mapping[str, str] = Field(default_factory=dict)
    storage_classes: Mapping[str, str] = Field(default_factory=dict)
    images: Mapping[str, str] = Field(default_factory=dict)
    claims: Mapping[str, str] = Field(default_factory=dict)


class Existing(StrEnum):
    """What happens to objects that stand in the target already."""

    KEEP = "keep"
    UPDATE = "update"


class BackupRequest(Frozen):
    """One workload to be backed up.

    ``due`` is the time it stands for; ``keep_for`` how long the tool itself may keep it (none
    where the tool keeps for ever); ``stamp`` is written on the recovery point.
    """

    workload: Workload
    require: tuple[Requirement, ...]
    due: datetime
    stamp: Stamp
    keep_for: timedelta | None = None


class RestoreRequest(Frozen):
    """One workload to be brought back from one recovery point into one cluster.

    Asked of the backend *in the target cluster*. ``stores`` are all stores of this tool that
    are known in the fleet, so that a store missing in the target can be shown to it. ``cleared``:
    what stands in the target now is deleted before the restore begins.
    """

    workload: Workload
    point: RecoveryPoint
    target: str
    mapping: RestoreMapping = RestoreMapping()
    existing: Existing = Existing.KEEP
    stores: tuple[Store, ...] = ()
    cleared: bool = False

    @property
    def namespace(self) -> str:
        """The namespace in the target that the workload's own becomes."""
        return self.mapping.namespaces.get(self.workload.namespace, self.workload.namespace)
