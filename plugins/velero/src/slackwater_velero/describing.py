"""What this backend can do in one cluster, as data."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.capability import Capability, Description, Level, Support
from slackwater_velero.acts import BACKUPS, RESTORES
from slackwater_velero.server import DEVELOPED_ON, Setup
from slackwater_velero.settings import Volumes
from slackwater_velero.voice import TOOL

NO_CANCEL = (
    "Velero cannot stop a backup or restore that has begun; one that still waits can be removed"
)

_BACKUPS_ONLY = "backups that are New or Queued; a restore that waits is not taken back"

_YES = Support(level=Level.SUPPORTED)
_ALWAYS = (
    Capability.OBJECTS,
    Capability.CLUSTER_OBJECTS,
    Capability.RESTORE_ELSEWHERE,
    Capability.MAP_NAMESPACES,
    Capability.MAP_STORAGE_CLASSES,
    Capability.MAP_IMAGES,
    Capability.UPDATE_EXISTING,
    Capability.DELETE,
)


def describe(setup: Setup, version: str, volumes: Volumes, namespace: str) -> Description:
    """Return the description of an installation. Pure."""
    return Description(
        tool=TOOL,
        version=version,
        tested=version == DEVELOPED_ON,
        capabilities=_capabilities(setup, volumes),
        limits={BACKUPS: setup.concurrent_backups, RESTORES: 1},
        homes=(namespace,),
    )


def not_available(reason: str) -> Description:
    """Return the description of a cluster without Velero."""
    return Description(tool=TOOL, available=False, reason=reason, tested=False)


def _capabilities(setup: Setup, volumes: Volumes) -> Mapping[Capability, Support]:
    return {
        **dict.fromkeys(_ALWAYS, _YES),
        Capability.VOLUMES: _volumes(setup, volumes),
        Capability.OFF_CLUSTER: _off_cluster(setup, volumes),
        Capability.CONTROL_PLANE: _no("Velero reads the API; it does not back up etcd"),
        Capability.CANCEL: _no(NO_CANCEL),
        Capability.CANCEL_WAITING: Support(level=Level.SUPPORTED, reason=_BACKUPS_ONLY),
        Capability.MAP_CLAIMS: _no("the data that Velero brings back finds its claim by the name"),
    }


def _volumes(setup: Setup, volumes: Volumes) -> Support:
    match volumes:
        case Volumes.NONE:
            return _no("the fleet file says volumes: none")
        case Volumes.FS_BACKUP | Volumes.MOVE_DATA:
            return _YES if setup.node_agent else _maybe("no node-agent DaemonSet was found")
        case Volumes.SNAPSHOT:
            return _YES if setup.csi else _maybe("whether a snapshot plugin fits is not known")
    if setup.node_agent or setup.csi:
        return _YES
    return _maybe("neither a node agent nor CSI snapshots were found")


def _off_cluster(setup: Setup, volumes: Volumes) -> Support:
    if volumes is Volumes.SNAPSHOT:
        return _no("volumes: snapshot keeps volume data in its own storage system")
    if volumes is not Volumes.AUTO:
        return _YES
    flags = ("default-snapshot-move-data", "default-volumes-to-fs-backup")
    if any(setup.flag(flag) == "true" for flag in flags):
        return _YES
    return _maybe("volumes: auto leaves it to the server's defaults; say move-data or fs-backup")


def _no(reason: str) -> Support:
    return Support(level=Level.UNSUPPORTED, reason=reason)


def _maybe(reason: str) -> Support:
    return Support(level=Level.UNKNOWN, reason=reason)
