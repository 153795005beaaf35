"""What happens to a step: (record, observation) → record. Pure; the whole of it is here.

    pending ─begin→ running ─begin→ running …            each try is counted before its effect
            ─ask──→ waiting ─Confirmed→ succeeded         a person's act
            ─skip─→ skipped

    running ─Started──→ running, with the reference
            ─Seen─────→ running | succeeded | partial | failed | cancelled
                        | running under the next generation, where a failure is worth it
            ─Done─────→ succeeded | partial | failed
            ─Stumbled─→ running, the same key again
            ─Failed, Vanished→ failed         ─Stopped→ cancelled

A record that has ended never changes again, whatever is observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from slackwater.model.act import ActKind
from slackwater.model.finding import Finding, Severity
from slackwater.model.operation import Operation, Phase
from slackwater.model.run import RunState, StepRecord
from slackwater.runs.observation import (
    Advanced,
    Confirmed,
    Done,
    Failed,
    Observation,
    Seen,
    Started,
    Stopped,
    Stumbled,
    Vanished,
)
from slackwater.runs.timing import Timing

_END_OF_PHASE = {
    Phase.SUCCEEDED: RunState.SUCCEEDED,
    Phase.PARTIAL: RunState.PARTIAL,
    Phase.FAILED: RunState.FAILED,
    Phase.CANCELLED: RunState.CANCELLED,
}


def begin(record: StepRecord, now: datetime) -> StepRecord:
    """Record the intent of a try, before its effect. ``began`` is that of the generation."""
    return _changed(
        record, state=RunState.RUNNING, attempt=record.attempt + 1, began=record.began or now
    )


def ask(record: StepRecord, now: datetime) -> StepRecord:
    """Let a step wait for a person."""
    return _changed(record, state=RunState.WAITING, attempt=1, began=now)


def skip(record: StepRecord, why: str, now: datetime) -> StepRecord:
    """End a step that was never begun."""
    return _changed(record, state=RunState.SKIPPED, message=why, ended=now)


def give_up(record: StepRecord, now: datetime) -> StepRecord:
    """End a step of a cancelled run that nobody is at work on.

    Nothing may be started once a run is cancelled, not even to look whether it was started.
    """
    unsure = record.step.act.kind is ActKind.OPERATED and record.ref is None
    findings = (_unsure(record),) if unsure else ()
    return _end(record, RunState.CANCELLED, now, "stopped, as the run was cancelled", findings)


def deadline(record: StepRecord, timing: Timing) -> datetime | None:
    """Return when the step must have ended; None as long as it has not begun."""
    if record.began is None:
        return None
    return record.began + timedelta(seconds=record.step.act.timeout or timing.longest)


def overdue(record: StepRecord, now: datetime, timing: Timing) -> bool:
    """Whether the step should have ended before."""
    limit = deadline(record, timing)
    return limit is not None and now > limit


def after(  # noqa: PLR0911  one line for each observation is what makes it readable
    record: StepRecord, seen: Observation, now: datetime, timing: Timing
) -> StepRecord:
    """Return what becomes of a step by what was observed."""
    if record.state.ended:
        return record
    match seen:
        case Started(ref):
            return _changed(record, ref=ref, message="")
        case Advanced(progress):
            return _changed(record, progress=progress, message="")
        case Seen():
            return _after_look(record, seen, now, timing)
        case Vanished():
            return _end(record, RunState.FAILED, now, _vanished(record))
        case Done():
            result = {**record.result, **seen.result}
            return _end(record, seen.state, now, seen.message, seen.findings, result)
        case Stumbled() if overdue(record, now, timing):
            said = f"{too_long(record, timing)}; {seen.message}"
            return _end(record, RunState.FAILED, now, said)
        case Stumbled(message=message):
            return _changed(record, message=f"tries again: {message}")
        case Failed(message, findings):
            return _end(record, RunState.FAILED, now, message, findings)
        case Stopped(message):
            return _end(record, RunState.CANCELLED, now, message)
        case Confirmed(who):
            result = {**record.result, "confirmed_by": who}
            return _end(record, RunState.SUCCEEDED, now, f"confirmed by {who}", result=result)


def _after_look(record: StepRecord, seen: Seen, now: datetime, timing: Timing) -> StepRecord:
    operation = seen.operation
    record = _changed(
        record,
        progress=operation.progress or record.progress,
        tool_phase=operation.tool_phase or operation.phase.value,
        findings=operation.findings,
        message=operation.message,
    )
    if operation.phase.terminal:
        return _after_end(record, seen, now, timing)
    if seen.overdue:
        said = f"{too_long(record, timing)}; last seen: {record.tool_phase}"
        return _end(record, RunState.FAILED, now, said, result=_left(record, seen))
    return record


def _after_end(record: StepRecord, seen: Seen, now: datetime, timing: Timing) -> StepRecord:
    operation = seen.operation
    if operation.phase is Phase.FAILED and _worth_another(record, operation, timing):
        return _changed(
            record,
            generation=record.generation + 1,
            ref=None,
            progress=None,
            tool_phase="",
            began=now,
            message=f"tried anew after: {operation.message or operation.tool_phase}",
        )
    state = _END_OF_PHASE[operation.phase]
    return _end(record, state, now, operation.message, result=_left(record, seen))


def _worth_another(record: StepRecord, operation: Operation, timing: Timing) -> bool:
    return operation.retryable and record.generation < timing.generations


def _left(record: StepRecord, seen: Seen) -> Mapping[str, object]:
    """What an operation leaves for later steps and for whoever asks why it failed."""
    left: dict[str, object] = dict(record.result)
    if seen.operation.point:
        left["point"] = seen.operation.point
    if seen.explanation is not None:
        left["explanation"] = seen.explanation.model_dump(mode="json")
    return left


def too_long(record: StepRecord, timing: Timing) -> str:
    """Say how long was waited in vain."""
    allowed = timedelta(seconds=record.step.act.timeout or timing.longest)
    return f"no end after {allowed}"


def _vanished(record: StepRecord) -> str:
    if record.tool_phase:
        return f"{record.ref} is gone; it was last seen as {record.tool_phase}"
    return f"{record.ref} was started and never appeared"


def _unsure(record: StepRecord) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="may-have-begun",
        subject=record.step.act.title,
        message="whether it was begun before the run was cancelled is not known;"
        " nothing was started to find out",
        way_out="look in the tool",
        cluster=record.step.cluster,
        tool=record.step.tool,
    )


def _end(  # noqa: PLR0917  the six things that an end consists of
    record: StepRecord,
    state: RunState,
    now: datetime,
    message: str,
    findings: tuple[Finding, ...] = (),
    result: Mapping[str, object] | None = None,
) -> StepRecord:
    return _changed(
        record,
        state=state,
        ended=now,
        message=message,
        findings=(*record.findings, *findings),
        result=record.result if result is None else result,
    )


def _changed(record: StepRecord, **values: object) -> StepRecord:
    return record.model_copy(update=values)
