"""``--replace``: the way in full. What stands is saved, then deleted, then the restore begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from slackwater.backend.connections import Connections
from slackwater.catalogue.gathering import no_answer
from slackwater.clusters import PERSISTENT_VOLUME_CLAIMS
from slackwater.errors import SlackwaterError
from slackwater.model.capability import Description
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import Requirement, Stamp
from slackwater.model.request import BackupRequest
from slackwater.model.step import OwnAct
from slackwater.model.workload import Workload
from slackwater.planning.assembly import Assembly, making_step
from slackwater.planning.dispatch import Assignment, asked_of_tools, assign
from slackwater.planning.standing import Stand, tally

_SAVED = (Requirement.OBJECTS, Requirement.VOLUMES)


def clear_the_way(
    stand: Stand,
    restored: Workload,
    connections: Connections,
    assembly: Assembly,
    after: Sequence[str],
    *,
    prefer: str = "",
) -> tuple[list[str], list[Finding]]:
    """Plan to save a namespace, read the recovery point back, and delete the namespace.

    ``after`` are the steps before all of it; ``prefer`` is the tool that saves it, if it can: the
    one that brings back what was, so that the way back lies where the way here did. Nothing is
    deleted before its way back was read and found good; where no tool can make one, the plan is
    blocked.
    """
    cluster, _, namespace = stand.place.partition("/")
    standing = Workload(cluster=cluster, namespace=namespace)
    try:
        tools = {t: connections.backend(cluster, t).describe() for t in connections.tools(cluster)}
        asked = asked_of_tools(_SAVED, volumes=_may_have_volumes(stand))
        saving = replace(assign(standing, asked, tools, prefer=(prefer,)), require=_SAVED)
        if not saving.tool:
            return [], [_no_way_back(stand, tools)]
        saved = _save(saving, stand, connections, assembly, after)
    except SlackwaterError as error:
        return [], [no_answer(cluster, "", error)]
    deleted = assembly.add_own(
        OwnAct.DELETE_NAMESPACE,
        cluster,
        f"delete {stand.place} with its {len(stand.objects)} objects",
        needs=[saved],
        effects=(f"deletes namespace {stand.place} and its volumes' claims", *_along(stand)),
        undo=f"restore the recovery point of {stand.place} that the step before made",
        payload={"namespace": namespace, "uid": stand.uid},
        workload=restored,
        writes=(stand.place,),
    )
    return [deleted], [*saving.findings, *_goes_too(stand)]


def _along(stand: Stand) -> tuple[str, ...]:
    gone = ", ".join(tally(stand.mortal))
    return (f"deletes {gone} there, which backup tools keep",) if gone else ()


def _goes_too(stand: Stand) -> Iterator[Finding]:
    """What tools keep there stands in no restore's way, and still goes with its namespace."""
    if stand.mortal:
        first = stand.mortal[0][1]
        yield Finding(
            severity=Severity.WARNING,
            code="records-go-too",
            subject=stand.place,
            message=f"with it go {', '.join(tally(stand.mortal))} ({first}, …), kept there by"
            " backup tools: their data may go as well, and a recovery point with it",
            way_out="see in each tool whether it keeps the data; or --map to another name",
            cluster=stand.place.partition("/")[0],
        )


def _may_have_volumes(stand: Stand) -> bool:
    claims = str(PERSISTENT_VOLUME_CLAIMS)
    return claims in stand.unseen or any(kind == claims for kind, _ in stand.objects)


def _save(
    saving: Assignment,
    stand: Stand,
    connections: Connections,
    assembly: Assembly,
    after: Sequence[str],
) -> str:
    """Add the backup of what stands there and its reading back; return the step that proves it."""
    cluster = saving.workload.cluster
    request = BackupRequest(
        workload=saving.workload,
        require=saving.require,
        due=connections.clock(),
        stamp=Stamp(cluster=cluster, cluster_uid=connections.cluster(cluster).identity().uid),
    )
    planned = connections.backend(cluster, saving.tool).plan_backup(request)
    steps = assembly.add_acts(
        cluster, saving.tool, planned.acts, after=after, workload=saving.workload
    )
    making = making_step(planned.acts, steps)
    return assembly.add_own(
        OwnAct.READ_BACK,
        cluster,
        f"read back the recovery point of {stand.place}",
        tool=saving.tool,
        of=making,
        needs=[making],
        payload={"require": [item.value for item in saving.require], "whole": True},
        workload=saving.workload,
    )


def _no_way_back(stand: Stand, tools: Mapping[str, Description]) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="no-way-back",
        subject=stand.place,
        message="--replace would delete it, and no tool here can save it first"
        f" (asked: {', '.join(tools) or 'none configured'})",
        way_out="map to another name, or delete the namespace yourself if nothing in it matters",
        cluster=stand.place.partition("/")[0],
    )
