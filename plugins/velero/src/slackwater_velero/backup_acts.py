"""Plans a backup: one act, a ``Backup`` object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.recovery_point import Requirement
from slackwater.model.request import BackupRequest
from slackwater.model.workload import WorkloadKind
from slackwater_velero import labels
from slackwater_velero.acts import BACKUPS, Do, go_duration
from slackwater_velero.locations import Location, default_location
from slackwater_velero.naming import backup_stem
from slackwater_velero.scopes import CLUSTER_OBJECTS
from slackwater_velero.settings import VeleroSettings, Volumes
from slackwater_velero.stamps import stamp_annotations, stamp_labels
from slackwater_velero.voice import TOOL, Voice

_VOLUME_SPECS: Mapping[Volumes, Mapping[str, object]] = {
    Volumes.AUTO: {},
    Volumes.MOVE_DATA: {"snapshotMoveData": True, "defaultVolumesToFsBackup": False},
    Volumes.FS_BACKUP: {"defaultVolumesToFsBackup": True, "snapshotMoveData": False},
    Volumes.SNAPSHOT: {
        "snapshotVolumes": True,
        "snapshotMoveData": False,
        "defaultVolumesToFsBackup": False,
    },
    Volumes.NONE: {
        "snapshotVolumes": False,
        "snapshotMoveData": False,
        "defaultVolumesToFsBackup": False,
    },
}


@dataclass(frozen=True)
class BackupPlanner:
    """Plans backups in one cluster, whose locations were read before."""

    settings: VeleroSettings
    voice: Voice
    locations: Mapping[str, Location]
    young_kinds: Sequence[str] = ()

    def plan(self, request: BackupRequest) -> ActPlan:
        """Return the act. Raises ``Unsupported`` for workloads that Velero cannot back up whole."""
        scope = _scope(request)
        location = self._location()
        findings = (*self._location_findings(location), *self._requirement_findings(request))
        return ActPlan(acts=(self._act(request, scope, location),), findings=findings)

    def _act(
        self, request: BackupRequest, scope: Mapping[str, object], location: Location | None
    ) -> Act:
        workload = request.workload
        what = workload.namespace or "cluster-objects"
        stem = backup_stem(self.voice.cluster, what, request.due)
        where = location.name if location else self.settings.location or "(none)"
        volumes = self.settings.volumes if workload.namespace else Volumes.NONE
        spec: dict[str, object] = {**scope, **_VOLUME_SPECS[volumes]}
        spec["storageLocation"] = where
        if request.keep_for is not None:
            spec["ttl"] = go_duration(request.keep_for)
        return Act(
            id="backup",
            kind=ActKind.OPERATED,
            title=f"Velero backs up {workload}",
            effects=(
                f"adds Backup {stem}-… in namespace {self.voice.namespace}",
                f"writes into location {where}",
                _kept(request),
            ),
            undo="delete the recovery point",
            limit=BACKUPS,
            payload={
                "do": Do.BACKUP,
                "stem": stem,
                "labels": stamp_labels(request.stamp),
                "annotations": {**stamp_annotations(request.stamp), **self._noted()},
                "spec": spec,
            },
        )

    def _noted(self) -> Mapping[str, str]:
        return {labels.YOUNG_KINDS: ",".join(self.young_kinds)} if self.young_kinds else {}

    def _location(self) -> Location | None:
        if self.settings.location:
            return self.locations.get(self.settings.location)
        return default_location(self.locations)

    def _location_findings(self, location: Location | None) -> Iterator[Finding]:
        voice = self.voice
        if location is None:
            wanted = self.settings.location
            yield voice.error(
                "no-location",
                wanted or "(default)",
                f"there is no BackupStorageLocation {wanted!r}"
                if wanted
                else "no BackupStorageLocation is the default, and none is named in the fleet file",
                voice.kubectl("get backupstoragelocations"),
            )
        elif not location.available:
            yield voice.error(
                "store-unavailable",
                location.name,
                f"location {location.name} is not available: "
                f"{location.message or 'Velero has not looked at it yet'}",
                voice.kubectl(f"get backupstoragelocation {location.name} -o yaml"),
            )
        elif not location.writable:
            yield voice.error(
                "store-read-only",
                location.name,
                f"location {location.name} is read-only here: no backup can be written",
                "name another location in the fleet file",
            )

    def _requirement_findings(self, request: BackupRequest) -> Iterator[Finding]:
        volumes, name = self.settings.volumes, str(request.workload)
        if Requirement.VOLUMES in request.require and volumes is Volumes.NONE:
            yield self.voice.error(
                "no-volumes", name, "volumes are required, but the fleet file says volumes: none"
            )
        if Requirement.OFF_CLUSTER in request.require and volumes is Volumes.SNAPSHOT:
            yield self.voice.error(
                "not-off-cluster",
                name,
                "volume data has to leave the cluster, but volumes: snapshot keeps it there",
                "set volumes: move-data or volumes: fs-backup",
            )


def _scope(request: BackupRequest) -> Mapping[str, object]:
    workload = request.workload
    match workload.kind:
        case WorkloadKind.NAMESPACE:
            return {"includedNamespaces": [workload.namespace]}
        case WorkloadKind.CLUSTER_OBJECTS:
            return CLUSTER_OBJECTS
    raise Unsupported(
        f"{workload}: Velero backs up namespaces and cluster-scoped objects, not a {workload.kind}",
        backend=TOOL,
        cluster=workload.cluster,
        hint="protect the namespace that it lies in",
    )


def _kept(request: BackupRequest) -> str:
    if request.keep_for is None:
        return "Velero deletes it after its own default time (30 days unless changed)"
    days = request.keep_for.total_seconds() / 86400
    return f"Velero deletes it after {days:g} days"
