"""The emulated controllers around stores: validation, sync, the collector, deletion."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from slackwater.testing.kubernetes_api import ApiError
from slackwater_velero.emulator.cloud import Cloud, Folder, StoreError, metadata_file
from slackwater_velero.emulator.objects import (
    BACKUPS,
    DELETE_REQUESTS,
    LOCATIONS,
    RESTORES,
    Home,
    Object,
    moment_of,
    name_of,
    phase_of,
)
from slackwater_velero.labels import label_value

_SYNCED = ("Completed", "PartiallyFailed", "Failed")


@dataclass
class Stores:
    """Works on the locations of one server. ``sync_every``: how often it looks for backups."""

    home: Home
    cloud: Cloud
    is_running: Callable[[str], bool]
    sync_every: timedelta
    _synced: dict[str, datetime] = field(default_factory=dict)

    def tick(self) -> None:
        """Look at every location, then at what is to be deleted."""
        for location in self.home.all(LOCATIONS):
            self._validate(location)
        for location in self.home.all(LOCATIONS):
            if phase_of(location) == "Available" and self._is_due(name_of(location)):
                self._sync(location)
        for backup in self.home.all(BACKUPS):
            self._collect_garbage(backup)
        for request in self.home.all(DELETE_REQUESTS):
            if phase_of(request) in ("", "New"):
                self._delete(request)

    def _validate(self, location: Object) -> None:
        status: Object = {"phase": "Available", "message": ""}
        try:
            self.cloud.folder(location)
        except StoreError as error:
            message = f'BackupStorageLocation "{name_of(location)}" is unavailable: {error}'
            status = {"phase": "Unavailable", "message": message}
        current = location.get("status") or {}
        if any(current.get(key, "") != value for key, value in status.items()):
            status["lastValidationTime"] = self.home.now()
            self.home.change(LOCATIONS, location, {"status": status})

    def _is_due(self, name: str) -> bool:
        last = self._synced.get(name)
        return last is None or self.home.clock() >= last + self.sync_every

    def _sync(self, location: Object) -> None:
        """Names are compared, and nothing else: whatever has the name already stays."""
        self._synced[name_of(location)] = self.home.clock()
        folder = self.cloud.folder(location)
        stored = set(folder.folders("backups"))
        known = {name_of(each) for each in self.home.all(BACKUPS)}
        for name in sorted(stored - known):
            self._show(folder, name, location)
        self._drop_orphans(location, stored)
        self.home.change(LOCATIONS, location, {"status": {"lastSyncedTime": self.home.now()}})

    def _show(self, folder: Folder, name: str, location: Object) -> None:
        if not folder.has(metadata_file(name)):
            return
        backup = folder.get(metadata_file(name))
        if phase_of(backup) not in _SYNCED:
            return
        metadata = backup["metadata"]
        for word in ("uid", "resourceVersion", "creationTimestamp", "ownerReferences"):
            metadata.pop(word, None)
        metadata["namespace"] = self.home.namespace
        label = label_value(name_of(location))
        metadata.setdefault("labels", {})["velero.io/storage-location"] = label
        backup["spec"]["storageLocation"] = name_of(location)
        backup["spec"].pop("hooks", None)
        with suppress(ApiError):
            self.home.api.create(backup)

    def _drop_orphans(self, location: Object, stored: set[str]) -> None:
        for backup in self.home.all(BACKUPS):
            ours = backup["spec"].get("storageLocation") == name_of(location)
            ended = phase_of(backup) in ("Completed", "PartiallyFailed")
            if ours and ended and name_of(backup) not in stored:
                self.home.delete(BACKUPS, name_of(backup))

    def _collect_garbage(self, backup: Object) -> None:
        """By age alone, whatever the phase; only where the location may be written to."""
        expires = moment_of((backup.get("status") or {}).get("expiration"))
        if expires is None or expires > self.home.clock():
            return
        location = self.home.find(LOCATIONS, backup["spec"].get("storageLocation", ""))
        if location is None or location["spec"].get("accessMode") == "ReadOnly":
            why = "BSLNotFound" if location is None else "BSLReadOnly"
            change = {"metadata": {"labels": {"velero.io/gc-failure": why}}}
            self.home.change(BACKUPS, backup, change)
            return
        pending = (r for r in self.home.all(DELETE_REQUESTS) if phase_of(r) != "Processed")
        if not any(r["spec"].get("backupName") == name_of(backup) for r in pending):
            self.home.api.create(self._request(backup))

    def _request(self, backup: Object) -> Object:
        name = name_of(backup)
        return {
            "apiVersion": "velero.io/v1",
            "kind": "DeleteBackupRequest",
            "metadata": {
                "name": f"{name}-{secrets.token_hex(3)}",
                "namespace": self.home.namespace,
                "labels": {
                    "velero.io/backup-name": label_value(name),
                    "velero.io/backup-uid": backup["metadata"]["uid"],
                },
            },
            "spec": {"backupName": name},
        }

    def _delete(self, request: Object) -> None:
        name = request["spec"].get("backupName", "")
        for other in self.home.all(DELETE_REQUESTS):
            if other["spec"].get("backupName") == name and name_of(other) != name_of(request):
                self.home.delete(DELETE_REQUESTS, name_of(other))
        backup = self.home.find(BACKUPS, name)
        location = backup and self.home.find(LOCATIONS, backup["spec"].get("storageLocation", ""))
        refusal = self._refusal(name, backup, location)
        if refusal or not backup or not location:
            self._processed(request, refusal)
            return
        self.home.change(BACKUPS, backup, {"status": {"phase": "Deleting"}})
        try:
            self.cloud.folder(location).remove(f"backups/{name}")
        except StoreError as error:
            self._processed(request, f"error removing backup from backup storage: {error}")
            return
        for restore in self.home.all(RESTORES):
            if restore["spec"].get("backupName") == name:
                self.home.delete(RESTORES, name_of(restore))
        self.home.delete(BACKUPS, name)
        self.home.delete(DELETE_REQUESTS, name_of(request))

    def _refusal(self, name: str, backup: Object | None, location: Object | None) -> str:
        if self.is_running(name):
            return "backup is still in progress"
        if backup is None:
            return "backup not found"
        where = backup["spec"].get("storageLocation", "")
        if location is None:
            return f"backup storage location {where} not found"
        if location["spec"].get("accessMode") == "ReadOnly":
            return (
                f"cannot delete backup because backup storage location {where} is currently in "
                "read-only mode"
            )
        if phase_of(location) != "Available":
            return (
                f"cannot delete backup because backup storage location {where} is currently in "
                "Unavailable state"
            )
        return ""

    def _processed(self, request: Object, error: str) -> None:
        status = {"phase": "Processed", "errors": [error]}
        self.home.change(DELETE_REQUESTS, request, {"status": status})
