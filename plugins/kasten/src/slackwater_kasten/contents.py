"""What a point really holds, by the ``/details`` of its copies. Pure.

``Complete`` proves nothing about volumes: a claim without data beside it was passed over. Details
are hundreds of kilobytes for each content, so they are read for chosen points only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from slackwater.model.finding import Finding
from slackwater.model.recovery_point import Contents, HeldVolume
from slackwater_kasten.objects import Action, Artifact, Content
from slackwater_kasten.states import deepest
from slackwater_kasten.voice import Voice

_CLAIMS = "persistentvolumeclaims"


def read_contents(copies: Sequence[Content], namespace: str) -> Contents | None:
    """Return what the copies hold together; None where no details were told."""
    told = [(copy, _artifacts(copy)) for copy in copies]
    if not any(artifacts for _, artifacts in told):
        return None
    volumes: dict[str, HeldVolume] = {}
    for copy, artifacts in told:
        for volume in _volumes(artifacts, namespace, exported=bool(copy.export_profile)):
            known = volumes.get(volume.claim)
            if known is None or _rank(volume) > _rank(known):
                volumes[volume.claim] = volume
    names = max((object_names(artifacts) for _, artifacts in told), key=len)
    counts = Counter(space or namespace for space, _, _ in names)
    return Contents(
        objects=dict(sorted(counts.items())),
        volumes=tuple(volumes[claim] for claim in sorted(volumes)),
    )


def object_names(artifacts: Iterable[Artifact]) -> set[tuple[str, str, str]]:
    """Return the objects among artefacts: namespace, ``resource.group``, name."""
    return {
        (found.namespace, f"{found.resource}.{found.group}".rstrip("."), found.name)
        for found in (each.resource for each in artifacts)
        if found is not None and found.name
    }


def artifacts_of(content: Content | None) -> Sequence[Artifact]:
    """Return the artefacts of a content that was read with its details."""
    return _artifacts(content) if content else ()


def _artifacts(content: Content) -> Sequence[Artifact]:
    details = content.state.restore_point_content_details
    return (details.artifacts if details else None) or ()


def _volumes(
    artifacts: Sequence[Artifact], namespace: str, *, exported: bool
) -> Iterator[HeldVolume]:
    data = dict(_data(artifacts))
    claims = {
        each.resource.name: each
        for each in artifacts
        if each.resource is not None and each.resource.resource == _CLAIMS
    }
    for claim in sorted({*claims, *data}):
        artifact = claims.get(claim)
        snapshot = artifact is not None and artifact.volume_snapshot is not None
        held = snapshot or claim in data
        yield HeldVolume(
            namespace=namespace,
            claim=claim,
            held=held,
            method=_method(exported=exported, snapshot=snapshot) if held else "",
            reason="" if held else "only the claim is held; K10 took no data of it",
            off_cluster=held and exported,
            size=data.get(claim),
        )


def _data(artifacts: Sequence[Artifact]) -> Iterator[tuple[str, int | None]]:
    """Claims whose data lies in a location, with its size."""
    for artifact in artifacts:
        kanister = artifact.meta.kanister if artifact.meta else None
        meta = kanister.meta if kanister else None
        if meta is not None and meta.k8s_volume is not None and meta.k8s_volume.pvc_name:
            usage = meta.storage_usage
            yield meta.k8s_volume.pvc_name, usage.logical if usage else None


def _method(*, exported: bool, snapshot: bool) -> str:
    if exported:
        return "exported data"
    return "snapshot" if snapshot else "files"


def _rank(volume: HeldVolume) -> tuple[bool, bool]:
    return volume.held, volume.off_cluster


def volume_findings(contents: Contents | None, name: str, voice: Voice) -> Iterator[Finding]:
    """Yield a finding for each volume that was passed over, or one that nothing is known."""
    if contents is None:
        yield voice.warning(
            "contents-unknown", name, "K10 tells no artefacts of it: what it holds is not known"
        )
        return
    for volume in contents.volumes:
        if not volume.held:
            yield voice.warning("volume-skipped", name, f"volume {volume}: {volume.reason}")


def phase_findings(action: Action | None, name: str, voice: Voice) -> Iterator[Finding]:
    """Yield a finding for each phase that failed within an action that K10 calls Complete."""
    details = action.state.action_details if action else None
    for phase in (details.phases if details else None) or ():
        if phase.state == "Failed":
            said = deepest(phase.error) or "K10 gives no reason"
            yield voice.warning("phase-failed", name, f"phase {phase.name!r} failed: {said}")
