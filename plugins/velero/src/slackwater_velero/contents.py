"""What a backup really holds: its list of objects and what it says of each volume. Pure.

``Completed`` proves nothing about volumes; Velero's volume information (``volumeinfo.json.gz``)
is the only reliable answer, and a claim that is not in it was passed over without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from slackwater.model.recovery_point import Contents, HeldVolume

ObjectList = Mapping[str, Sequence[str]]
"""Velero's resource list: ``apps/v1/Deployment`` to ``namespace/name`` or ``name``."""

_CLAIMS = "v1/PersistentVolumeClaim"


class Unreadable(Exception):
    """A file is not what Velero writes."""


class _Sized(msgspec.Struct, rename="camel"):
    size: int | None = None
    volume_name: str = ""
    pod_namespace: str = ""


class _VolumeInfo(msgspec.Struct, rename="camel"):
    """``BackupVolumeInfo`` of ``internal/volume/volumes_information.go``, 1.18."""

    pvc_name: str = ""
    pvc_namespace: str = ""
    pv_name: str = ""
    backup_method: str = ""
    snapshot_data_moved: bool = False
    skipped: bool = False
    skipped_reason: str = ""
    result: str = ""
    csi_snapshot_info: _Sized | None = None
    snapshot_data_movement_info: _Sized | None = None
    pvb_info: _Sized | None = msgspec.field(default=None, name="pvbInfo")


_LIST = msgspec.json.Decoder(dict[str, list[str] | None])
_VOLUMES = msgspec.json.Decoder(list[_VolumeInfo] | None)


def read_objects(file: bytes) -> ObjectList:
    """Return Velero's resource list. Raises ``Unreadable``."""
    try:
        return {kind: names or [] for kind, names in _LIST.decode(file).items()}
    except msgspec.MsgspecError as error:
        raise Unreadable(f"the list of objects is not what Velero writes: {error}") from error


def read_contents(objects: bytes, volumes: bytes) -> Contents:
    """Return the contents by a backup's resource list and volume information, both unpacked.

    Raises ``Unreadable``.
    """
    listed = read_objects(objects)
    try:
        infos = _VOLUMES.decode(volumes) or []
    except msgspec.MsgspecError as error:
        raise Unreadable(f"the volume information is not what Velero writes: {error}") from error
    said = _merged(_held(info) for info in infos)
    return Contents(objects=_counted(listed), volumes=(*said, *_unmentioned(listed, said)))


def _counted(listed: ObjectList) -> dict[str, int]:
    """Objects per namespace; cluster-scoped ones under the empty name."""
    counts: Counter[str] = Counter()
    for names in listed.values():
        counts.update(name.rpartition("/")[0] for name in names)
    return dict(sorted(counts.items()))


def _held(info: _VolumeInfo) -> HeldVolume:
    """A volume counts as held only where Velero says that it succeeded."""
    details = info.pvb_info or info.snapshot_data_movement_info or info.csi_snapshot_info
    held = not info.skipped and info.result == "succeeded"
    return HeldVolume(
        namespace=info.pvc_namespace or (details.pod_namespace if details else ""),
        claim=info.pvc_name,
        volume=info.pv_name or (details.volume_name if details else ""),
        held=held,
        method=_method(info),
        reason="" if held else _reason(info),
        off_cluster=held and (info.snapshot_data_moved or info.backup_method == "PodVolumeBackup"),
        size=details.size if details and held else None,
    )


def _method(info: _VolumeInfo) -> str:
    if info.snapshot_data_moved:
        return "moved data"
    known = {"PodVolumeBackup": "files", "CSISnapshot": "CSI snapshot"}
    return known.get(info.backup_method, info.backup_method)


def _reason(info: _VolumeInfo) -> str:
    if info.skipped:
        return info.skipped_reason.strip(" ;") or "Velero gives no reason"
    return "Velero failed to take it" if info.result == "failed" else "Velero gave no result"


def _merged(volumes: Iterable[HeldVolume]) -> tuple[HeldVolume, ...]:
    """One entry per volume: two pods may mount one claim, and one of them suffices."""
    best: dict[tuple[str, str, str], HeldVolume] = {}
    for volume in volumes:
        key = (volume.namespace, volume.claim, "" if volume.claim else volume.volume)
        if key not in best or (volume.held and not best[key].held):
            best[key] = volume
    return tuple(best[key] for key in sorted(best))


def _unmentioned(listed: ObjectList, said: Sequence[HeldVolume]) -> Iterator[HeldVolume]:
    known = {(volume.namespace, volume.claim) for volume in said}
    for entry in sorted(listed.get(_CLAIMS, ())):
        namespace, _, claim = entry.rpartition("/")
        if (namespace, claim) not in known:
            yield HeldVolume(
                namespace=namespace,
                claim=claim,
                held=False,
                reason="only the claim was backed up; Velero says nothing of its data",
            )
