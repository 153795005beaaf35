"""The acts of a backup, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slackwater.model.act import Act, ActKind
from slackwater.model.wording import counted
from slackwater_csi import labels
from slackwater_csi.acts import BackupWork, Do, payload
from slackwater_csi.describing import SAME_STORAGE
from slackwater_csi.objects import Pod
from slackwater_csi.site import Site

_GRACE = 120.0
"""Seconds by which core waits longer than we do: so it is we who say what was wrong."""
_MARKS = f"labels them {labels.HELD} until they are let go"


def acts(work: BackupWork, site: Site, pods: Sequence[Pod]) -> Iterator[Act]:
    """Yield the acts in order; those around hooks only where ``pods`` name some that are run."""
    yield _manifests(work, site)
    if work.held_within:
        yield _quiet(work, site, pods)
    if work.claims:
        yield _snapshots(work, site)
    if work.held_within:
        yield _wake(work, site, pods)
        yield _ready(work, site)
    yield _keep(work, site)
    yield _tidy(work, site)


def names_of(pods: Sequence[Pod]) -> str:
    """Return the names of pods, for a sentence."""
    return ", ".join(sorted(pod.name for pod in pods))


def _place(work: BackupWork, site: Site) -> str:
    return "/".join(filter(None, (site.cluster, work.namespace, work.claim)))


def _manifests(work: BackupWork, site: Site) -> Act:
    what = "objects and claims" if work.objects else "claims"
    return Act(
        id="manifests",
        kind=ActKind.PERFORMED,
        title=f"keep the manifests of {_place(work, site)}",
        effects=(f"adds the {what}, encrypted, to the store {site.settings.store}",),
        undo="they are removed at the end if no recovery point comes of it",
        payload=payload(Do.MANIFESTS, work),
    )


def _quiet(work: BackupWork, site: Site, pods: Sequence[Pod]) -> Act:
    return Act(
        id="quiet",
        kind=ActKind.PERFORMED,
        title=f"have {counted(len(pods), 'pod')} of {_place(work, site)} hold still",
        needs=("manifests",),
        effects=(f"runs the hooks before snapshots that {names_of(pods)} name", _MARKS),
        undo="the hooks after snapshots are run in any case",
        payload=payload(Do.QUIET, work),
    )


def _wake(work: BackupWork, site: Site, pods: Sequence[Pod]) -> Act:
    return Act(
        id="wake",
        kind=ActKind.PERFORMED,
        title=f"let {counted(len(pods), 'pod')} of {_place(work, site)} go on",
        needs=("quiet", "snapshots"),
        always=True,
        effects=(f"runs the hooks after snapshots that {names_of(pods)} name",),
        payload=payload(Do.WAKE, work),
    )


def _ready(work: BackupWork, site: Site) -> Act:
    return Act(
        id="ready",
        kind=ActKind.OPERATED,
        title=f"wait until the snapshots of {_place(work, site)} are ready",
        needs=("snapshots",),
        timeout=work.within + _GRACE,
        effects=("changes nothing",),
        payload=payload(Do.READY, work),
    )


def _snapshots(work: BackupWork, site: Site) -> Act:
    how = "as one group" if work.group else "all at once"
    return Act(
        id="snapshots",
        kind=ActKind.OPERATED,
        title=f"snapshot {counted(len(work.claims), 'volume')} of {_place(work, site)}, {how}",
        needs=("quiet",) if work.held_within else ("manifests",),
        effects=(
            f"adds {work.stem}-… as VolumeSnapshots in {site.cluster}/{work.namespace}",
            f"of {', '.join(sorted(work.claims))}: {SAME_STORAGE}",
        ),
        undo="delete the recovery point",
        timeout=(work.held_within or work.within) + _GRACE,
        payload=payload(Do.SNAPSHOTS, work),
    )


def _keep(work: BackupWork, site: Site) -> Act:
    return Act(
        id="keep",
        kind=ActKind.PERFORMED,
        title=f"keep the snapshots of {_place(work, site)}, and publish the recovery point",
        needs=_before_keep(work),
        effects=(
            "sets their VolumeSnapshotContents to Retain, so that they outlive their namespace",
            f"adds the recovery point {work.stem}-… to the store {site.settings.store}",
        ),
        undo="delete the recovery point",
        payload=payload(Do.KEEP, work),
    )


def _before_keep(work: BackupWork) -> tuple[str, ...]:
    if work.held_within:
        return ("ready", "wake")
    return ("snapshots",) if work.claims else ("manifests",)


def _tidy(work: BackupWork, site: Site) -> Act:
    return Act(
        id="tidy",
        kind=ActKind.PERFORMED,
        title=f"remove what no recovery point of {_place(work, site)} holds",
        needs=("keep",),
        always=True,
        effects=("removes snapshots of tries that failed, and the draft in the store",),
        payload=payload(Do.TIDY, work),
    )
