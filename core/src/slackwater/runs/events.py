"""What followers read: events, derived from what was recorded, so that the two cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from slackwater.model.run import Run, StepRecord


class EventKind(StrEnum):
    """What an event tells. The data of each is listed here."""

    ASKED = "asked"
    """The run was submitted: title, kind."""
    RUN = "run"
    """The run's state changed: state, message."""
    STEP = "step"
    """A step changed: state, attempt, generation, message, ref, tool_phase, title."""
    PROGRESS = "progress"
    """A step is further than before: done, total, unit, tool_phase."""
    CANCEL_ASKED = "cancel asked"
    """Somebody wants the run to stop."""
    CONFIRMED = "confirmed"
    """A person says that a step is done: who."""


REQUESTS = (EventKind.ASKED, EventKind.CANCEL_ASKED, EventKind.CONFIRMED)
"""The kinds by which any process asks something of the one that executes."""


class Change(NamedTuple):
    """An event in the making."""

    kind: EventKind
    step: str
    data: Mapping[str, object]


def changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield what is new in ``after``: steps first, the run last."""
    for old, new in zip(before.steps, after.steps, strict=True):
        if old is new:
            continue
        if _facts(old) != _facts(new):
            yield Change(EventKind.STEP, new.step.id, _facts(new))
        elif new.progress is not None and new.progress != old.progress:
            data = {**new.progress.model_dump(mode="json"), "tool_phase": new.tool_phase}
            yield Change(EventKind.PROGRESS, new.step.id, data)
    if (before.state, before.message) != (after.state, after.message):
        yield Change(EventKind.RUN, "", {"state": after.state.value, "message": after.message})


def _facts(record: StepRecord) -> Mapping[str, object]:
    return {
        "state": record.state.value,
        "attempt": record.attempt,
        "generation": record.generation,
        "message": record.message,
        "ref": str(record.ref) if record.ref else "",
        "tool_phase": record.tool_phase,
        "title": record.step.act.title,
    }
