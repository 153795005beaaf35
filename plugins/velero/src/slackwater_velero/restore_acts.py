"""The acts of a restore: each says what it adds, changes or removes in the target."""

from __future__ import annotations

from dataclasses import dataclass

from slackwater.model.act import Act, ActKind
from slackwater.model.request import Existing, RestoreRequest
from slackwater.model.workload import WorkloadKind
from slackwater_velero import labels
from slackwater_velero.acts import RESTORES, Do
from slackwater_velero.cluster_objects import LEFT_OUT, NO_NAMESPACE, NOT_BUILT_IN
from slackwater_velero.missing_stores import Shown
from slackwater_velero.modifiers import MODIFIERS_KEY
from slackwater_velero.naming import digest, restore_stem
from slackwater_velero.voice import Voice

SYNC_TIMEOUT = 180.0
"""Seconds. Velero looks for new backups once a minute, in the next round after the location's
own period is over: two minutes at worst by its defaults."""
OLDER_SERVERS = (
    "only those of the groups that its objects are of; a Velero before 1.18.3 adds all that the "
    "recovery point holds"
)
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
        return self._removal("remove-changes", self._changes_name)

    def _removal(self, act: str, name: str) -> Act:
        return Act(
            id=act,
            kind=ActKind.PERFORMED,
            title=f"remove ConfigMap {name}",
            always=True,
            effects=(f"removes ConfigMap {name}",),
            payload={"do": Do.REMOVE_CHANGES, "name": name},
        )

    @property
    def _kinds_name(self) -> str:
        return f"sw-kinds-{self._token}"

    def choose_kinds(self, location: str) -> Act:
        """Write down which definitions the namespace needs, of all that the backup holds."""
        request = self.request
        return Act(
            id="choose-kinds",
            kind=ActKind.PERFORMED,
            title=f"choose the kinds of custom resources of {request.workload.namespace}",
            effects=(f"adds ConfigMap {self._kinds_name}; removed at the end",),
            undo=self.voice.kubectl(f"delete configmap {self._kinds_name}"),
            payload={
                "do": Do.CHOOSE_KINDS,
                "name": self._kinds_name,
                "backup": request.point.name,
                "location": location,
                "namespace": request.workload.namespace,
            },
        )

    def drop_kinds(self) -> Act:
        """Remove what was chosen."""
        return self._removal("drop-kinds", self._kinds_name)

    def restore_kinds(self, *, chosen: bool) -> Act:
        """Bring the definitions of the namespace's custom resources.

        ``chosen``: only those that were written down before.
        """
        request = self.request
        stem = restore_stem(self.voice.cluster, f"{request.namespace}-kinds")
        spec: dict[str, object] = {
            "backupName": request.point.name,
            "existingResourcePolicy": "none",
            "includeClusterResources": True,
            "includedNamespaces": [NO_NAMESPACE],
            "includedResources": [DEFINITIONS],
        }
        if chosen:
            spec["resourcePolicy"] = {"kind": "ConfigMap", "name": self._kinds_name}
        return Act(
            id="restore-kinds",
            kind=ActKind.OPERATED,
            title=f"Velero restores the kinds of custom resources of {request.workload.namespace}",
            effects=(
                f"adds CustomResourceDefinitions that {request.target} lacks; changes none",
                *((OLDER_SERVERS,) if chosen else ()),
            ),
            undo="delete the definitions that were added; nothing does that by itself",
            limit=RESTORES,
            payload={
                "do": Do.RESTORE,
                "stem": stem,
                "labels": {},
                "annotations": {},
                "spec": spec,
            },
        )

    def restore(self, *, with_changes: bool) -> Act:
        """Bring back the workload itself."""
        request = self.request
        of_cluster = request.workload.kind is WorkloadKind.CLUSTER_OBJECTS
        what = "cluster-scoped objects" if of_cluster else request.workload.namespace
        name = "cluster-objects" if of_cluster else request.namespace
        return Act(
            id="restore",
            kind=ActKind.OPERATED,
            title=f"Velero restores {what} → {self._place}",
            effects=(_adds(request, self._place), _existing(request)),
            writes=(request.namespace,),
            undo=f"delete what was added in {self._place}; nothing does that by itself",
            limit=RESTORES,
            payload={
                "do": Do.RESTORE,
                "stem": restore_stem(self.voice.cluster, name),
                "labels": {labels.RESTORE: self._token},
                "annotations": {},
                "spec": self._of_cluster() if of_cluster else self._of_namespace(with_changes),
            },
        )

    def _of_namespace(self, with_changes: bool) -> dict[str, object]:
        request = self.request
        spec: dict[str, object] = {
            **self._spec(),
            "includedNamespaces": [request.workload.namespace],
            "restorePVs": True,
        }
        if request.namespace != request.workload.namespace:
            spec["namespaceMapping"] = {request.workload.namespace: request.namespace}
        if with_changes:
            spec["resourceModifier"] = {"kind": "ConfigMap", "name": self._changes_name}
        return spec

    def _of_cluster(self) -> dict[str, object]:
        """Namespaces are objects of the cluster too, and would all be made."""
        return {
            **self._spec(),
            "includeClusterResources": True,
            "includedNamespaces": [NO_NAMESPACE],
            "excludedResources": [*LEFT_OUT],
            "labelSelector": NOT_BUILT_IN,
        }

    def _spec(self) -> dict[str, object]:
        update = self.request.existing is Existing.UPDATE
        return {
            "backupName": self.request.point.name,
            "existingResourcePolicy": "update" if update else "none",
        }

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


def _adds(request: RestoreRequest, place: str) -> str:
    if request.workload.kind is WorkloadKind.CLUSTER_OBJECTS:
        return (
            f"adds cluster-scoped objects that {place} lacks: definitions of kinds, roles, classes "
            "and the like; no namespaces, volumes, nodes, addresses, webhooks or API services"
        )
    return f"adds objects and volumes in {place}"


def _existing(request: RestoreRequest) -> str:
    if request.existing is Existing.UPDATE:
        return "changes objects that exist where they differ; never the data of volumes"
    return "keeps objects that exist as they are"
