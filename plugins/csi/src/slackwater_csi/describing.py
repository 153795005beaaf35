"""What this backend can do in one cluster, as data."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.capability import Capability, Description, Level, Support
from slackwater_csi.errors import NOT_INSTALLED, TOOL
from slackwater_csi.resources import GROUP, GROUPS_GROUP, VERSION
from slackwater_csi.settings import CsiSettings
from slackwater_csi.surroundings import Surroundings

SAME_STORAGE = "snapshots lie in the volumes' own storage system, and are gone with it"
_STAYS = "a CSI snapshot lies in the storage system of its volume, and is gone with it"
_NO_CANCEL = (
    "a snapshot that was asked for cannot be stopped; what comes of it is removed by clean-up"
)
_VOLUMES_ONLY = "CSI snapshots are of volumes"


def describe(settings: CsiSettings, seen: Surroundings) -> Description:
    """Return what there is. Raises what the cluster says where it does not answer."""
    if not seen.served:
        reason = f"the API does not serve {GROUP}/{VERSION}: {NOT_INSTALLED}"
        return Description(tool=TOOL, available=False, reason=reason, tested=False)
    groups = f", {GROUPS_GROUP}/{seen.groups.version}" if seen.groups else ""
    return Description(
        tool=TOOL, version=f"{GROUP}/{VERSION}{groups}", capabilities=_capabilities(settings, seen)
    )


def _capabilities(settings: CsiSettings, seen: Surroundings) -> Mapping[Capability, Support]:
    no_store = "" if settings.store else "no store for manifests is named"
    no_objects = "" if settings.objects else "objects are kept only where objects: true is set"
    no_class = "" if seen.classes else "the cluster has no VolumeSnapshotClass"
    return {
        Capability.OBJECTS: _support(no_store or no_objects),
        Capability.VOLUMES: _support(no_store or no_class),
        Capability.OFF_CLUSTER: _support(_STAYS),
        Capability.CONTROL_PLANE: _support(_VOLUMES_ONLY),
        Capability.CLUSTER_OBJECTS: _support(_VOLUMES_ONLY),
        Capability.RESTORE_ELSEWHERE: _support(_STAYS),
        Capability.MAP_NAMESPACES: _support(),
        Capability.MAP_STORAGE_CLASSES: _support(),
        Capability.MAP_IMAGES: _support("objects are brought back as they were"),
        Capability.MAP_CLAIMS: _support(),
        Capability.UPDATE_EXISTING: _support(),
        Capability.CANCEL: _support(_NO_CANCEL),
        Capability.CANCEL_WAITING: _support(_NO_CANCEL),
        Capability.DELETE: _support(),
    }


def _support(why_not: str = "") -> Support:
    return Support(level=Level.UNSUPPORTED if why_not else Level.SUPPORTED, reason=why_not)
