"""The emulated restore controllers: strictly one at a time, with the finalizer of the real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slackwater_velero.emulator.choosing import BadPolicy, policy_of
from slackwater_velero.emulator.cloud import Cloud, StoreError, backup_files, restore_files
from slackwater_velero.emulator.faults import Faults
from slackwater_velero.emulator.modifying import BadRules, read_rules
from slackwater_velero.emulator.objects import (
    BACKUPS,
    LOCATIONS,
    RESTORES,
    Home,
    Object,
    name_of,
    phase_of,
)
from slackwater_velero.emulator.restoring import Restoring

FINALIZER = "restores.velero.io/external-resources-finalizer"
_EXCLUDED = ["nodes", "events", "backups.velero.io", "restores.velero.io"]


@dataclass
class Restores:
    """Works on the Restores of one server."""

    home: Home
    cloud: Cloud
    faults: Faults
    _running: set[str] = field(default_factory=set)

    def tick(self) -> None:
        """Take every restore one step further, and begin the next if none is working."""
        for restore in self.home.all(RESTORES):
            if restore["metadata"].get("deletionTimestamp"):
                self._release(restore)
            elif not self.faults.stalled:
                self._advance(restore)
        self.admit()

    def admit(self) -> None:
        """Begin the first that is new, unless one is working."""
        for restore in self.home.all(RESTORES):
            if self._running:
                return
            if phase_of(restore) in ("", "New") and not restore["metadata"].get(
                "deletionTimestamp"
            ):
                self._begin(restore)

    def recover(self) -> None:
        """Do what a server does when it starts: what was in progress has failed."""
        self._running.clear()
        for restore in self.home.all(RESTORES):
            if phase_of(restore) == "InProgress":
                reason = (
                    'found a restore with status "InProgress" during the server starting, '
                    'mark it as "Failed"'
                )
                self._end(restore, "Failed", failureReason=reason)

    def _begin(self, restore: Object) -> None:
        held = self.home.change(
            RESTORES,
            restore,
            {
                "metadata": {"finalizers": [FINALIZER]},
                "spec": {
                    "excludedResources": [
                        *(restore["spec"].get("excludedResources") or ()),
                        *_EXCLUDED,
                    ],
                    "itemOperationTimeout": "4h0m0s",
                },
            },
        )
        if held is None:
            return
        errors = self._validation_errors(held)
        if errors:
            self._set(held, {"phase": "FailedValidation", "validationErrors": errors})
            return
        self._running.add(name_of(restore))
        self._set(held, {"phase": "InProgress", "startTimestamp": self.home.now()})

    def _validation_errors(self, restore: Object) -> list[str]:
        spec, namespace = restore["spec"], self.home.namespace
        name = spec.get("backupName")
        if not name or spec.get("scheduleName"):
            said = "Either a backup or schedule must be specified as a source for the restore"
            return [f"{said}, but not both"]
        backup = self.home.find(BACKUPS, name)
        if backup is None:
            said = f"Error retrieving backup: can't find backup {namespace}/{name}"
            return [f'{said}: Backup.velero.io "{name}" not found']
        location = self.home.find(LOCATIONS, backup["spec"].get("storageLocation", ""))
        if location is None or phase_of(location) != "Available":
            where = backup["spec"].get("storageLocation")
            return [f"The BSL {where} is unavailable, cannot retrieve the backup"]
        try:
            self._rules(restore)
            policy_of(self.home, spec)
        except (BadRules, BadPolicy) as error:
            return [str(error)]
        return []

    def _rules(self, restore: Object) -> list[Object]:
        reference = restore["spec"].get("resourceModifier")
        if not reference or reference.get("kind", "").lower() != "configmap":
            return []
        config_map = self.home.find("configmaps", reference["name"])
        if config_map is None:
            raise BadRules(
                "failed to get resource modifiers configmap "
                f"{self.home.namespace}/{reference['name']}"
            )
        return read_rules(config_map)

    def _advance(self, restore: Object) -> None:
        match phase_of(restore):
            case "InProgress" if name_of(restore) in self._running:
                self._running.discard(name_of(restore))
                self._work_on(restore)
            case "Finalizing":
                self._end(restore, "Completed")
            case "FinalizingPartiallyFailed":
                self._end(restore, "PartiallyFailed")

    def _work_on(self, restore: Object) -> None:
        failure = self.faults.take_failure()
        if failure:
            self._end(restore, "Failed", failureReason=f"restore execution failed: {failure}")
            return
        try:
            self._bring_back(restore)
        except StoreError as error:
            reason = f"restore execution failed: error downloading backup: {error}"
            self._end(restore, "Failed", failureReason=reason)

    def _bring_back(self, restore: Object) -> None:
        backup = self.home.find(BACKUPS, restore["spec"]["backupName"])
        location = backup and self.home.find(LOCATIONS, backup["spec"]["storageLocation"])
        if not backup or not location:
            raise StoreError("the backup or its location is gone")
        folder, files = self.cloud.folder(location), backup_files(name_of(backup))
        volumes = folder.get(files["BackupVolumeInfos"])
        policy = policy_of(self.home, restore["spec"])
        work = Restoring(self.home.api, restore, volumes, self._rules(restore), policy)
        work.run(folder.get(files["BackupContents"]))
        own = restore_files(name_of(restore))
        folder.put(own["RestoreResults"], _results(work))
        folder.put(own["RestoreResourceList"], work.done)
        folder.put(own["RestoreLog"], f'level=info msg="restore completed" {name_of(restore)}')
        total = sum(map(len, work.done.values()))
        failed = sum(map(len, work.errors.values()))
        self._set(
            restore,
            {
                "phase": "FinalizingPartiallyFailed" if failed else "Finalizing",
                "progress": {"totalItems": total, "itemsRestored": total},
                "warnings": sum(map(len, work.warnings.values())),
                "errors": failed,
            },
        )

    def _release(self, restore: Object) -> None:
        """Remove the files of a restore; its object hangs while the store is not available."""
        backup = self.home.find(BACKUPS, restore["spec"].get("backupName", ""))
        location = backup and self.home.find(LOCATIONS, backup["spec"]["storageLocation"])
        if backup and location:
            if phase_of(location) != "Available":
                return
            try:
                self.cloud.folder(location).remove(f"restores/{name_of(restore)}")
            except StoreError:
                return
        self.home.change(RESTORES, restore, {"metadata": {"finalizers": None}})

    def _end(self, restore: Object, phase: str, **more: str) -> None:
        ended = {"phase": phase, "completionTimestamp": self.home.now(), **more}
        self._set(restore, ended)

    def _set(self, restore: Object, status: Object) -> None:
        self.home.change(RESTORES, restore, {"status": status})


def _results(work: Restoring) -> Object:
    return {"errors": _filed(work.errors), "warnings": _filed(work.warnings)}


def _filed(messages: Mapping[str, list[str]]) -> Object:
    """By namespace; what is about cluster-scoped objects stands by itself."""
    spaces = {namespace: said for namespace, said in messages.items() if namespace}
    return {"cluster": messages.get("", []), "namespaces": spaces}
