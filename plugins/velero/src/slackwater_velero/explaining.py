"""Why an operation is as it is: Velero's own errors, the tail of its log, where to look further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slackwater.errors import OperationNotFound
from slackwater.model.operation import Explanation, OperationRef
from slackwater_velero.access import Velero
from slackwater_velero.downloads import Downloads, Missing, Target
from slackwater_velero.locations import Location, read_locations
from slackwater_velero.objects import Backup, DeleteRequest, Restore, StorageLocation
from slackwater_velero.operations import Handle
from slackwater_velero.resources import BACKUPS, DELETE_REQUESTS, LOCATIONS, RESTORES
from slackwater_velero.results import read_results
from slackwater_velero.voice import TOOL, Voice

TAIL = 20
"""Lines of a log that are shown."""


@dataclass(frozen=True)
class Explainer:
    """Explains operations of one installation."""

    velero: Velero
    downloads: Downloads
    voice: Voice

    def explain(self, ref: OperationRef) -> Explanation:
        """Return the explanation. Raises ``OperationNotFound``."""
        handle = Handle.of(ref)
        match handle.sort:
            case "backup":
                return self._backup(handle.name)
            case "restore":
                return self._restore(handle.name)
            case "deletion":
                return self._deletion(*handle.names)
            case "sync":
                return self._sync(*handle.names)
        raise _not_found(ref.handle, self.velero)

    def _backup(self, name: str) -> Explanation:
        backup = self.velero.find(BACKUPS, name, Backup)
        if backup is None:
            raise _not_found(f"backup {name}", self.velero)
        state = backup.state
        said = _own_words(state.failure_reason, state.validation_errors)
        command = self._command("backup", name)
        if state.start_timestamp is None or state.completion_timestamp is None:
            return Explanation(errors=said, native_command=command)
        location = read_locations(self.velero).get(backup.spec.storage_location or "")
        targets = (Target.BACKUP_RESULTS, Target.BACKUP_LOG)
        return self._with_files(said, command, targets, name, location)

    def _restore(self, name: str) -> Explanation:
        restore = self.velero.find(RESTORES, name, Restore)
        if restore is None:
            raise _not_found(f"restore {name}", self.velero)
        state = restore.state
        said = _own_words(state.failure_reason, state.validation_errors)
        command = self._command("restore", name)
        if state.start_timestamp is None or state.completion_timestamp is None:
            return Explanation(errors=said, native_command=command)
        backup = self.velero.find(BACKUPS, restore.spec.backup_name, Backup)
        where = (backup.spec.storage_location if backup else "") or ""
        location = read_locations(self.velero).get(where)
        targets = (Target.RESTORE_RESULTS, Target.RESTORE_LOG)
        return self._with_files(said, command, targets, name, location)

    def _with_files(
        self,
        said: tuple[str, ...],
        command: str,
        targets: tuple[Target, Target],
        name: str,
        location: Location | None,
    ) -> Explanation:
        """Add what lies in the store. What cannot be read is said so, in the place of the log."""
        if location is None:
            return Explanation(errors=said, native_command=command)
        files = self.downloads.read(targets, name, location)
        results, log = files[targets[0]], files[targets[1]]
        errors = () if isinstance(results, Missing) else read_results(results).errors
        tail = (f"(no log: {log.reason})",) if isinstance(log, Missing) else _tail(log)
        return Explanation(errors=(*said, *errors), log_tail=tail, native_command=command)

    def _deletion(self, backup: str, request: str) -> Explanation:
        found = self.velero.find(DELETE_REQUESTS, request, DeleteRequest)
        errors = (found.status.errors if found and found.status else None) or ()
        command = self.voice.kubectl(
            f"get deletebackuprequests -l velero.io/backup-name={backup} -o yaml"
        )
        return Explanation(errors=tuple(errors), native_command=command)

    def _sync(self, location: str, backup: str) -> Explanation:
        found = self.velero.find(LOCATIONS, location, StorageLocation)
        message = found.status.message if found and found.status else ""
        command = self.voice.kubectl(
            f"get backupstoragelocation/{location} backup/{backup} -o yaml"
        )
        return Explanation(errors=(message,) if message else (), native_command=command)

    def _command(self, sort: str, name: str) -> str:
        native = f"velero -n {self.voice.namespace} {sort} describe {name} --details"
        return f"{native}   or   {self.voice.kubectl(f'get {sort} {name} -o yaml')}"


def _own_words(reason: str, errors: Sequence[str] | None) -> tuple[str, ...]:
    return (*([reason] if reason else []), *(errors or ()))


def _tail(log: bytes) -> tuple[str, ...]:
    return tuple(log.decode("utf-8", "replace").splitlines()[-TAIL:])


def _not_found(what: str, velero: Velero) -> OperationNotFound:
    return OperationNotFound(
        f"Velero in {velero.cluster.name} knows no {what} (any more)",
        backend=TOOL,
        cluster=velero.cluster.name,
    )
