"""The emulated backup controllers: queue, validation, work, finalising.

One step a tick: a backup is admitted, works for two ticks, waits for data movement if it has any,
is finalised. What runs is kept in memory only, as in the real server, so a kill loses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from slackwater_velero.emulator.choosing import (
    LEFT_OUT,
    BadPolicy,
    has_older_filters,
    policy_of,
    require_unmixed,
)
from slackwater_velero.emulator.cloud import Cloud, Folder, StoreError, backup_files, metadata_file
from slackwater_velero.emulator.collecting import Collected, chosen_namespaces, collect
from slackwater_velero.emulator.durations import parse_duration
from slackwater_velero.emulator.faults import Faults
from slackwater_velero.emulator.objects import (
    BACKUPS,
    LOCATIONS,
    Home,
    Object,
    name_of,
    phase_of,
    stamp,
)

DEFAULT_TTL = "720h0m0s"
_BUSY = ("ReadyToStart", "InProgress")


@dataclass
class _Work:
    """A backup that runs: what it found, and how many ticks it has worked."""

    collected: Collected
    ticks: int = 0
    failure: str = ""


@dataclass
class Backups:
    """Works on the Backups of one server."""

    home: Home
    cloud: Cloud
    faults: Faults
    concurrent: int = 1
    _running: dict[str, _Work] = field(default_factory=dict)

    def tick(self) -> None:
        """Take every backup one step further, and admit what may begin."""
        if not self.faults.stalled:
            for backup in self.home.all(BACKUPS):
                self._advance(backup)
        self.admit()

    def admit(self) -> None:
        """Queue what is new, and start the first in the queue that may."""
        for backup in self.home.all(BACKUPS):
            if phase_of(backup) in ("", "New"):
                self._set(backup, {"phase": "Queued", "queuePosition": self._last_position() + 1})
        while len(self._running) < self.concurrent and (next_one := self._first_runnable()):
            self._begin(next_one)

    def recover(self) -> None:
        """Do what a server does when it starts: what was in progress has failed."""
        self._running.clear()
        for backup in self.home.all(BACKUPS):
            if phase_of(backup) == "InProgress":
                reason = (
                    'found a backup with status "InProgress" during the server starting, '
                    'mark it as "Failed"'
                )
                self._set(
                    backup,
                    {
                        "phase": "Failed",
                        "failureReason": reason,
                        "completionTimestamp": self.home.now(),
                    },
                )

    def is_running(self, name: str) -> bool:
        """Whether the server works on a backup, as its memory has it."""
        return name in self._running

    def _last_position(self) -> int:
        queued = (each for each in self.home.all(BACKUPS) if phase_of(each) == "Queued")
        return max((each["status"].get("queuePosition", 0) for each in queued), default=0)

    def _first_runnable(self) -> Object | None:
        """The first in the queue that shares no namespace with what runs or waits before it."""
        everything = self.home.all(BACKUPS)
        taken: set[str] = set()
        for backup in everything:
            if phase_of(backup) in _BUSY:
                taken.update(chosen_namespaces(self.home.api, backup["spec"]))
        queued = [each for each in everything if phase_of(each) == "Queued"]
        for backup in sorted(queued, key=lambda each: each["status"].get("queuePosition", 0)):
            wanted = set(chosen_namespaces(self.home.api, backup["spec"]))
            if not wanted & taken:
                return backup
            taken |= wanted
        return None

    def _begin(self, backup: Object) -> None:
        started = self._set(backup, {"phase": "ReadyToStart", "queuePosition": None})
        if started is None:
            return
        completed = self._complete_spec(started)
        errors = self._validation_errors(completed)
        if errors:
            self._set(completed, {"phase": "FailedValidation", "validationErrors": errors})
            return
        policy = policy_of(self.home, completed["spec"])
        collected = collect(self.home.api, completed["spec"], policy)
        self._running[name_of(backup)] = _Work(collected, failure=self.faults.take_failure())
        total = len(collected.objects)
        self._set(
            completed,
            {
                "phase": "InProgress",
                "startTimestamp": self.home.now(),
                "progress": {"totalItems": total, "itemsBackedUp": 0},
            },
        )

    def _complete_spec(self, backup: Object) -> Object:
        """Fill in what the server writes into the spec of every backup."""
        spec = backup["spec"]
        ttl = spec.get("ttl") or DEFAULT_TTL
        location = spec.get("storageLocation") or self._default_location()
        change: Object = {
            "metadata": {
                "labels": {"velero.io/storage-location": location},
                "annotations": {"velero.io/source-cluster-k8s-gitversion": "v1.36.3"},
            },
            "spec": {
                "ttl": ttl,
                "storageLocation": location,
                "includedNamespaces": spec.get("includedNamespaces") or ["*"],
                "csiSnapshotTimeout": spec.get("csiSnapshotTimeout") or "10m0s",
                "itemOperationTimeout": spec.get("itemOperationTimeout") or "4h0m0s",
                "snapshotMoveData": bool(spec.get("snapshotMoveData")),
                "defaultVolumesToFsBackup": bool(spec.get("defaultVolumesToFsBackup")),
                "volumeGroupSnapshotLabelKey": "velero.io/volume-group",
                **_left_out(spec),
                "excludedNamespaces": self._without_marked(spec),
            },
            "status": {
                "expiration": stamp(self.home.clock() + (parse_duration(ttl) or timedelta())),
                "formatVersion": "1.1.0",
                "version": 1,
            },
        }
        return self.home.change(BACKUPS, backup, change) or backup

    def _without_marked(self, spec: Object) -> list[str]:
        """Velero adds the namespaces that are labelled so."""
        marked = map(name_of, self.home.api.list("namespaces", labels=f"{LEFT_OUT}=true"))
        return [*(spec.get("excludedNamespaces") or ()), *marked]

    def _default_location(self) -> str:
        marked = (each for each in self.home.all(LOCATIONS) if each["spec"].get("default"))
        return next(map(name_of, marked), "default")

    def _validation_errors(self, backup: Object) -> list[str]:
        name = backup["spec"]["storageLocation"]
        location = self.home.find(LOCATIONS, name)
        if location is None:
            said = "an existing backup storage location was not specified at backup creation time"
            return [f"{said} and the default {name} was not found"]
        errors = []
        if location["spec"].get("accessMode") == "ReadOnly":
            errors.append(
                f"backup can't be created because backup storage location {name} is currently in "
                "read-only mode"
            )
        if phase_of(location) != "Available":
            errors.append(
                f"backup can't be created because BackupStorageLocation {name} is in Unavailable "
                "status."
            )
        try:
            require_unmixed(policy_of(self.home, backup["spec"]), backup["spec"])
        except BadPolicy as error:
            errors.append(str(error))
        return errors

    def _advance(self, backup: Object) -> None:
        match phase_of(backup):
            case "InProgress":
                self._work_on(backup)
            case "WaitingForPluginOperations":
                self._set(backup, {"phase": "Finalizing"})
            case "Finalizing":
                self._finalize(backup)

    def _work_on(self, backup: Object) -> None:
        work = self._running.get(name_of(backup))
        if work is None:
            return
        work.ticks += 1
        total = len(work.collected.objects)
        if work.ticks == 1:
            self._set(backup, {"progress": {"totalItems": total, "itemsBackedUp": total // 2}})
            return
        del self._running[name_of(backup)]
        try:
            self._upload(backup, work)
        except StoreError as error:
            self._fail(backup, str(error))

    def _upload(self, backup: Object, work: _Work) -> None:
        name, collected = name_of(backup), work.collected
        folder = self._folder(backup)
        if folder.has(metadata_file(name)):
            self._fail(backup, "backup already exists in object storage")
            return
        warning = self.faults.take_warning()
        files = backup_files(name)
        folder.put(files["BackupLog"], _log(name, collected, work.failure))
        folder.put(files["BackupResults"], _results(warning, work.failure))
        if work.failure:
            self._fail(backup, work.failure)
            return
        folder.put(files["BackupVolumeInfos"], collected.volumes)
        folder.put(files["BackupResourceList"], collected.resource_list())
        folder.put(files["BackupContents"], collected.objects)
        moving = any(each.get("snapshotDataMoved") for each in collected.volumes)
        total = len(collected.objects)
        self._set(
            backup,
            {
                "phase": "WaitingForPluginOperations" if moving else "Finalizing",
                "progress": {"totalItems": total, "itemsBackedUp": total},
                "warnings": int(bool(warning)),
            },
        )

    def _finalize(self, backup: Object) -> None:
        """Real servers, too, try again for ever while the store does not answer."""
        done = {"phase": "Completed", "completionTimestamp": self.home.now()}
        finished = dict(backup) | {"status": backup["status"] | done}
        try:
            self._folder(backup).put(metadata_file(name_of(backup)), finished)
        except StoreError:
            return
        self._set(backup, done)

    def _folder(self, backup: Object) -> Folder:
        location = self.home.find(LOCATIONS, backup["spec"]["storageLocation"])
        if location is None:
            raise StoreError("the location is gone")
        return self.cloud.folder(location)

    def _fail(self, backup: Object, why: str) -> None:
        status = {
            "phase": "Failed",
            "failureReason": f"backup execution failed: {why}",
            "completionTimestamp": self.home.now(),
        }
        self._set(backup, status)

    def _set(self, backup: Object, status: Object) -> Object | None:
        return self.home.change(BACKUPS, backup, {"status": status})


def _left_out(spec: Object) -> Object:
    """What the server adds to every spec, in the fields that it uses."""
    added = {
        "excludedClusterScopedResources": "volumesnapshotcontents.snapshot.storage.k8s.io",
        "excludedNamespaceScopedResources": "volumesnapshots.snapshot.storage.k8s.io",
    }
    if has_older_filters(spec):
        own = spec.get("excludedResources") or []
        return {"excludedResources": [*own, *added.values()]}
    given = {field: spec.get(field) or [] for field in added}
    return {
        field: given[field] if "*" in given[field] else [*given[field], kind]
        for field, kind in added.items()
    }


def _results(warning: str, failure: str) -> Object:
    return {
        "errors": {"velero": [failure]} if failure else {},
        "warnings": {"velero": [warning]} if warning else {},
    }


def _log(name: str, collected: Collected, failure: str) -> str:
    lines = [f'level=info msg="Setting up backup log" backup=velero/{name}']
    lines += [
        f'level=info msg="Backing up item" backup=velero/{name} name={name_of(each)}'
        for each in collected.objects
    ]
    if failure:
        lines.append(f'level=error msg="{failure}" backup=velero/{name}')
    return "\n".join(lines)
