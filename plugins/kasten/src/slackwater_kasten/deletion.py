"""Plans and follows deletions. K10 deletes data only through the RestorePointContent.

Deleting a RestorePoint frees nothing. Deleting the content also removes the RestorePoint and makes
a RetireAction, which works on; it overrides every retention and cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.operation import Operation, OperationRef, Phase
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import Do, text
from slackwater_kasten.copies import Point
from slackwater_kasten.objects import Action, Content, Named
from slackwater_kasten.resources import CONTENTS, RETIRE_ACTIONS
from slackwater_kasten.states import action_phase, deepest
from slackwater_kasten.voice import Voice


class Handle(Protocol):
    """Names the content that is deleted."""

    @property
    def name(self) -> str:
        """The name of the content."""


def plan_deletion(point: Point, voice: Voice, store: str = "", kept: str = "") -> ActPlan:
    """Return an act for each copy: only when all are gone is the point gone. What a ``store`` has
    ``kept`` of the way to it goes last. Pure.
    """
    acts = [_act(content, number) for number, content in enumerate(point.contents)]
    if kept:
        acts.append(_forget(store, kept, tuple(act.id for act in acts)))
    late = voice.info(
        "space-later",
        point.name,
        "K10 releases the space of exports later: after its maintenance, and not before the "
        "protection period of an immutable location is over",
    )
    return ActPlan(acts=tuple(acts), findings=(late,) if point.exported else ())


def _act(content: Content, number: int) -> Act:
    name, place = content.metadata.name, content.export_profile
    where = f"profile {place}" if place else "this cluster"
    return Act(
        id=f"delete-{number + 1}" if number else "delete",
        kind=ActKind.OPERATED,
        title=f"K10 deletes {name} from {where}",
        effects=(
            f"removes RestorePointContent {name} and the RestorePoint that shows it",
            f"removes its data from {where}, for good",
        ),
        payload={"do": Do.RETIRE, "content": name, "uid": content.metadata.uid},
    )


def _forget(store: str, kept: str, needs: tuple[str, ...]) -> Act:
    return Act(
        id="forget-receive",
        kind=ActKind.PERFORMED,
        title=f"remove the way to the export from store {store}",
        needs=needs,
        effects=(f"removes {kept}, the encrypted receive string, from store {store}",),
        payload={"do": Do.FORGET_RECEIVE, "store": store, "kept": kept},
    )


def start_deletion(kasten: Kasten, act: Act) -> str:
    """Delete the content and return the handle; gone already is fine."""
    name = text(act.payload, "content")
    found = kasten.find(CONTENTS, name, Named)
    if found is not None and found.metadata.uid == text(act.payload, "uid"):
        kasten.delete(CONTENTS, name, uid=found.metadata.uid)
    return f"retire/{name}"


def retire_operation(kasten: Kasten, wanted: Mapping[OperationRef, Handle]) -> Iterator[Operation]:
    """Yield the state of deletions: the RetireActions, and whether the contents still stand."""
    if not wanted:
        return
    retiring = _retiring(kasten)
    for ref, handle in wanted.items():
        standing = kasten.find(CONTENTS, handle.name, Named) is not None
        yield _operation(ref, retiring.get(handle.name), standing=standing)


def _retiring(kasten: Kasten) -> dict[str, Action]:
    """RetireActions by the content that they retire; the newest of each.

    Who may not see them cannot tell a deletion that is done from one that K10 is still at.
    """
    found = list(kasten.list(RETIRE_ACTIONS, Action))
    found.sort(key=lambda each: str(each.metadata.creation_timestamp))
    return {each.spec.subject.name: each for each in found if each.spec.subject}


def _operation(ref: OperationRef, action: Action | None, *, standing: bool) -> Operation:
    if action is None:
        phase = Phase.RUNNING if standing else Phase.SUCCEEDED
        return Operation(ref=ref, phase=phase, tool_phase="Bound" if standing else "gone")
    phase = action_phase(action.state.state)
    if phase is Phase.SUCCEEDED and standing:
        phase = Phase.RUNNING
    return Operation(
        ref=ref,
        phase=phase,
        tool_phase=action.state.state or "Pending",
        message=deepest(action.state.error),
        began=action.state.start_time,
        ended=action.state.end_time,
    )
