"""Removes a namespace of the target, as the plan said, and waits until it is gone."""

from __future__ import annotations

from slackwater.backend import Stopped
from slackwater.clusters import Cluster, Object
from slackwater.clusters.resources import NAMESPACES
from slackwater.errors import ObjectConflict, ObjectNotFound, PlanChanged, RunTimedOut
from slackwater.model.run import RunState
from slackwater.runs.call import Call
from slackwater.runs.observation import Done
from slackwater.runs.reporting import StopReason


def delete_namespace(call: Call) -> Done:
    """Delete this very namespace, by its UID, and wait. One that is gone already is fine."""
    name, uid = str(call.step.act.payload["namespace"]), str(call.step.act.payload["uid"])
    cluster = call.world.cluster(call.step.cluster)
    while (found := _find(cluster, name)) is not None:
        _require_same(found, name, uid)
        if call.report.reason is StopReason.OVERDUE:
            raise RunTimedOut(f"namespace {name} is still there: {_why_still_there(found)}")
        if call.report.stopping:
            raise Stopped
        if "deletionTimestamp" not in found["metadata"]:
            _delete(cluster, name, uid)
        call.report.wait(call.timing.poll_first)
    return Done(RunState.SUCCEEDED, f"namespace {name} is gone")


def _find(cluster: Cluster, name: str) -> Object | None:
    try:
        return cluster.get(NAMESPACES.path(name=name))
    except ObjectNotFound:
        return None


def _delete(cluster: Cluster, name: str, uid: str) -> None:
    try:
        cluster.delete(NAMESPACES.path(name=name), uid=uid)
    except ObjectNotFound:
        return
    except ObjectConflict as error:
        raise _another(name) from error


def _require_same(found: Object, name: str, uid: str) -> None:
    if found["metadata"]["uid"] != uid:
        raise _another(name)


def _another(name: str) -> PlanChanged:
    return PlanChanged(
        f"another namespace {name} stands there than when the plan was made; it was not deleted",
        hint="see who made it, and plan again",
    )


def _why_still_there(found: Object) -> str:
    conditions = found.get("status", {}).get("conditions", [])
    said = [item["message"] for item in conditions if item.get("status") == "True"]
    return "; ".join(said) or "its objects are still being removed"
