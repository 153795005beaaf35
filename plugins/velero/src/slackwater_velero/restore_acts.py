"""Plans a restore: what has to be shown, waited for, changed on the way, checked and cleaned up.

Asked of the backend in the target cluster. A Restore that names a Backup which is not there yet
ends as FailedValidation at once and for good, so the sync of the store is waited for first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import Existing, RestoreRequest
from slackwater.model.workload import WorkloadKind
from slackwater_velero import labels
from slackwater_velero.acts import RESTORES, Do
from slackwater_velero.locations import Location, with_identity
from slackwater_velero.missing_stores import Shown, find_way
from slackwater_velero.modifiers import MODIFIERS_KEY, modifier_rules
from slackwater_velero.naming import digest, restore_stem, store_name
from slackwater_velero.objects import Backup
from slackwater_velero.translation import is_phantom
from slackwater_velero.voice import TOOL, Voice

SYNC_TIMEOUT = 180.0
"""Seconds. Velero looks for new backups once a minute, in the next round after the location's
own period is over: two minutes at worst by its defaults."""
NO_NAMESPACE = "slackwater-no-namespace"
"""Named where cluster-scoped objects alone are wanted: with it, no namespace is chosen."""

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


@dataclass(frozen=True)
class RestorePlanner:
    """Plans restores into one cluster. ``backup`` is the local object of the point's name."""

    request: RestoreRequest
    voice: Voice
    locations: Mapping[str, Location]
    backup: Backup | None
    acts: list[Act] = field(default_factory=list)

    def plan(self) -> ActPlan:
        """Return the acts in order. Raises ``Unsupported`` for what Velero cannot bring back."""
        _require_supported(self.request)
        local = with_identity(self.locations, self.request.point.id.store)
        if local is not None:
            return self._with_location(local, (*self._location_findings(local),))
        way = find_way(self.request, self.locations, self.voice)
        if isinstance(way, Finding):
            return ActPlan(findings=(way, *self._point_findings()))
        return self._with_store_shown(way)

    def _with_location(self, local: Location, findings: tuple[Finding, ...]) -> ActPlan:
        if not self._is_synced(local):
            self._add(self._sync_act(local.name))
        self._add_restore(local.name)
        return ActPlan(acts=tuple(self.acts), findings=(*findings, *self._point_findings()))

    def _with_store_shown(self, shown: Shown) -> ActPlan:
        name = store_name(self.request.point.id.store)
        self._add(self._show_act(name, shown))
        self._add(self._sync_act(name))
        self._add_restore(name)
        self._add(self._hide_act(name), after=("show-store", "restore", "verify"))
        return ActPlan(acts=tuple(self.acts), findings=(*self._point_findings(),))

    def _add(self, act: Act, *, after: tuple[str, ...] | None = None) -> None:
        """Add an act after the one before it, or after those named."""
        needs = tuple(act.id for act in self.acts[-1:]) if after is None else after
        self.acts.append(act.model_copy(update={"needs": needs}))

    def _add_restore(self, location: str) -> None:
        if self._brings_kinds:
            self._add(self._kinds_act())
        rules = modifier_rules(self.request)
        if rules:
            self._add(self._changes_act(rules))
        self._add(self._restore_act(with_changes=bool(rules)))
        self._add(self._verify_act(location))
        if rules:
            self._add(self._unchanges_act(), after=("add-changes", "restore"))

    @property
    def _brings_kinds(self) -> bool:
        """Whether the definitions of custom resources are to be brought along.

        Velero puts those of a namespace's own objects into its backup, and restores none of them
        where a Restore names namespaces. A backup of a whole cluster holds all definitions there
        were: those are restored with the cluster-scoped objects, or not at all.
        """
        scope = self.request.point.scope
        namespace = self.request.workload.kind is WorkloadKind.NAMESPACE
        return namespace and bool(scope.namespaces) and not scope.cluster_objects

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

    def _is_synced(self, local: Location) -> bool:
        """Whether the Backup stands here with all that belongs to it.

        Sync creates the Backup first and its volume records after it, and writes the time last.
        A Backup that was made here needs no sync: it was created before it ended.
        """
        backup = self.backup
        if backup is None or backup.spec.storage_location != local.name or is_phantom(backup):
            return False
        created, ended = backup.metadata.creation_timestamp, backup.state.completion_timestamp
        made_here = created is None or ended is None or created <= ended
        synced = local.last_synced
        return made_here or (synced is not None and created is not None and synced >= created)

    def _show_act(self, name: str, shown: Shown) -> Act:
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

    def _sync_act(self, location: str) -> Act:
        backup = self.request.point.name
        return Act(
            id="wait-for-sync",
            kind=ActKind.OPERATED,
            title=f"wait until Velero in {self.request.target} has found {backup}",
            effects=("changes nothing; Velero looks into its stores once a minute",),
            timeout=SYNC_TIMEOUT,
            payload={"do": Do.WAIT_FOR_SYNC, "location": location, "backup": backup},
        )

    def _changes_act(self, rules: str) -> Act:
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

    def _unchanges_act(self) -> Act:
        return Act(
            id="remove-changes",
            kind=ActKind.PERFORMED,
            title=f"remove ConfigMap {self._changes_name}",
            always=True,
            effects=(f"removes ConfigMap {self._changes_name}",),
            payload={"do": Do.REMOVE_CHANGES, "name": self._changes_name},
        )

    def _kinds_act(self) -> Act:
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

    def _restore_act(self, *, with_changes: bool) -> Act:
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

    def _verify_act(self, location: str) -> Act:
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

    def _hide_act(self, name: str) -> Act:
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

    def _location_findings(self, local: Location) -> Iterator[Finding]:
        voice, origin = self.voice, self.request.point.origin
        if not local.available:
            yield voice.error(
                "store-unavailable",
                local.name,
                f"location {local.name} is not available: "
                f"{local.message or 'Velero has not looked at it yet'}",
                voice.kubectl(f"get backupstoragelocation {local.name} -o yaml"),
            )
        if local.writable and origin and origin != voice.cluster:
            yield voice.warning(
                "two-writers",
                local.name,
                f"{voice.cluster} may write to the store of {origin}: its Velero also deletes what "
                "has expired there, and two clusters may use one name",
                voice.kubectl(
                    f"patch backupstoragelocation {local.name} --type merge "
                    """-p '{"spec":{"accessMode":"ReadOnly"}}'"""
                ),
            )
        backup = self.backup
        if backup is not None and (backup.spec.storage_location or "") != local.name:
            yield _name_taken(voice, backup)

    def _point_findings(self) -> Iterator[Finding]:
        point = self.request.point
        if not point.phase.usable:
            yield self.voice.error(
                "not-usable", point.name, f"its backup is {point.phase} ({point.tool_phase})"
            )
        if self.backup is not None and is_phantom(self.backup):
            yield _name_taken(self.voice, self.backup)


def _name_taken(voice: Voice, backup: Backup) -> Finding:
    name = backup.metadata.name
    return voice.error(
        "name-taken",
        name,
        f"{voice.cluster} has another Backup named {name}, so Velero will never show this one",
        f"if that object is worthless: {voice.kubectl(f'delete backup {name}')} "
        "(removes the object only, no data)",
    )


def _require_supported(request: RestoreRequest) -> None:
    if request.workload.kind in (WorkloadKind.NAMESPACE, WorkloadKind.CLUSTER_OBJECTS):
        return
    raise Unsupported(
        f"{request.workload}: Velero brings back namespaces and cluster-scoped objects, "
        f"not a {request.workload.kind} by its name",
        backend=TOOL,
        cluster=request.target,
    )


def _existing(request: RestoreRequest) -> str:
    if request.existing is Existing.UPDATE:
        return "changes objects that exist where they differ; never the data of volumes"
    return "keeps objects that exist as they are"
