"""The verbs on objects, with the rules that kube-apiserver applies to each."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from slackwater.testing.kubernetes_api.defaults import fill_defaults
from slackwater.testing.kubernetes_api.definitions import resources_of
from slackwater.testing.kubernetes_api.kinds import DEFINITIONS, NAMESPACES, Kinds, Resource
from slackwater.testing.kubernetes_api.names import generated
from slackwater.testing.kubernetes_api.patches import merge
from slackwater.testing.kubernetes_api.rules import (
    KEPT_BY_SERVER,
    DeleteOptions,
    accepted,
    combined,
    headed,
    headless,
    held,
    plain_copy,
    require_preconditions,
    require_same,
    require_valid,
    spec_changed,
)
from slackwater.testing.kubernetes_api.status import (
    ApiError,
    Object,
    already_exists,
    cause,
    forbidden,
    not_found,
)
from slackwater.testing.kubernetes_api.store import Record, Store

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion did: the object's last state, and whether it is gone or only marked."""

    record: Record
    gone: bool


def key_of(namespace: str, name: str) -> str:
    """Return the key of an object in its table."""
    return f"{namespace}/{name}" if namespace else name


def timestamp(moment: datetime) -> str:
    """Return a time as Kubernetes writes it: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Objects:
    """Create, get, replace, delete: each whole under the lock of the store."""

    def __init__(self, store: Store, kinds: Kinds, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.kinds = kinds
        self._clock = clock

    def get(self, resource: Resource, namespace: str, name: str) -> Record:
        """Return the newest state, or raise the 404."""
        record = self.store.get(resource.table, key_of(namespace, name))
        if record is None:
            raise not_found(resource, name)
        return record

    def create(self, resource: Resource, namespace: str, content: Object) -> Record:
        """Create an object from what a client sent; the argument is not changed."""
        content = accepted(resource, namespace, content)
        metadata = content["metadata"]
        if metadata.get("resourceVersion"):
            raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = generated(metadata["generateName"])
        with self.store.writing():
            self._require_namespace(resource, namespace, metadata.get("name", ""))
            require_valid(resource, content)
            key = key_of(namespace, metadata["name"])
            if self.store.get(resource.table, key):
                raise already_exists(resource, metadata["name"])
            self._begin(resource, content)
            return self._write(resource, key, content)

    def seed(self, resource: Resource, content: Object) -> Record:
        """Put an object as it stands, status included, as its controllers would have left it."""
        given = accepted(resource, content["metadata"].get("namespace", ""), content)
        content = plain_copy(given)
        fill_defaults(resource.table, content)
        content = merge(content, given)
        metadata = content["metadata"]
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", timestamp(self._clock()))
        with self.store.writing():
            key = key_of(metadata.get("namespace", ""), metadata["name"])
            return self._write(resource, key, content)

    def replace(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[Object], Object],
        *,
        subresource: str = "",
    ) -> Record:
        """Write what `change` makes of the newest state; with "status", only the status of it."""
        with self.store.writing():
            before = self.get(resource, namespace, name)
            current = headed(resource, before.decoded())
            wanted = accepted(resource, namespace, change(headed(resource, before.decoded())))
            require_same(resource, name, current, wanted)
            current, wanted = headless(current), headless(wanted)
            result = combined(resource, current, wanted, subresource)
            if result == current:
                return before
            require_valid(resource, result)
            return self._settle(resource, before.key, current, result)

    def delete(
        self, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> Deleted:
        """Remove an object, or mark it while finalizers hold it."""
        if resource.table == NAMESPACES and name in IMMORTAL:
            raise forbidden(resource, name, "this namespace may not be deleted")
        with self.store.writing():
            record = self.get(resource, namespace, name)
            content = record.decoded()
            require_preconditions(resource, name, content["metadata"], options)
            if not held(resource, content):
                return Deleted(self._remove(resource, record.key), gone=True)
            if "deletionTimestamp" in content["metadata"]:
                return Deleted(record, gone=False)
            self._mark(resource, content)
            return Deleted(self.store.put(resource.table, record.key, content), gone=False)

    def delete_all(
        self, resource: Resource, records: Iterable[Record], options: DeleteOptions
    ) -> list[Record]:
        """Delete what a list returned; what is gone meanwhile is passed over."""
        deleted = []
        for record in records:
            namespace, _, name = record.key.rpartition("/")
            try:
                deleted.append(self.delete(resource, namespace, name, options).record)
            except ApiError as error:
                if error.code != 404:
                    raise
        return deleted

    def release(self, resource: Resource, key: str) -> None:
        """Remove an object that was marked for deletion, whatever still holds it."""
        with self.store.writing():
            if self.store.get(resource.table, key):
                self._remove(resource, key)

    def _begin(self, resource: Resource, content: Object) -> None:
        metadata = content["metadata"]
        for word in KEPT_BY_SERVER:
            metadata.pop(word, None)
        if resource.has_status:
            content.pop("status", None)
        fill_defaults(resource.table, content)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = timestamp(self._clock())
        if resource.counts_generation:
            metadata["generation"] = 1

    def _write(self, resource: Resource, key: str, content: Object) -> Record:
        content = headless(content)
        if resource.table == DEFINITIONS:
            self.kinds.replace(content["metadata"]["name"], resources_of(content))
        return self.store.put(resource.table, key, content)

    def _remove(self, resource: Resource, key: str) -> Record:
        if resource.table == DEFINITIONS:
            self.kinds.replace(key, ())
        return self.store.remove(resource.table, key)

    def _settle(self, resource: Resource, key: str, current: Object, result: Object) -> Record:
        """Write a replaced object, or let it go where its last finalizer was taken away."""
        metadata = result["metadata"]
        if resource.counts_generation and spec_changed(resource, current, result):
            metadata["generation"] = metadata.get("generation", 0) + 1
        if "deletionTimestamp" in metadata and not held(resource, result):
            return self._remove(resource, key)
        return self._write(resource, key, result)

    def _mark(self, resource: Resource, content: Object) -> None:
        metadata = content["metadata"]
        metadata["deletionTimestamp"] = timestamp(self._clock())
        metadata["deletionGracePeriodSeconds"] = 0
        if "generation" in metadata:
            metadata["generation"] += 1
        if resource.table == NAMESPACES:
            content["status"] = {"phase": "Terminating"}

    def _require_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        if not resource.namespaced:
            return
        spaces = self.kinds.named(NAMESPACES)
        found = self.get(spaces, "", namespace).decoded()
        if "deletionTimestamp" in found["metadata"]:
            why = (
                f"unable to create new content in namespace {namespace} "
                "because it is being terminated"
            )
            what = f"namespace {namespace} is being terminated"
            causes = [cause("metadata.namespace", "NamespaceTerminating", what)]
            raise forbidden(resource, name, why, causes)
