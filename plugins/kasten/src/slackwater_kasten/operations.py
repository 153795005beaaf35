"""Operations as K10 shows them: actions, deletions of contents, and a policy being validated.

K10 offers no watch, so these are asked after: one list for each sort, whatever the number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slackwater.clusters import Resource
from slackwater.errors import PermissionDenied
from slackwater.model.operation import Operation, OperationRef, Phase, Progress
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.copies import point_name
from slackwater_kasten.deletion import retire_operation
from slackwater_kasten.importing import policy_operation, run_operation
from slackwater_kasten.listing import made_point
from slackwater_kasten.objects import Action, Content, Metadata, RestorePoint
from slackwater_kasten.resources import (
    BACKUP_ACTIONS,
    EXPORT_ACTIONS,
    RESTORE_ACTIONS,
    RESTORE_POINTS,
)
from slackwater_kasten.states import action_phase, deepest

ACTIONS: Mapping[str, Resource] = {
    "backup": BACKUP_ACTIONS,
    "export": EXPORT_ACTIONS,
    "restore": RESTORE_ACTIONS,
}
_HOPELESS = ("No artifacts provided.",)
"""Words of failures that would come again: there is nothing in the namespace to be exported."""
_AT_ONCE = 100
"""Values that one selector may list: long URLs are refused by proxies."""


@dataclass(frozen=True)
class Handle:
    """What a reference means: ``backup/NAMESPACE/NAME``, and so ``export``, ``restore``;
    ``run/NAMESPACE/NAME``, ``retire/CONTENT`` or ``policy/NAME``.
    """

    sort: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, ref: OperationRef) -> Handle:
        """Take a reference apart."""
        sort, *names = ref.handle.split("/")
        return cls(sort, tuple(names))

    @property
    def name(self) -> str:
        """The name of the object that stands for the operation."""
        return self.names[-1]

    @property
    def namespace(self) -> str:
        """The namespace of that object."""
        return self.names[0] if len(self.names) > 1 else ""


@dataclass(frozen=True)
class Operations:
    """Reads operations of one installation."""

    kasten: Kasten

    def read(self, refs: Sequence[OperationRef]) -> Iterator[Operation]:
        """Yield every operation that is still known."""
        sorts: dict[str, dict[OperationRef, Handle]] = {}
        for ref in dict.fromkeys(refs):
            handle = Handle.of(ref)
            sorts.setdefault(handle.sort, {})[ref] = handle
        for sort, kind in ACTIONS.items():
            yield from self._actions(kind, sorts.get(sort, {}))
        for ref, handle in sorts.get("run", {}).items():
            yield from run_operation(self.kasten, ref, handle.namespace, handle.name)
        for ref, handle in sorts.get("policy", {}).items():
            yield from policy_operation(self.kasten, ref, handle.name)
        yield from retire_operation(self.kasten, sorts.get("retire", {}))

    def _actions(
        self, kind: Resource, wanted: Mapping[OperationRef, Handle]
    ) -> Iterator[Operation]:
        found = self._named(kind, wanted.values())
        known = [action for h in wanted.values() if (action := found.get((h.namespace, h.name)))]
        points = self._points(kind, known)
        for ref, handle in wanted.items():
            if action := found.get((handle.namespace, handle.name)):
                yield _operation(ref, action, points.get(action.metadata.uid, ""))

    def _named(self, kind: Resource, handles: Iterable[Handle]) -> dict[tuple[str, str], Action]:
        """One by itself, several in one list by their keys' digests."""
        wanted = sorted({(handle.namespace, handle.name) for handle in handles})
        if len(wanted) == 1:
            ((space, name),) = wanted
            single = self.kasten.find(kind, name, Action, namespace=space)
            return {wanted[0]: single} if single else {}
        found: dict[tuple[str, str], Action] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            digests = sorted({name.rpartition("-")[2] for _, name in part})
            selector = f"{labels.KEY} in ({','.join(digests)})"
            for each in self.kasten.list_ours(kind, Action, selector):
                found[each.metadata.namespace, each.metadata.name] = each
        return found

    def _points(self, kind: Resource, actions: Iterable[Action]) -> dict[str, str]:
        """The names of the points that backups and exports made, by the uid of the action."""
        done = [each for each in actions if action_phase(each.state.state).usable]
        if kind == RESTORE_ACTIONS or not done:
            return {}
        if kind == EXPORT_ACTIONS:
            return {each.metadata.uid: made_point(each) for each in done}
        shown = self._restore_points(done)
        return {
            each.metadata.uid: _point_of(content, each)
            for each in done
            if (made := each.state.restore_point)
            and (content := shown.get((made.namespace or each.metadata.namespace, made.name)))
        }

    def _restore_points(self, actions: Sequence[Action]) -> dict[tuple[str, str], RestorePoint]:
        if len(actions) == 1:
            made, metadata = actions[0].state.restore_point, actions[0].metadata
            space, name = (made.namespace or metadata.namespace, made.name) if made else ("", "")
            single = (
                self.kasten.find(RESTORE_POINTS, name, RestorePoint, namespace=space)
                if name
                else None
            )
            return {(space, name): single} if single else {}
        spaces = sorted({each.metadata.namespace for each in actions})
        selector = f"{labels.APP_NAMESPACE} in ({','.join(spaces)})"
        try:
            found = list(self.kasten.list(RESTORE_POINTS, RestorePoint, selector=selector))
        except PermissionDenied:
            return {}
        return {(each.metadata.namespace, each.metadata.name): each for each in found}


def _point_of(shown: RestorePoint, action: Action) -> str:
    """The content's name and labels make the name of the point; a RestorePoint has them all."""
    found = shown.metadata.labels or action.metadata.labels
    return point_name(Content(metadata=Metadata(name=shown.content, labels=found)))


def _operation(ref: OperationRef, action: Action, point: str) -> Operation:
    state = action.state
    phase = action_phase(state.state)
    message = deepest(state.error) or _plain_failure(phase, state.state)
    return Operation(
        ref=ref,
        phase=phase,
        tool_phase=state.state or "Pending",
        progress=None if state.progress is None else _percent(state.progress),
        message=message,
        retryable=phase is Phase.FAILED and message not in _HOPELESS,
        point=point,
        began=state.start_time,
        ended=state.end_time,
    )


def _percent(progress: float) -> Progress:
    return Progress(done=int(progress), total=100, unit="percent")


def _plain_failure(phase: Phase, word: str) -> str:
    return f"K10 says {word} and gives no reason" if phase is Phase.FAILED else ""
