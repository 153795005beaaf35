"""Brings the objects of one backup back into the emulated API."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_velero.emulator.choosing import Policy, selected
from slackwater_velero.emulator.modifying import modified
from slackwater_velero.emulator.objects import Object, name_of
from slackwater_velero.labels import label_value

_NOT_RESTORED = frozenset(
    (
        "nodes",
        "events",
        "backups.velero.io",
        "restores.velero.io",
        "backuprepositories.velero.io",
    )
)
_ORDER = (
    "namespaces",
    "storageclasses.storage.k8s.io",
    "persistentvolumes",
    "persistentvolumeclaims",
    "serviceaccounts",
    "secrets",
    "configmaps",
    "pods",
    "replicasets.apps",
)
_DROPPED = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "generateName",
    "managedFields",
)


@dataclass
class Restoring:
    """One restore at work: what is asked, and what has come of it so far."""

    api: KubernetesApi
    restore: Object
    volumes: Sequence[Object]
    rules: Sequence[Object] = ()
    policy: Policy = Policy({})  # noqa: RUF009  frozen
    done: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> Object:
        """What is asked for."""
        spec: Object = self.restore["spec"]
        return spec

    def run(self, objects: Sequence[Object]) -> None:
        """Bring back what is chosen of a backup's objects; definitions first, so that the kinds
        are served.
        """
        for found in objects:
            if found["kind"] == "PersistentVolume":
                annotations = found["metadata"].get("annotations") or {}
                self.data[name_of(found)] = annotations.get(DATA, "")
        defined = [each for each in objects if each["kind"] == "CustomResourceDefinition"]
        for each in filter(self._wants, defined):
            self._restore(each)
        rest = [each for each in objects if each not in defined and self._wants(each)]
        for found in sorted(rest, key=self._rank):
            self._restore(found)

    def _kind(self, found: Object) -> str:
        return self.api.kinds.of(found["apiVersion"], found["kind"]).table

    def _rank(self, found: Object) -> tuple[int, str, str]:
        kind = self._kind(found)
        place = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
        return place, kind, name_of(found)

    def _wants(self, found: Object) -> bool:
        try:
            kind = self._kind(found)
        except KeyError:
            return False
        left_out = set(self.spec.get("excludedResources") or ()) | _NOT_RESTORED
        if kind in left_out or kind == "persistentvolumes":
            return False  # volumes come with their claims
        if kind not in (self.spec.get("includedResources") or [kind]):
            return False
        if not (selected(found, self.spec) and self.policy.wants(kind, found)):
            return False
        namespace = found["metadata"].get("namespace", "")
        included = self.spec.get("includedNamespaces") or ["*"]
        if not namespace:
            return bool(self.spec.get("includeClusterResources")) or included == ["*"]
        return "*" in included or namespace in included

    def _restore(self, found: Object) -> None:
        kind, wanted = self._kind(found), self._prepared(found)
        if kind == "namespaces":
            mapping = self.spec.get("namespaceMapping") or {}
            self._require_namespace(mapping.get(name_of(found), name_of(found)))
            return
        namespace = wanted["metadata"].get("namespace", "")
        try:
            if namespace:
                self._require_namespace(namespace)
            self.api.create(wanted)
        except ApiError as error:
            self._refused(error, kind, wanted)
            return
        if kind == "persistentvolumeclaims":
            self._provision(found, wanted)
        self._note(wanted, "created")

    def _prepared(self, found: Object) -> Object:
        """Without what the old cluster gave it; changed by the rules, then moved."""
        wanted = deepcopy(found)
        for word in _DROPPED:
            wanted["metadata"].pop(word, None)
        wanted.pop("status", None)
        kind = self._kind(found)
        if kind == "services" and (wanted.get("spec") or {}).get("clusterIP") != "None":
            (wanted.get("spec") or {}).pop("clusterIP", None)
            (wanted.get("spec") or {}).pop("clusterIPs", None)
        if kind == "persistentvolumeclaims":
            (wanted.get("spec") or {}).pop("volumeName", None)
        wanted = modified(wanted, kind, self.rules)
        namespace = wanted["metadata"].get("namespace")
        if namespace:
            mapping = self.spec.get("namespaceMapping") or {}
            wanted["metadata"]["namespace"] = mapping.get(namespace, namespace)
        wanted["metadata"].setdefault("labels", {}).update(
            {
                "velero.io/backup-name": label_value(self.spec["backupName"]),
                "velero.io/restore-name": label_value(name_of(self.restore)),
            }
        )
        return wanted

    def _require_namespace(self, namespace: str) -> None:
        try:
            self.api.get("namespaces", namespace)
        except ApiError as error:
            if error.code != 404:
                raise
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            self.api.create(body)

    def _refused(self, error: ApiError, kind: str, wanted: Object) -> None:
        namespace, name = wanted["metadata"].get("namespace", ""), name_of(wanted)
        if error.reason != "AlreadyExists":
            self.errors.setdefault(namespace, []).append(
                f"error restoring {kind}/{namespace}/{name}: {error.message}"
            )
            self._note(wanted, "failed")
            return
        standing = self.api.get(kind, name, namespace)
        if _content(standing) == _content(wanted):
            self._note(wanted, "skipped")
        elif kind == "serviceaccounts" or self.spec.get("existingResourcePolicy") == "update":
            patch = {k: v for k, v in wanted.items() if k not in ("apiVersion", "kind")}
            self.api.patch(kind, name, patch, namespace)
            self._note(wanted, "updated")
        else:
            self.warnings.setdefault(namespace, []).append(
                f'could not restore, {wanted["kind"]} "{name}" already exists. Warning: the '
                "in-cluster version is different than the backed-up version"
            )
            self._note(wanted, "skipped")

    def _provision(self, found: Object, wanted: Object) -> None:
        """Play the storage system: a new volume, with the data if the backup has it."""
        namespace, name = wanted["metadata"]["namespace"], name_of(wanted)
        volume = "pvc-" + hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()[:12]
        data = self._data(found)
        self.api.seed(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": volume, "annotations": {DATA: data} if data else {}},
                "spec": {
                    "storageClassName": wanted["spec"].get("storageClassName", ""),
                    "claimRef": {"namespace": namespace, "name": name},
                    "csi": {"driver": "emulated.csi.example", "volumeHandle": volume},
                },
                "status": {"phase": "Bound"},
            }
        )
        self.api.patch("persistentvolumeclaims", name, {"spec": {"volumeName": volume}}, namespace)
        bound = {"status": {"phase": "Bound"}}
        self.api.patch("persistentvolumeclaims", name, bound, namespace, subresource="status")

    def _data(self, claim: Object) -> str:
        """What the backup holds of a claim's data."""
        place = (claim["metadata"]["namespace"], name_of(claim))
        for info in self.volumes:
            if (info.get("pvcNamespace"), info.get("pvcName")) == place and not info["skipped"]:
                return self.data.get(claim["spec"].get("volumeName", ""), "")
        return ""

    def _note(self, wanted: Object, what: str) -> None:
        namespace = wanted["metadata"].get("namespace", "")
        entry = f"{namespace}/{name_of(wanted)}" if namespace else name_of(wanted)
        kind = f"{wanted['apiVersion']}/{wanted['kind']}"
        self.done.setdefault(kind, []).append(f"{entry}({what})")


def _content(found: Object) -> Object:
    """What counts when two objects are compared: no status, no marks of a restore."""
    labels = {
        key: value
        for key, value in (found["metadata"].get("labels") or {}).items()
        if not key.startswith("velero.io/")
    }
    annotations = found["metadata"].get("annotations") or {}
    rest = {k: v for k, v in found.items() if k not in ("metadata", "status")}
    return rest | {"labels": labels, "annotations": annotations}
