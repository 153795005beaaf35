"""Writes the measured spread on the points of a mark, and records whether all are there."""

from __future__ import annotations

from datetime import datetime

from slackwater.backend import Stamping
from slackwater.backend.wrappers import as_role
from slackwater.ledger import Mark, MarkPart
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import PointId
from slackwater.model.run import RunState, StepRecord
from slackwater.model.workload import Workload
from slackwater.runs.call import Call
from slackwater.runs.observation import Done


def stamp_mark(call: Call) -> Done:
    """Measure, stamp and record the mark. One with a missing part is known as incomplete."""
    records = [call.record(need) for need in call.step.needs]
    mark = measure(_name(call), call.run.id, call.clock(), records)
    for record, part in zip(records, mark.parts, strict=True):
        if part.point is None or mark.spread is None:
            continue
        backend = as_role(call.world.backend(record.step.cluster, record.step.tool), Stamping)
        if backend is not None:
            backend.stamp(part.point, {"mark": mark.name, "spread": f"{mark.spread:.3f}"})
    call.ledger.keep_mark(mark)
    return _outcome(mark)


def measure(name: str, run: str, at: datetime, records: list[StepRecord]) -> Mark:
    """Make the mark out of the read-backs of its parts."""
    parts = tuple(_part(record) for record in records)
    begins = [part.begin for part in parts if part.begin is not None]
    spread = (max(begins) - min(begins)).total_seconds() if begins else None
    return Mark(name=name, run=run, at=at, parts=parts, spread=spread)


def _part(record: StepRecord) -> MarkPart:
    point, begin = record.result.get("point"), record.result.get("begin")
    good = record.state is RunState.SUCCEEDED
    return MarkPart(
        workload=record.step.workload or Workload(cluster=record.step.cluster),
        point=PointId.model_validate(point) if point else None,
        begin=datetime.fromisoformat(str(begin)) if begin else None,
        lacking="" if good else record.message or str(record.state),
    )


def _outcome(mark: Mark) -> Done:
    result = {"mark": mark.name, "spread": mark.spread, "complete": mark.complete}
    if mark.complete:
        said = f"{len(mark.parts)} parts, spread {mark.spread or 0:.1f} s"
        return Done(RunState.SUCCEEDED, said, (), result)
    findings = tuple(_missing(mark, part) for part in mark.missing)
    said = f"the mark {mark.name} lacks {len(mark.missing)} of {len(mark.parts)} parts"
    return Done(RunState.PARTIAL, said, findings, result)


def _missing(mark: Mark, part: MarkPart) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="mark-incomplete",
        subject=str(part.workload),
        message=f"it has no good recovery point in the mark {mark.name}: {part.lacking}",
        way_out="mend what failed, then set a new mark",
        cluster=part.workload.cluster,
    )


def _name(call: Call) -> str:
    return str(call.step.act.payload["mark"])
