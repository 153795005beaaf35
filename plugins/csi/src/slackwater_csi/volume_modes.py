"""Whether what comes back is of the mode that is wanted: a file system, or a raw block device.

csi-provisioner makes no claim of a snapshot whose source was of another mode, unless the content
allows it by ``snapshot.storage.kubernetes.io/allow-volume-mode-change``, which ours never do: the
claim would stay Pending for ever. And pods that mount a file system do not start on a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slackwater.model.finding import Finding
from slackwater_csi.acts import RestoreWork
from slackwater_csi.voice import Voice

FILES = "Filesystem"
"""What is meant where nothing is said (core/v1, PersistentVolumeClaimSpec)."""


def mode_of(claim: Mapping[str, Any]) -> str:
    """Return the mode that a claim's manifest asks for."""
    return str((claim.get("spec") or {}).get("volumeMode") or FILES)


def mode_findings(work: RestoreWork, voice: Voice) -> Iterator[Finding]:
    """Yield an error for each claim that would not come, or that its pods could not use."""
    for volume in work.volumes:
        known = work.known.get(volume.claim)
        if known is not None and mode_of(known) != volume.volume_mode:
            yield voice.error(
                "mode-differs",
                f"{work.namespace}/{volume.claim}",
                f"the claim {volume.claim} is of mode {mode_of(known)} today, and the snapshot was "
                f"taken of a volume of mode {volume.volume_mode}: no claim can be made of it so",
                "make one by hand, of the snapshot's mode, with this as its dataSource: kubectl "
                f"-n {volume.namespace} get volumesnapshot {volume.snapshot}",
            )
    standing = {each.claim: mode_of(each.manifest) for each in work.replaced}
    for volume in work.volumes:
        name = work.name_of(volume.claim)
        if standing.get(name, volume.volume_mode) != volume.volume_mode:
            yield voice.error(
                "mode-differs",
                f"{work.namespace}/{name}",
                f"the claim {name} that stands is of mode {standing[name]}, and what would come in "
                f"its place of mode {volume.volume_mode}: what uses it would not start",
                "map to another namespace, or to a claim of another name",
            )
