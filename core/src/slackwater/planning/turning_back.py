"""Plans around a control plane: what follows it, and what later steps in that cluster wait for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slackwater.clusters import Volume, take_inventory
from slackwater.errors import SlackwaterError
from slackwater.model.request import Existing, RestoreRequest
from slackwater.model.step import OwnAct, Step
from slackwater.model.workload import WorkloadKind
from slackwater.planning import turning_back_findings as say
from slackwater.planning.draft import Draft


def follow_control_plane(draft: Draft, request: RestoreRequest, steps: Iterable[str]) -> None:
    """Let everything that is still to come in the cluster wait until it was listed again."""
    cluster = request.target
    again = draft.assembly.add_own(
        OwnAct.LIST_AGAIN,
        cluster,
        f"list {cluster} again: its API server, the same cluster, its tools",
        needs=_unless_always(draft.assembly.steps, steps),
        effects=("waits until they answer; changes nothing",),
    )
    draft.gates[cluster] = [again]
    at = f"{draft.wish.moment.at:%Y-%m-%dT%H:%M:%SZ}"
    draft.findings.append(say.turned_back(cluster, request.point))
    draft.findings += say.volumes_stay(cluster, _volumes_that_stay(draft, cluster), at)
    draft.findings += say.newer_points(cluster, request.point, draft.catalogue.points)


def follow_cluster_objects(draft: Draft, request: RestoreRequest, steps: Iterable[str]) -> None:
    """Let the namespaces of the target wait for kinds and whatever else belongs to none."""
    waited = _unless_always(draft.assembly.steps, steps)
    draft.gates[request.target] = [*draft.gates[request.target], *waited]


def before(draft: Draft, request: RestoreRequest) -> list[str]:
    """Return the steps after which a workload comes; where its cluster is turned back, look again.

    What the plan found at its place, and of its recovery point, is older than the cluster then.
    """
    gates = draft.gates[request.target]
    if (
        request.target not in draft.turned_back
        or request.workload.kind is WorkloadKind.CONTROL_PLANE
    ):
        return gates
    point, place = request.point, ""
    if request.namespace:
        place = f"{request.target}/{request.namespace}"
    stand = draft.stands.get(place)
    about = f"{place} and {point.name}" if place else point.name
    look = draft.assembly.add_own(
        OwnAct.LOOK_AGAIN,
        request.target,
        f"look again at {about}",
        needs=gates,
        effects=("goes on only where they are as the steps after it need them",),
        payload={
            "point": point.id.model_dump(),
            "seen_by": [shown.cluster for shown in point.places],
            "place": place,
            "bears": _bears(draft, request),
            "uid": stand.uid if stand else "",
        },
        workload=request.workload,
    )
    return [look]


def _bears(draft: Draft, request: RestoreRequest) -> str:
    if request.existing is Existing.UPDATE:
        return "changes"
    return "replacing" if draft.wish.replace else "nothing"


def _unless_always(steps: Sequence[Step], ids: Iterable[str]) -> list[str]:
    clean_up = {step.id for step in steps if step.act.always}
    return [step for step in dict.fromkeys(ids) if step not in clean_up]


def _volumes_that_stay(draft: Draft, cluster: str) -> Sequence[Volume] | None:
    if not draft.pins[cluster].seen:
        return None
    try:
        found = take_inventory(draft.connections.cluster(cluster)).volumes
    except SlackwaterError:
        return None
    return [each for each in found if f"{cluster}/{each.namespace}" not in draft.following]
