"""After a control plane was turned back: is what later steps rest on still, or again, there?

The tools start anew from old records then, and find their stores again in their own time. So what
is not right yet is a failure in passing: it is looked at again as long as runs have patience.
"""

from __future__ import annotations

from slackwater.errors import (
    BackendUnavailable,
    ClusterUnreachable,
    PlanChanged,
    RecoveryPointNotFound,
)
from slackwater.model.recovery_point import PointId
from slackwater.model.run import RunState
from slackwater.planning.pinning import compare
from slackwater.planning.standing import Lookout, Stand
from slackwater.runs.call import Call
from slackwater.runs.observation import Done


def list_again(call: Call) -> Done:
    """See that the API server is back, is the pinned one, and that the tools are well."""
    cluster = call.step.cluster
    identity = call.world.cluster(cluster).identity()
    for pin in call.run.pins:
        if pin.cluster == cluster:
            compare(pin, identity)
    here = (r.step for r in call.run.steps if r.step.cluster == cluster and not r.state.ended)
    for tool in sorted({step.tool for step in here if step.tool and not step.act.always}):
        _require_well(call, tool)
    return Done(RunState.SUCCEEDED)


def _require_well(call: Call, tool: str) -> None:
    backend = call.world.backend(call.step.cluster, tool)
    described = backend.describe()
    if not described.available:
        raise _not_yet(call, tool, f"{tool} is not available: {described.reason}")
    wrong = [finding for finding in backend.check() if finding.stops_restores]
    if wrong:
        raise _not_yet(call, tool, f"{tool}: {wrong[0].message}")


def look_again(call: Call) -> Done:
    """See that a later step's point is there, and that its place is as the plan can bear it."""
    payload = call.step.act.payload
    _require_point(call, PointId.model_validate(payload["point"]), list(_texts(payload["seen_by"])))
    place = str(payload["place"])
    if place:
        namespace = place.partition("/")[2]
        cluster = call.world.cluster(call.step.cluster)
        stand = Lookout(cluster, call.world.own_records).look(namespace)
        _require_bearable(stand, str(payload["bears"]), str(payload["uid"]))
    return Done(RunState.SUCCEEDED)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def _require_point(call: Call, point: PointId, seen_by: list[str]) -> None:
    """Ask those who showed the point when the plan was made, the target first."""
    missing: RecoveryPointNotFound | None = None
    for cluster in sorted(seen_by, key=lambda name: name != call.step.cluster):
        try:
            call.world.backend(cluster, point.tool).get_recovery_point(point)
        except RecoveryPointNotFound as error:
            missing = error
        except (ClusterUnreachable, BackendUnavailable):
            continue  # the next one may answer; the plan has its store shown if nobody does
        else:
            return
    if missing is not None:
        raise _not_yet(call, point.tool, str(missing)) from missing


def _require_bearable(stand: Stand, bears: str, uid: str) -> None:
    """Raise ``PlanChanged`` where more, or another thing, stands there than the plan deals with."""
    if bears == "changes" or not stand.objects:
        return
    if bears == "replacing" and stand.uid == uid:
        return
    raise PlanChanged(
        f"{stand.place} has {len(stand.objects)} objects ({', '.join(stand.summary())}) since the"
        " control plane was turned back; the plan does not reckon with them",
        hint="plan this part again, now that the control plane is back",
    )


def _not_yet(call: Call, tool: str, message: str) -> BackendUnavailable:
    return BackendUnavailable(message, backend=tool, cluster=call.step.cluster)
