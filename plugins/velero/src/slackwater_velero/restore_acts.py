"""The acts of a restore: each says what it adds, changes or removes in the target."""

from __future__ import annotations

from dataclasses import dataclass

from slackwater.model.act import Act, ActKind
from slackwater.model.request import Existing, RestoreRequest
from slackwater.model.workload import WorkloadKind
from slackwater_velero import labels
from slackwater_velero.acts import RESTORES, Do
from slackwater_velero.missing_stores import Shown
from slackwater_velero.modifiers import MODIFIERS_KEY
from slackwater_velero.naming import digest, restore_stem
from slackwater_velero.voice import Voice

SYNC_TIMEOUT = 180.0
"""Seconds. Velero looks for new backups once a minute, in the next round after the location's
own period is over: two minutes at worst by its defaults."""
NO_NAMESPACE = "slackwater-no-namespace"
"""Named where cluster-scoped objects alone are wanted: with it, no namespace is chosen."""

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


@dataclass(frozen=True)
class RestoreActs:
    """Makes the acts of one restore, without their order."""

    request: RestoreRequest
    voice: Voice

    @property
    def _token(self) -> str:
        """Stands for this restore: the same for each plan of the same thing."""
        request = self.request
        return digest([str(request.point.id), str(request.workload), request.namespace])[:16]

    @property
    def _changes_name(self) -> str:
        mapping = self.request.mapping.model_dump(mode="json")
        return f"sw-changes-{self._token}-{digest(mapping)[:8]}"

    @property
    def _place(self) -> str:
        request = self.request
        return f"{request.target}/{request.namespace}" if request.namespace else request.target

    def show_store(self, name: str, shown: Shown) -> Act:
        """Show the store here, read-only."""
        store = self.request.point.id.store
        return Act(
            id="show-store",
            kind=ActKind.PERFORMED,
            title=f"show the store {store} to {self.request.target}",
            effects=(f"adds BackupStorageLocation {name}, read-only; removed at the end",),
            undo=self.voice.kubectl(f"delete backupstoragelocation {name}"),
            payload={
                "do": Do.SHOW_STORE,
                "name": name,
                "spec": dict(shown.spec),
            },
        )

    def wait_for_sync(self, location: str) -> Act:
        """Wait until Velero has found the backup in a location."""
        backup = self.request.point.name
        return Act(
            id="wait-for-sync",
            kind=ActKind.OPERATED,
            title=f"wait until Velero in {self.request.target} has found {backup}",
            effects=("changes nothing; Velero looks into its stores once a minute",),
            timeout=SYNC_TIMEOUT,
            payload={"do": Do.WAIT_FOR_SYNC, "location": location, "backup": backup},
        )

    def add_changes(self, rules: str) -> Act:
        """Write down the changes on the way."""
        return Act(
            id="add-changes",
            kind=ActKind.PERFORMED,
            title="write down the changes on the way",
            effects=(f"adds ConfigMap {self._changes_name}; removed at the end",),
            undo=self.voice.kubectl(f"delete configmap {self._changes_name}"),
            payload={
                "do": Do.ADD_CHANGES,
                "name": self._changes_name,
                "data": {MODIFIERS_KEY: rules},
            },
        )

    def remove_changes(self) -> Act:
        """Remove what was written down."""
        return Act(
            id="remove-changes",
            kind=ActKind.PERFORMED,
            title=f"remove ConfigMap {self._changes_name}",
            always=True,
            effects=(f"removes ConfigMap {self._changes_name}",),
            payload={"do": Do.REMOVE_CHANGES, "name": self._changes_name},
        )

    def restore_kinds(self) -> Act:
        """Bring the definitions of the namespace's custom resources."""
        request = self.request
        stem = restore_stem(self.voice.cluster, f"{request.namespace}-kinds")
        return Act(
            id="restore-kinds",
            kind=ActKind.OPERATED,
            title=f"Velero restores the kinds of custom resources of {request.workload.namespace}",
            effects=(f"adds CustomResourceDefinitions that {request.target} lacks; changes none",),
            undo="delete the definitions that were added; nothing does that by itself",
            limit=RESTORES,
            payload={
                "do": Do.RESTORE,
                "stem": stem,
                "labels": {},
                "annotations": {},
                "spec": {
                    "backupName": request.point.name,
                    "existingResourcePolicy": "none",
                    "includeClusterResources": True,
                    "includedNamespaces": [NO_NAMESPACE],
                    "includedResources": [DEFINITIONS],
                },
            },
        )

    def restore(self, *, with_changes: bool) -> Act:
        """Bring back the workload itself."""
        request = self.request
        what = request.workload.namespace or "cluster-scoped objects"
        stem = restore_stem(self.voice.cluster, request.namespace or "cluster-objects")
        return Act(
            id="restore",
            kind=ActKind.OPERATED,
            title=f"Velero restores {what} → {self._place}",
            effects=(f"adds objects and volumes in {self._place}", _existing(request)),
            writes=(request.namespace,) if request.namespace else (),
            undo=f"delete what was added in {self._place}; nothing does that by itself",
            limit=RESTORES,
            payload={
                "do": Do.RESTORE,
                "stem": stem,
                "labels": {labels.RESTORE: self._token},
                "annotations": {},
                "spec": self._spec(with_changes=with_changes),
            },
        )

    def _spec(self, *, with_changes: bool) -> dict[str, object]:
        request = self.request
        update = request.existing is Existing.UPDATE
        spec: dict[str, object] = {
            "backupName": request.point.name,
            "existingResourcePolicy": "update" if update else "none",
        }
        if request.workload.kind is WorkloadKind.CLUSTER_OBJECTS:
            spec["includeClusterResources"] = True
            spec["excludedResources"] = ["persistentvolumes"]
            if request.point.scope.namespaces:
                spec["includedNamespaces"] = [NO_NAMESPACE]
        else:
            spec["includedNamespaces"] = [request.workload.namespace]
            spec["restorePVs"] = True
        if request.namespace != request.workload.namespace:
            spec["namespaceMapping"] = {request.workload.namespace: request.namespace}
        if with_changes:
            spec["resourceModifier"] = {"kind": "ConfigMap", "name": self._changes_name}
        return spec

    def verify(self, location: str) -> Act:
        """Compare what stands with what the backup lists."""
        request = self.request
        return Act(
            id="verify",
            kind=ActKind.PERFORMED,
            title=f"verify {self._place} against the recovery point",
            effects=("changes nothing",),
            payload={
                "do": Do.VERIFY,
                "backup": request.point.name,
                "location": location,
                "namespace": request.workload.namespace,
                "target": request.namespace,
                "restore": self._token,
            },
        )

    def hide_store(self, name: str) -> Act:
        """Take the store away again."""
        return Act(
            id="hide-store",
            kind=ActKind.PERFORMED,
            title=f"remove BackupStorageLocation {name}",
            always=True,
            effects=(
                f"removes BackupStorageLocation {name}, once no other restore needs it",
                "removes the records of its backups in this cluster; the store is not touched",
            ),
            payload={"do": Do.HIDE_STORE, "name": name},
        )


def _existing(request: RestoreRequest) -> str:
    if request.existing is Existing.UPDATE:
        return "changes objects that exist where they differ; never the data of volumes"
    return "keeps objects that exist as they are"
