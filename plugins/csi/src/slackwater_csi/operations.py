"""Operations as the cluster shows them: snapshots, groups, claims, and workloads coming to rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slackwater.model.operation import Operation, OperationRef, Phase
from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.claiming import claims_operation
from slackwater_csi.objects import Claim, GroupSnapshot, Metadata, Snapshot, StorageClass
from slackwater_csi.reading import contents_of, members, of_keys
from slackwater_csi.resources import CLAIMS, STORAGE, GroupKinds
from slackwater_csi.scaling import rest_operation
from slackwater_csi.starting import in_selector
from slackwater_csi.states import is_taken, operation_of, taken_of, unseen_for_long

_GROUP_WAITS = {
    True: "the group is not ready yet",
    False: "no controller has looked at the group yet: is snapshot-controller running, with the "
    "feature gate CSIVolumeGroupSnapshot? (groups: false in the fleet file does without)",
}
SORTS = ("snapshots", "taken", "ready", "show", "group", "claims", "stop")
_OF_SNAPSHOTS = ("snapshots", "taken", "ready", "show", "group")


@dataclass(frozen=True)
class Handle:
    """What a reference means: ``snapshots/NAMESPACE/DIGEST/COUNT``, and so ``show``, ``claims``,
    ``stop``; ``group/…/VERSION`` for a group. Where pods are held it is ``taken`` at first, and
    ``ready`` later, for a group with a version too.
    """

    sort: str
    namespace: str
    digest: str
    count: int
    version: str = ""

    @property
    def grouped(self) -> bool:
        """Whether the snapshots are taken as a group."""
        return bool(self.version)

    @classmethod
    def of(cls, ref: OperationRef) -> Handle | None:
        """Take a reference apart; None where it is none of ours."""
        parts = ref.handle.split("/")
        if parts[0] not in SORTS or len(parts) < 4 or not parts[3].isdigit():
            return None
        return cls(parts[0], parts[1], parts[2], int(parts[3]), parts[4] if parts[4:] else "")


Handles = Mapping[OperationRef, Handle]


@dataclass(frozen=True)
class Operations:
    """Reads operations of one cluster; ``now`` tells which are late."""

    here: Here
    now: Callable[[], datetime]

    def read(self, refs: Sequence[OperationRef]) -> Iterator[Operation]:
        """Yield every operation that is still known."""
        handles = {ref: handle for ref in refs if (handle := Handle.of(ref))}
        taken = _only(handles, *_OF_SNAPSHOTS)
        yield from self._snapshots({r: each for r, each in taken.items() if not each.grouped})
        for ref, handle in taken.items():
            yield from self._group(ref, handle) if handle.grouped else ()
        yield from self._claims(_only(handles, "claims"))
        for ref, handle in _only(handles, "stop").items():
            yield rest_operation(self.here, ref, handle.digest, handle.namespace)

    def snapshots_of(self, handle: Handle) -> list[Snapshot]:
        """Return the snapshots of an operation."""
        if handle.grouped:
            return [m for g in self._groups(handle) for m in members_of(self.here, g)]
        return of_keys(self.here, [handle.digest]).get(handle.digest, [])

    def claims_of(self, handle: Handle) -> list[Claim]:
        """Return the claims of an operation."""
        selector = f"{labels.KEY}={handle.digest}"
        return list(self.here.list(CLAIMS, Claim, selector=selector))

    def groups_of(self, handle: Handle) -> Sequence[GroupSnapshot]:
        """Return the group of an operation."""
        return self._groups(handle) if handle.grouped else []

    def _snapshots(self, handles: Handles) -> Iterator[Operation]:
        if not handles:
            return
        found = of_keys(self.here, (handle.digest for handle in handles.values()))
        contents = contents_of(self.here, (each for group in found.values() for each in group))
        for ref, handle in handles.items():
            own = found.get(handle.digest, [])
            if own or not handle.count:
                judged = operation_of(ref, handle.count, own, contents, self.now())
                done = sum(map(is_taken, own))
                yield self._by_sort(handle, judged, done, [each.metadata for each in own])

    def _group(self, ref: OperationRef, handle: Handle) -> Iterator[Operation]:
        for group in self._groups(handle):
            own = members_of(self.here, group)
            whole = group.status is not None and group.status.ready_to_use is True
            judged = operation_of(ref, handle.count, own, contents_of(self.here, own), self.now())
            taken = whole or (group.status is not None and group.status.creation_time is not None)
            done = handle.count if taken else sum(map(is_taken, own))
            found = judged if whole else self._unready(judged, group)
            yield self._by_sort(handle, found, done, [group.metadata])

    def _by_sort(
        self, handle: Handle, judged: Operation, done: int, made: Sequence[Metadata]
    ) -> Operation:
        """Other snapshots are made only by the act that has begun these, never by a later one."""
        if handle.sort == "taken":
            return taken_of(judged, done, handle.count, made, self.now())
        return judged.model_copy(update={"retryable": False}) if handle.sort == "ready" else judged

    def _unready(self, judged: Operation, group: GroupSnapshot) -> Operation:
        """Members come after their group: that some are missing yet is no failure."""
        one = Snapshot(metadata=group.metadata)
        late = operation_of(judged.ref, 1, [one], {}, self.now()).phase is Phase.FAILED
        said = group.said or self._group_waits(group)
        return judged.model_copy(
            update={
                "phase": Phase.FAILED if late else Phase.RUNNING,
                "message": f"not ready in time; last seen: {said}" if late else said,
                "retryable": late,
            }
        )

    def _group_waits(self, group: GroupSnapshot) -> str:
        seen = group.status is not None
        if seen or unseen_for_long(group.metadata, 1, self.now()):
            return _GROUP_WAITS[seen]
        return f"{group.name} waits for snapshot-controller"

    def _groups(self, handle: Handle) -> Sequence[GroupSnapshot]:
        kind = GroupKinds(handle.version).snapshots
        selector = f"{labels.KEY}={handle.digest}"
        return self.here.list_if_served(kind, GroupSnapshot, selector=selector)

    def _claims(self, handles: Handles) -> Iterator[Operation]:
        if not handles:
            return
        digests = sorted({handle.digest for handle in handles.values()})
        found = list(self.here.list(CLAIMS, Claim, selector=in_selector(digests, labels.KEY)))
        waiting = any(not claim.bound for claim in found)
        classes = list(self.here.list(STORAGE, StorageClass)) if waiting else []
        waits = {each.name for each in classes if each.waits}
        for ref, handle in handles.items():
            own = [each for each in found if each.metadata.label(labels.KEY) == handle.digest]
            if own or not handle.count:
                yield claims_operation(
                    ref, handle.count, own, waits=waits, now=self.now(), cluster=self.here.name
                )


def members_of(here: Here, group: GroupSnapshot) -> list[Snapshot]:
    """Return the members of a group."""
    return members(here, group.metadata.namespace, group.name)


def _only(handles: Handles, *sorts: str) -> Handles:
    return {ref: handle for ref, handle in handles.items() if handle.sort in sorts}
