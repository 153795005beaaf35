"""The acts of core itself: each takes what it may know and returns how it ended.

They are performed like those of a tool: repeatable, in a thread, told when to stop.

``check-target``      needs no payload: it asks every tool that the run uses in the cluster.
``read-back``         reads what the step ``of`` has made. Payload: ``require`` (requirements to be
                      met), ``whole`` (true: anything lacking is a failure, not a partial success).
``stamp-mark``        its needs are the read-backs of the parts. Payload: ``mark``, the name.
``refuse``            payload: ``reason``.
``delete-namespace``  payload: ``namespace``, and the ``uid`` it had when the plan was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slackwater.model.run import RunState
from slackwater.model.step import OwnAct
from slackwater.runs.call import Call
from slackwater.runs.deleting import delete_namespace
from slackwater.runs.looking_again import list_again, look_again
from slackwater.runs.marking import stamp_mark
from slackwater.runs.observation import Done
from slackwater.runs.reading_back import read_back


def check_target(call: Call) -> Done:
    """Ask the run's tools in the cluster what is wrong; what stops restores forbids to go on.

    Where a control plane is turned back, only its own tool is asked: the others may be down with
    the API server, and are asked when it is back.
    """
    cluster, alone = call.step.cluster, call.step.act.without_api
    here = (r.step for r in call.run.steps if r.step.cluster == cluster and r.step.tool)
    used = {step.tool for step in here if step.act.without_api or not alone}
    findings = tuple(
        finding for tool in sorted(used) for finding in call.world.backend(cluster, tool).check()
    )
    wrong = [finding for finding in findings if finding.stops_restores]
    if wrong:
        return Done(RunState.FAILED, wrong[0].message, findings)
    return Done(RunState.SUCCEEDED, findings=findings)


def refuse(call: Call) -> Done:
    """Fail with the reason that planning found: nobody can do this part."""
    return Done(RunState.FAILED, str(call.step.act.payload["reason"]))


OWN_ACTS: Mapping[OwnAct, Callable[[Call], Done]] = {
    OwnAct.CHECK_TARGET: check_target,
    OwnAct.READ_BACK: read_back,
    OwnAct.STAMP_MARK: stamp_mark,
    OwnAct.REFUSE: refuse,
    OwnAct.DELETE_NAMESPACE: delete_namespace,
    OwnAct.LIST_AGAIN: list_again,
    OwnAct.LOOK_AGAIN: look_again,
}
