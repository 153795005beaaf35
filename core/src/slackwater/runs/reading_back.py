"""Reads the recovery point that a backup made, and judges it by what it really holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from slackwater.errors import BackendUnavailable
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import PointId, RecoveryPoint, Requirement, shortfalls
from slackwater.model.run import RunState
from slackwater.model.step import Step
from slackwater.runs.call import Call
from slackwater.runs.observation import Done


def read_back(call: Call) -> Done:
    """Read the point made by the step ``of``, keep its contents, and say what it lacks.

    A tool that is busy may not tell yet what is in it. That passes: it is asked again for a while,
    and only then is the point judged without its contents, which is never a good one.
    """
    step = call.step
    made = call.record(step.of).result.get("point")
    if not made:
        return Done(RunState.FAILED, f"step {step.of} has made no recovery point")
    backend = call.world.backend(step.cluster, step.tool)
    point = backend.get_recovery_point(point_id(made, step.tool))
    if point.usable and point.contents is None and _may_still_be_told(call):
        raise BackendUnavailable(_untold(point), backend=step.tool, cluster=step.cluster)
    call.ledger.remember_contents(point)
    return _judge(point, step)


def _may_still_be_told(call: Call) -> bool:
    """Counted from the first try, which the ledger knows: a killed process begins no new wait."""
    began = call.record(call.step.id).began
    untold = timedelta(seconds=call.timing.untold)
    return began is not None and call.clock() <= began + untold


def _untold(point: RecoveryPoint) -> str:
    why = "; ".join(finding.message for finding in point.findings)
    return f"what is in {point.name} cannot be told yet{f': {why}' if why else ''}"


def point_id(made: object, tool: str) -> PointId:
    """Return the identity of a point by what its backup left: all of it, or only the name."""
    if isinstance(made, Mapping):
        return PointId.model_validate(made)
    return PointId(tool=tool, store="", name=str(made))


def _judge(point: RecoveryPoint, step: Step) -> Done:
    lacking = _lacking(point, step)
    findings = (*point.findings, *(_finding(text, point, step) for text in lacking))
    result = {
        "point": point.id.model_dump(),
        "begin": point.begin.isoformat() if point.begin else "",
        "lacking": list(lacking),
    }
    if not lacking:
        return Done(RunState.SUCCEEDED, "", findings, result)
    good_enough = point.usable and not step.act.payload.get("whole")
    state = RunState.PARTIAL if good_enough else RunState.FAILED
    return Done(state, "; ".join(lacking), findings, result)


def _lacking(point: RecoveryPoint, step: Step) -> tuple[str, ...]:
    required = step.act.payload.get("require") or ()
    if not isinstance(required, (list, tuple)) or step.workload is None:
        raise TypeError(f"step {step.id} does not say what is required of which workload")
    return shortfalls(point, step.workload, tuple(Requirement(item) for item in required))


def _finding(lacking: str, point: RecoveryPoint, step: Step) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="requirement-missed",
        subject=str(step.workload),
        message=f"{point.name}: {lacking}",
        way_out="mend what was skipped and back up again, or require less of it",
        cluster=step.cluster,
        tool=step.tool,
    )
