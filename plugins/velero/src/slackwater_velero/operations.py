"""Operations as Velero shows them: Backups, Restores, deletions, and the sync of a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from slackwater.clusters import Resource
from slackwater.model.operation import Operation, OperationRef, Phase
from slackwater_velero import labels
from slackwater_velero.access import Velero
from slackwater_velero.deletion_state import deletion_operation
from slackwater_velero.locations import read_locations
from slackwater_velero.movers import (
    BACK,
    OF_BACKUP,
    OF_RESTORE,
    OUTWARDS,
    Movers,
    given_up,
    movements,
    not_brought_back,
    unfinished,
)
from slackwater_velero.objects import Backup, DeleteRequest, Restore
from slackwater_velero.operation_states import backup_operation, restore_operation
from slackwater_velero.resources import BACKUPS, DELETE_REQUESTS, RESTORES
from slackwater_velero.sync import sync_operation
from slackwater_velero.voice import Voice
from slackwater_velero.watchdogs import backup_stuck, restore_stuck

Found = TypeVar("Found", Backup, Restore, DeleteRequest)

_AT_ONCE = 100
"""Names that one selector may list: long URLs are refused by proxies."""


@dataclass(frozen=True)
class Handle:
    """What a reference means.

    ``backup/NAME``, ``restore/NAME``, ``deletion/BACKUP/REQUEST`` or ``sync/LOCATION/BACKUP``.
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


@dataclass(frozen=True)
class Operations:
    """Reads operations of one installation at one time."""

    velero: Velero
    voice: Voice
    now: datetime
    movers: Movers

    def read(self, refs: Sequence[OperationRef]) -> Iterator[Operation]:
        """Yield every operation that is still known. One request for each sort, or few."""
        sorts: dict[str, dict[OperationRef, Handle]] = {}
        for ref in dict.fromkeys(refs):
            handle = Handle.of(ref)
            sorts.setdefault(handle.sort, {})[ref] = handle
        yield from self._backups(sorts.get("backup", {}))
        yield from self._restores(sorts.get("restore", {}))
        yield from self._deletions(sorts.get("deletion", {}))
        yield from self._syncs(sorts.get("sync", {}))

    def _backups(self, wanted: Mapping[OperationRef, Handle]) -> Iterator[Operation]:
        found = self._named(BACKUPS, Backup, (handle.name for handle in wanted.values()))
        for ref, handle in wanted.items():
            if backup := found.get(handle.name):
                stuck = backup_stuck(backup, self.velero, self.voice, self.now)
                yield self._moving_out(backup_operation(ref, backup, stuck), handle.name)

    def _restores(self, wanted: Mapping[OperationRef, Handle]) -> Iterator[Operation]:
        found = self._named(RESTORES, Restore, (handle.name for handle in wanted.values()))
        for ref, handle in wanted.items():
            if restore := found.get(handle.name):
                stuck = restore_stuck(restore, self.voice, self.now)
                yield self._moving_back(restore_operation(ref, restore, stuck), handle.name)

    def _moving_out(self, operation: Operation, backup: str) -> Operation:
        """Give up what Velero waits for in vain."""
        if operation.phase is not Phase.RUNNING:
            return operation
        gone = self.movers.gone(OUTWARDS, OF_BACKUP, backup, operation.began)
        return given_up(operation, gone, self.voice) if gone else operation

    def _moving_back(self, operation: Operation, restore: str) -> Operation:
        """Give up what Velero waits for in vain, and name volumes that did not come back.

        Another Restore would keep the pods that wait for the data of this one: not worth a try.
        """
        if operation.phase is Phase.RUNNING:
            gone = self.movers.gone(BACK, OF_RESTORE, restore, operation.began)
            return given_up(operation, gone, self.voice) if gone else operation
        if operation.phase not in (Phase.FAILED, Phase.PARTIAL):
            return operation
        left = unfinished(movements(self.velero, BACK, OF_RESTORE, restore))
        if not left:
            return operation
        findings = (*operation.findings, *not_brought_back(left, self.voice))
        return operation.model_copy(update={"findings": findings, "retryable": False})

    def _deletions(self, wanted: Mapping[OperationRef, Handle]) -> Iterator[Operation]:
        if not wanted:
            return
        requests = {
            each.metadata.name: each for each in self.velero.list(DELETE_REQUESTS, DeleteRequest)
        }
        for ref, handle in wanted.items():
            backup, request = handle.names
            standing = self.velero.find(BACKUPS, backup, Backup)
            others = [each for each in requests.values() if each.spec.backup_name == backup]
            yield deletion_operation(ref, standing, requests.get(request), others)

    def _syncs(self, wanted: Mapping[OperationRef, Handle]) -> Iterator[Operation]:
        if not wanted:
            return
        locations = read_locations(self.velero)
        for ref, handle in wanted.items():
            location, backup = handle.names
            standing = self.velero.find(BACKUPS, backup, Backup)
            yield sync_operation(ref, locations.get(location), standing, self.voice)

    def _named(self, kind: Resource, into: type[Found], names: Iterable[str]) -> dict[str, Found]:
        """Objects of ours by name: one by itself, several in one list by their keys' digests."""
        wanted = sorted(set(names))
        if len(wanted) == 1:
            single = self.velero.find(kind, wanted[0], into)
            return {wanted[0]: single} if single else {}
        found: dict[str, Found] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            digests = {name.rpartition("-")[2] for name in wanted[start : start + _AT_ONCE]}
            selector = f"{labels.KEY} in ({','.join(sorted(digests))})"
            for each in self.velero.list(kind, into, selector=selector):
                found[each.metadata.name] = each
        return found
