"""What a restore plan has to say, in words: the answer, the reason, the way out."""

from __future__ import annotations

from collections.abc import Iterator

from slackwater.catalogue.covering import Covering, order_of
from slackwater.model.finding import Finding, Severity
from slackwater.model.moment import Moment
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.wording import counted, in_words
from slackwater.model.workload import Workload
from slackwater.planning.choosing import Selection, Selections
from slackwater.planning.standing import Stand


def as_background(finding: Finding) -> Finding:
    """Turn a finding about the catalogue into a warning: what is silent need not be in the way."""
    if finding.severity is not Severity.ERROR:
        return finding
    return finding.model_copy(update={"severity": Severity.WARNING})


def about_selections(selections: Selections, moment: Moment, accepted: bool) -> Iterator[Finding]:
    """Say what is not there, what is only partly there, and what newer points were passed over."""
    for selection in selections.items:
        if selection.point is None:
            yield _nothing_suits(selection, moment)
        elif selection.gaps:
            yield _partial(selection, selection.point)
        elif selection.passed_over and not accepted:
            yield _newer_passed_over(selection, selection.point)


def about_broken(selections: Selections, points: Covering, moment: Moment) -> Iterator[Finding]:
    """Say which backup is newer than what was chosen, and cannot be used: more is lost by it."""
    for selection in selections.items:
        workload, chosen = selection.wanted.workload, selection.point
        broken = points.newest_broken(workload, moment.at)
        if broken is None or (chosen is not None and order_of(broken) < order_of(chosen)):
            continue
        why = "; ".join(finding.message for finding in broken.findings) or broken.tool_phase
        yield Finding(
            severity=Severity.WARNING,
            code="newer-broken",
            subject=str(workload),
            message=f"{broken.name} of {broken.begin:%Y-%m-%d %H:%M:%SZ} cannot be used: it is"
            f" {broken.phase}{f' ({why})' if why else ''}",
            way_out=f"slackwater points show {broken.name}",
            cluster=workload.cluster,
            tool=broken.id.tool,
        )


def _nothing_suits(selection: Selection, moment: Moment) -> Finding:
    workload = selection.wanted.workload
    message = f"no good recovery point at or before {moment.at:%Y-%m-%d %H:%M:%SZ}"
    way_out = f"slackwater points list --cluster {workload.cluster} shows what there is"
    if selection.passed_over:
        newest, reasons = selection.passed_over[0]
        message += f"; the newest, {newest.name}, is not good: {'; '.join(reasons)}"
        way_out = "--accept-partial takes it as it is"
    return Finding(
        severity=Severity.ERROR,
        code="no-good-point",
        subject=str(workload),
        message=message,
        way_out=way_out,
        cluster=workload.cluster,
    )


def _partial(selection: Selection, point: RecoveryPoint) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="partial-point",
        subject=str(selection.wanted.workload),
        message=f"{point.name} is not whole: {'; '.join(selection.gaps)}",
        way_out="leave out --accept-partial to take the newest good recovery point",
        cluster=selection.wanted.workload.cluster,
        tool=point.id.tool,
    )


def _newer_passed_over(selection: Selection, chosen: RecoveryPoint) -> Finding:
    newest, reasons = selection.passed_over[0]
    older = ""
    if newest.begin and chosen.begin:
        older = f", {in_words(newest.begin - chosen.begin)} older,"
    return Finding(
        severity=Severity.WARNING,
        code="newer-not-good",
        subject=str(selection.wanted.workload),
        message=f"{newest.name} is not good ({'; '.join(reasons)}); {chosen.name}{older} is taken",
        way_out="--accept-partial takes the newer one as it is",
        cluster=selection.wanted.workload.cluster,
        tool=chosen.id.tool,
    )


def collision(target: Workload) -> Finding:
    """Two workloads would end in one place."""
    return Finding(
        severity=Severity.ERROR,
        code="two-into-one",
        subject=str(target),
        message="two workloads would be restored into this one place",
        way_out="map one of them elsewhere: --map CLUSTER/NAMESPACE=NAME",
        cluster=target.cluster,
    )


def tool_missing(workload: Workload, point: RecoveryPoint, target: str) -> Finding:
    """The target has no backend of the tool that made the point."""
    tool = point.id.tool
    return Finding(
        severity=Severity.ERROR,
        code="tool-not-in-target",
        subject=str(workload),
        message=f"{point.name} was made by {tool}, which {target} does not have in the fleet file",
        way_out=f"install {tool} in {target} and add it to its backends, or choose another --to",
        cluster=target,
        tool=tool,
    )


def conflict(stand: Stand) -> Finding:
    """Objects stand where the restore would write."""
    cluster, _, namespace = stand.place.partition("/")
    return Finding(
        severity=Severity.ERROR,
        code="exists",
        subject=stand.place,
        message=f"{namespace} exists with {counted(len(stand.objects), 'object')}: refused"
        f" ({', '.join(stand.summary())})",
        way_out=f"--map {namespace}=ANOTHER-NAME, --update to change what exists, or --replace",
        cluster=cluster,
    )


def will_change(stand: Stand) -> Finding:
    """Objects stand there and will be changed, because the user asked for it."""
    return Finding(
        severity=Severity.WARNING,
        code="will-change",
        subject=stand.place,
        message=f"{len(stand.objects)} objects exist; those in the recovery point are changed to"
        " what they were, the others stay; what becomes of volumes, the steps say",
        cluster=stand.place.partition("/")[0],
    )


def left_out(workload: Workload, *, held: bool) -> Finding:
    """The policy protects it, and nobody asked for it: a policy alone turns no cluster back.

    ``held``: a recovery point of it is there to be asked for.
    """
    if not held:
        message = "the policy protects it too, and no recovery point holds it"
        way_out = "slackwater doctor says which tool could"
    else:
        message = "the policy protects it too; it comes back only where it is asked for"
        way_out = f"--{workload.kind} {workload.cluster} brings it back, before the namespaces"
    return Finding(
        severity=Severity.WARNING,
        code="left-out",
        subject=str(workload),
        message=message,
        way_out=way_out,
        cluster=workload.cluster,
    )


def put_back(stand: Stand) -> Finding:
    """What stands there belongs to somebody who would undo the restore."""
    owners = " and ".join(stand.put_back_by)
    return Finding(
        severity=Severity.WARNING,
        code="gitops",
        subject=stand.place,
        message=f"objects there are kept by {owners}, which puts back what a restore changes",
        way_out=f"suspend what {owners} keeps there for the time of the restore",
        cluster=stand.place.partition("/")[0],
    )


def zone_assumed(moment: Moment) -> Finding:
    """The moment was written without a zone."""
    return Finding(
        severity=Severity.INFO,
        code="zone-assumed",
        subject=f'"{moment.text}"',
        message=f"names no time zone; read in {moment.zone} it is {moment.at:%Y-%m-%d %H:%M:%SZ}",
        way_out="write the zone: 14:05Z, 14:05+01:00 or 14:05 Europe/Berlin",
    )


def unseen(stand: Stand, *, may_change: bool) -> Finding:
    """Some kinds may not be listed: whether the restore would meet objects is not known.

    Not knowing forbids it like a conflict, unless what exists may be changed anyway.
    """
    return Finding(
        severity=Severity.WARNING if may_change else Severity.ERROR,
        code="not-allowed-to-look",
        subject=stand.place,
        message=f"may not list {', '.join(stand.unseen)}: more may stand there than is shown",
        way_out="grant list on these kinds, restore under another name, or --update",
        cluster=stand.place.partition("/")[0],
    )
