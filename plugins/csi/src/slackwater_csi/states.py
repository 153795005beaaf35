"""What a snapshot's status means. Pure.

Ready is only what says so itself *and* is bound both ways, uid included: the API asks consumers to
look (client/apis/volumesnapshot/v1). ``error`` is progress: the controller tries again and takes it
back. So the only ends are ready, gone, and our own deadline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from slackwater.model.operation import Operation, OperationRef, Phase, Progress
from slackwater_csi import labels
from slackwater_csi.objects import Content, Metadata, Snapshot

_A_CONTROLLER_TAKES = timedelta(seconds=10)
_MORE_FOR_EACH = timedelta(seconds=2)
"""Measured: within a second when it has nothing else to do, and 2 s for each at its default QPS."""


class Word(StrEnum):
    """How far one snapshot is, in our words."""

    UNSEEN = "not looked at"
    WORKING = "in the making"
    COMPLAINING = "error, tried again"
    READY = "ready"
    LEAVING = "being deleted"
    STRANGE = "in a state that is not known"


@dataclass(frozen=True)
class State:
    """One snapshot as it was seen; ``message`` says what it waits for, or what is strange."""

    word: Word
    message: str = ""


def state_of(snapshot: Snapshot, contents: Mapping[str, Content]) -> State:
    """Judge a snapshot by itself and its content."""
    if snapshot.metadata.deletion_timestamp is not None:
        return State(Word.LEAVING, f"{snapshot.name} is being deleted by somebody")
    status = snapshot.status
    if status is None:
        return State(
            Word.UNSEEN,
            f"{snapshot.name} waits for snapshot-controller",
        )
    if status.ready_to_use is True:
        why = mismatch(snapshot, contents.get(snapshot.content))
        return State(Word.STRANGE, why) if why else State(Word.READY)
    if status.ready_to_use not in (False, None):
        return State(Word.STRANGE, f"{snapshot.name}: readyToUse is {status.ready_to_use!r}")
    if snapshot.said:
        return State(Word.COMPLAINING, f"{snapshot.name}: {snapshot.said}")
    return State(Word.WORKING, _waits_for(snapshot))


def mismatch(snapshot: Snapshot, content: Content | None) -> str:
    """Say how snapshot and content do not belong together; empty where they do."""
    if content is None:
        return f"{snapshot.name} says ready, and its content {snapshot.content} is not there"
    ref, metadata = content.spec.volume_snapshot_ref, snapshot.metadata
    if (ref.namespace, ref.name, ref.uid) != (metadata.namespace, metadata.name, metadata.uid):
        return (
            f"{snapshot.name} says ready, and its content {content.name} belongs to "
            f"{ref.namespace}/{ref.name} ({ref.uid or 'no uid'})"
        )
    told, given = content.handle, content.spec.source.snapshot_handle
    if not told:
        return f"{snapshot.name} says ready, and its content {content.name} names no snapshot"
    if given and told != given:
        return f"{content.name} was to show {given}, and shows {told}"
    return ""


def operation_of(
    ref: OperationRef,
    expected: int,
    found: Sequence[Snapshot],
    contents: Mapping[str, Content],
    now: datetime,
) -> Operation:
    """Judge all snapshots of one operation together."""
    states = [_impatient(state_of(s, contents), s, expected, now) for s in found]
    ready = sum(state.word is Word.READY for state in states)
    phase, message = _phase(states, expected)
    late = not phase.terminal and overdue([each.metadata for each in found], now)
    if late:
        said = message or "its driver gives no reason"
        phase, message = Phase.FAILED, f"not ready in time; last seen: {said}"
    return Operation(
        ref=ref,
        phase=phase,
        tool_phase=_tool_phase(states, ready, expected),
        progress=Progress(done=ready, total=expected, unit="snapshots"),
        message=message,
        retryable=late,
        began=began([each.metadata for each in found]),
    )


def taken_of(
    judged: Operation, done: int, expected: int, made: Sequence[Metadata], now: datetime
) -> Operation:
    """Judge whether all snapshots are taken, ready or not: so long pods are held for them.

    ``done`` are taken, and ``made`` is what was made for them. What fails here is not tried again,
    for pods would be held on.
    """
    found: dict[str, object] = {
        "tool_phase": f"{done} of {expected} taken",
        "progress": Progress(done=done, total=expected, unit="snapshots"),
        "retryable": False,
    }
    if judged.phase is Phase.FAILED:
        return judged.model_copy(update=found)
    if done >= expected:
        return judged.model_copy(update={**found, "phase": Phase.SUCCEEDED, "message": ""})
    if not overdue(made, now, labels.HELD_WITHIN):
        return judged.model_copy(update={**found, "phase": Phase.RUNNING})
    said = judged.message or "its driver gives no reason"
    late = f"not taken in the time for which pods may be held; last seen: {said}"
    return judged.model_copy(update={**found, "phase": Phase.FAILED, "message": late})


def is_taken(snapshot: Snapshot) -> bool:
    """Whether its moment has passed: that is told before its data is where it belongs."""
    ready = snapshot.status is not None and snapshot.status.ready_to_use is True
    return ready or snapshot.taken is not None


def unseen_for_long(metadata: Metadata, expected: int, now: datetime) -> bool:
    """Whether nobody has looked at an object for longer than a controller reasonably takes."""
    made = metadata.creation_timestamp
    return made is not None and now > made + _A_CONTROLLER_TAKES + expected * _MORE_FOR_EACH


def _impatient(state: State, snapshot: Snapshot, expected: int, now: datetime) -> State:
    if state.word is not Word.UNSEEN or not unseen_for_long(snapshot.metadata, expected, now):
        return state
    why = f"no controller has looked at {snapshot.name} yet: is snapshot-controller running?"
    return State(Word.UNSEEN, why)


# What one snapshot makes of all, the gravest first.
_MAKES_OF_ALL = {
    Word.LEAVING: Phase.FAILED,
    Word.STRANGE: Phase.UNKNOWN,
    Word.COMPLAINING: Phase.RUNNING,
    Word.WORKING: Phase.RUNNING,
    Word.UNSEEN: Phase.RUNNING,
    Word.READY: Phase.SUCCEEDED,
}


def _phase(states: Sequence[State], expected: int) -> tuple[Phase, str]:
    by_word = {state.word: state for state in states}
    if Word.LEAVING not in by_word and len(states) < expected:
        return Phase.FAILED, f"{expected - len(states)} of {expected} snapshots are gone"
    worst = next((word for word in _MAKES_OF_ALL if word in by_word), Word.READY)
    message = by_word[worst].message if worst in by_word else ""
    alone = set(by_word) == {Word.UNSEEN}
    return (Phase.PENDING if alone else _MAKES_OF_ALL[worst]), message


def _tool_phase(states: Sequence[State], ready: int, expected: int) -> str:
    worst = next((s.word for s in states if s.word is not Word.READY), Word.READY)
    return f"{ready} of {expected} ready" + ("" if worst is Word.READY else f", {worst}")


def began(found: Sequence[Metadata]) -> datetime | None:
    """Return when the first of some objects was created."""
    times = [each.creation_timestamp for each in found if each.creation_timestamp]
    return min(times) if times else None


def overdue(found: Sequence[Metadata], now: datetime, within: str = labels.WITHIN) -> bool:
    """Whether objects are older than they were given, by their own annotation."""
    first = began(found)
    seconds = max((float(each.annotation(within) or 0) for each in found), default=0)
    return first is not None and seconds > 0 and now > first + timedelta(seconds=seconds)


def _waits_for(snapshot: Snapshot) -> str:
    status = snapshot.status
    if status is None or not status.bound_volume_snapshot_content_name:
        return f"{snapshot.name} has no content yet"
    if status.creation_time is None:
        return (
            f"{snapshot.content} waits for its driver: is there a csi-snapshotter beside it, and "
            "has the driver snapshots at all?"
        )
    return f"{snapshot.name} was taken and is not ready yet"
