"""What a graph of steps allows next, and what its end means. Pure functions of the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from slackwater.errors import RunError
from slackwater.model.act import ActKind
from slackwater.model.run import Run, RunKind, RunRequest, RunState, StepRecord
from slackwater.model.step import Step
from slackwater.runs.transition import ask, give_up, skip

_WELL = (RunState.SUCCEEDED, RunState.PARTIAL)
Records = Mapping[str, StepRecord]


def check_graph(request: RunRequest) -> None:
    """Raise ``RunError`` where steps are named twice, need unknown ones or each other."""
    needs = {step.id: step.needs for step in request.steps}
    if len(needs) < len(request.steps):
        raise RunError(f"run {request.id}: two of its steps have the same id")
    unknown = {need for step in request.steps for need in step.needs} - needs.keys()
    if unknown:
        raise RunError(f"run {request.id}: no such steps: {', '.join(sorted(unknown))}")
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise RunError(f"run {request.id}: steps need each other: {circle}") from error


def ready(run: Run) -> list[StepRecord]:
    """Return the steps that may be begun now, in the order of the plan."""
    records = _by_id(run)
    return [
        record
        for record in run.steps
        if record.state is RunState.PENDING
        and record.step.act.kind is not ActKind.PERSON
        and _free(record, records)
        and not _why_never(run, record, records)
    ]


def settle(run: Run, now: datetime) -> Run:
    """Draw all consequences: skip what can never be begun, ask persons, state of the run."""
    records = _by_id(run)
    while changed := _consequences(run, records, now):
        records.update({record.step.id: record for record in changed})
    steps = tuple(records.values())
    state = state_of(run.kind, steps, cancelling=run.cancelling)
    values: dict[str, object] = {"steps": steps, "state": state}
    if state is not RunState.PENDING and run.began is None:
        values["began"] = now
    if state.ended and run.ended is None:
        values |= {"ended": now, "message": _reason(steps)}
    return run.model_copy(update=values)


def _reason(steps: Sequence[StepRecord]) -> str:
    """Say what went wrong first; empty where nothing did."""
    for state in (RunState.FAILED, RunState.PARTIAL, RunState.CANCELLED):
        for record in steps:
            if record.state is state:
                return f"{record.step.act.title}: {record.message or state}"
    return ""


def _consequences(run: Run, records: Records, now: datetime) -> list[StepRecord]:
    changed = []
    for record in records.values():
        if record.state is RunState.WAITING and run.cancelling and not record.step.act.always:
            changed.append(give_up(record, now))
        if record.state is not RunState.PENDING:
            continue
        if why := _why_never(run, record, records):
            changed.append(skip(record, why, now))
        elif record.step.act.kind is ActKind.PERSON and _free(record, records):
            changed.append(ask(record, now))
    return changed


def _free(record: StepRecord, records: Records) -> bool:
    """Whether all that comes before has ended; whether it may be begun at all is asked before."""
    return all(records[need].state.ended for need in record.step.needs)


def _why_never(run: Run, record: StepRecord, records: Records) -> str:
    """Say why a pending step will never be begun; empty when it still may be."""
    needs = [records[need] for need in record.step.needs]
    if record.step.act.always:
        begun = not needs or any(need.attempt or not need.state.ended for need in needs)
        return "" if begun else "nothing of what it follows was begun"
    if run.cancelling:
        return "the run was cancelled"
    broken = [need for need in needs if need.state.ended and need.state not in _WELL]
    if broken:
        return f"{broken[0].step.act.title}: {broken[0].state}"
    return ""


def state_of(kind: RunKind, steps: Sequence[StepRecord], *, cancelling: bool) -> RunState:
    """Return the state of a run: a function of its steps."""
    if all(record.state.ended for record in steps):
        return _end_state(kind, steps, cancelling=cancelling)
    if not any(record.attempt or record.state.ended for record in steps):
        return RunState.PENDING
    return RunState.RUNNING if _can_go_on(steps) else RunState.WAITING


def _can_go_on(steps: Sequence[StepRecord]) -> bool:
    """Whether anything happens without a person. Settled steps only."""
    records = {record.step.id: record for record in steps}
    return any(
        record.state is RunState.RUNNING
        or (record.state is RunState.PENDING and _free(record, records))
        for record in steps
    )


def _end_state(kind: RunKind, steps: Sequence[StepRecord], *, cancelling: bool) -> RunState:
    states = {record.state for record in steps if not _idle_clean_up(record)}
    if cancelling and states & {RunState.CANCELLED, RunState.SKIPPED}:
        return RunState.CANCELLED
    if states <= {RunState.SUCCEEDED}:
        return RunState.SUCCEEDED
    usable = any(_came_well(parts) for parts in _fruits(kind, steps))
    return RunState.PARTIAL if usable else RunState.FAILED


def _idle_clean_up(record: StepRecord) -> bool:
    return record.step.act.always and record.state is RunState.SKIPPED


def _came_well(parts: Iterable[StepRecord]) -> bool:
    return all(record.state in _WELL for record in parts)


def _fruits(kind: RunKind, steps: Sequence[StepRecord]) -> list[list[StepRecord]]:
    """Group the steps by what they are for: a run of which one group came well is not for nothing.

    A restore is for the workloads it writes, not for those it only saves on the way; other runs
    for their workloads; a run without any for each act of its tools.
    """
    groups: dict[object, list[StepRecord]] = defaultdict(list)
    for record in steps:
        if not record.step.act.always:
            groups[_purpose(record.step)].append(record)
    if kind is RunKind.RESTORE and (written := _with_any(groups, lambda step: bool(step.writes))):
        return written
    workloads = _with_any(groups, lambda step: step.workload is not None)
    return workloads or _with_any(groups, lambda step: step.own is None)


def _purpose(step: Step) -> object:
    return step.id if step.workload is None else (step.cluster, step.workload)


def _with_any(
    groups: Mapping[object, list[StepRecord]], worthy: Callable[[Step], bool]
) -> list[list[StepRecord]]:
    return [group for group in groups.values() if any(worthy(record.step) for record in group)]


def overlap(ours: Iterable[str], theirs: Iterable[str]) -> str:
    """Return a place that both write to, or empty. A cluster holds all of its namespaces."""
    others = list(theirs)
    for place in ours:
        for other in others:
            if place == other or _within(place, other) or _within(other, place):
                return place
    return ""


def _within(place: str, larger: str) -> bool:
    return place.startswith(f"{larger}/")


def _by_id(run: Run) -> dict[str, StepRecord]:
    return {record.step.id: record for record in run.steps}
