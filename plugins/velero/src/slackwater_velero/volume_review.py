"""Says before a backup which volumes Velero will pass over, as far as two lists can tell."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from slackwater.errors import PermissionDenied
from slackwater.model.finding import Finding
from slackwater_velero.access import Velero
from slackwater_velero.objects import Metadata
from slackwater_velero.resources import CLAIMS, VOLUMES
from slackwater_velero.settings import Volumes
from slackwater_velero.voice import Voice


class _ClaimSpec(msgspec.Struct, rename="camel"):
    volume_name: str = ""


class _Claim(msgspec.Struct):
    metadata: Metadata
    spec: _ClaimSpec = msgspec.field(default_factory=_ClaimSpec)


class _VolumeSpec(msgspec.Struct, rename="camel"):
    host_path: object = None
    csi: object = None


class _Volume(msgspec.Struct):
    metadata: Metadata
    spec: _VolumeSpec = msgspec.field(default_factory=_VolumeSpec)


def review_volumes(
    velero: Velero, namespace: str, mode: Volumes, voice: Voice
) -> Iterator[Finding]:
    """Yield a finding for each claim of the namespace whose data will not be in the backup."""
    if mode is Volumes.NONE:
        return
    try:
        claims = list(velero.list_at(CLAIMS.path(namespace=namespace), f"list {CLAIMS}", _Claim))
        volumes = {v.metadata.name: v.spec for v in velero.list(VOLUMES, _Volume)} if claims else {}
    except PermissionDenied as error:
        yield voice.info("volumes-unseen", namespace, f"its volumes were not looked at: {error}")
        return
    for claim in claims:
        reason = _passed_over(volumes.get(claim.spec.volume_name), mode)
        if reason:
            name = f"{namespace}/{claim.metadata.name}"
            yield voice.warning("volume-skipped", name, f"volume {name}: {reason}")


def _passed_over(volume: _VolumeSpec | None, mode: Volumes) -> str:
    if volume is None:
        return ""
    if volume.host_path is not None:
        return "Velero skips hostPath volumes"
    if volume.csi is None and mode in (Volumes.MOVE_DATA, Volumes.SNAPSHOT):
        return f"it is no CSI volume, so volumes: {mode} passes over it"
    return ""
