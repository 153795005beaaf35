"""The acts of a restore, in words."""

from __future__ import annotations

from collections.abc import Iterator

from slackwater.model.act import Act, ActKind
from slackwater.model.wording import counted
from slackwater_csi.acts import Do, RestoreWork, payload
from slackwater_csi.facts import VolumeFacts
from slackwater_csi.site import Site

_GRACE = 120.0


def acts(work: RestoreWork, site: Site) -> Iterator[Act]:
    """Yield the acts in order; what goes around an exchange in place only where there is one."""
    place = f"{site.cluster}/{work.namespace}"
    before = "show"
    if work.volumes:
        yield _show(work, place)
        if work.replaced:
            before = "release"
            if work.stopped:
                yield _stop(work, place)
            yield _release(work, place)
        yield _claims(work, place, before)
    if work.objects:
        yield _objects(work, place)
    if work.replaced:
        yield _put_back(work, place)
        if work.stopped:
            yield _scale_up(work, place)
    if work.volumes:
        yield _hide(work, place, _after_all(work))


def _after_all(work: RestoreWork) -> tuple[str, ...]:
    """What may still make a claim's first pod, and with it the claim's volume."""
    scaled = ("scale-up",) if work.stopped else ()
    return ("show", "claims", *(("objects",) if work.objects else ()), *scaled)


def _names(work: RestoreWork) -> str:
    return ", ".join(_called(work, volume.claim) for volume in sorted(work.volumes, key=_claim_of))


def _called(work: RestoreWork, claim: str) -> str:
    new = work.name_of(claim)
    return claim if new == claim else f"{new} (which was {claim})"


def _claim_of(volume: VolumeFacts) -> str:
    return volume.claim


def _show(work: RestoreWork, place: str) -> Act:
    return Act(
        id="show",
        kind=ActKind.OPERATED,
        title=f"show {counted(len(work.volumes), 'snapshot')} of {work.point} in {place}",
        effects=(
            f"adds {work.stem}-… in {place} as VolumeSnapshots with contents, until the end",
            f"adds the namespace {work.namespace} if it is not there",
        ),
        writes=(work.namespace,),
        undo="they are removed at the end; the data of the snapshots stays",
        timeout=work.within + _GRACE,
        payload=payload(Do.SHOW, work),
    )


def _stop(work: RestoreWork, place: str) -> Act:
    return Act(
        id="stop",
        kind=ActKind.OPERATED,
        title=f"scale down what uses the volumes in {place}",
        needs=("show",),
        effects=tuple(f"changes {each} in {place}: no replicas" for each in work.stopped),
        writes=(work.namespace,),
        undo="scaled up again at the end, in any case",
        timeout=work.within + _GRACE,
        payload=payload(Do.STOP, work),
    )


def _release(work: RestoreWork, place: str) -> Act:
    return Act(
        id="release",
        kind=ActKind.PERFORMED,
        title=f"take {counted(len(work.replaced), 'volume')} out of use in {place}",
        needs=("stop",) if work.stopped else ("show",),
        effects=tuple(
            f"sets volume {each.volume} to Retain, and deletes claim {each.claim}"
            for each in work.replaced
        ),
        writes=(work.namespace,),
        undo="the old volumes are put back at the end where this fails; later: delete the claim, "
        "clear spec.claimRef of the old volume, and make the claim with its volumeName",
        payload=payload(Do.RELEASE, work),
    )


def _claims(work: RestoreWork, place: str, before: str) -> Act:
    return Act(
        id="claims",
        kind=ActKind.OPERATED,
        title=f"make {counted(len(work.volumes), 'claim')} of what is shown in {place}",
        needs=(before,),
        effects=(f"adds {_names(work)} in {place}; those that stand there are kept",),
        writes=(work.namespace,),
        undo="delete the claims",
        timeout=work.within + _GRACE,
        payload=payload(Do.CLAIMS, work),
    )


def _objects(work: RestoreWork, place: str) -> Act:
    how = "keeps" if work.existing == "keep" else "changes"
    return Act(
        id="objects",
        kind=ActKind.PERFORMED,
        title=f"bring the objects of {work.point} back into {place}",
        needs=("claims",) if work.volumes else (),
        effects=(
            f"adds the objects of {work.source} in {place}; {how} those that exist",
            *(f"what uses claim {old} uses {new}" for old, new in sorted(work.names.items())),
        ),
        writes=(work.namespace,),
        undo=f"delete what was added in {place}; nothing does that by itself",
        payload=payload(Do.OBJECTS, work),
    )


def _put_back(work: RestoreWork, place: str) -> Act:
    return Act(
        id="put-back",
        kind=ActKind.PERFORMED,
        title=f"put old volumes back in {place} where no new one came",
        needs=("release", "claims"),
        always=True,
        effects=("makes claims that were not brought back anew, with their old volumes",),
        writes=(work.namespace,),
        payload=payload(Do.PUT_BACK, work),
    )


def _scale_up(work: RestoreWork, place: str) -> Act:
    return Act(
        id="scale-up",
        kind=ActKind.PERFORMED,
        title=f"scale up again in {place}",
        needs=("stop", "put-back"),
        always=True,
        effects=tuple(f"changes {each} in {place}: replicas as before" for each in work.stopped),
        writes=(work.namespace,),
        payload=payload(Do.SCALE_UP, work),
    )


def _hide(work: RestoreWork, place: str, needs: tuple[str, ...]) -> Act:
    return Act(
        id="hide",
        kind=ActKind.PERFORMED,
        title=f"remove the snapshots that were shown in {place}",
        needs=needs,
        always=True,
        effects=("removes what the first act added; the data of the snapshots stays",),
        payload=payload(Do.HIDE, work),
    )
