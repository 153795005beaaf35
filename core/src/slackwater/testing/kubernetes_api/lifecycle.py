"""What controllers do beside the API: fill new namespaces, and empty what is being deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from slackwater.testing.kubernetes_api.kinds import DEFINITIONS, NAMESPACES, Resource
from slackwater.testing.kubernetes_api.objects import Objects
from slackwater.testing.kubernetes_api.rules import DeleteOptions
from slackwater.testing.kubernetes_api.status import ApiError, Object
from slackwater.testing.kubernetes_api.store import Change, Record

_ROOT_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nemulated\n-----END CERTIFICATE-----\n"


class Lifecycle:
    """Watches the store and acts on namespaces and definitions.

    Both are emptied before they go: a namespace of all its objects, a definition of all objects of
    its kind. What finalizers hold inside keeps the outer object `Terminating`.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        objects.store.subscribe(self._see)

    def _see(self, change: Change) -> None:
        if change.table in {NAMESPACES, DEFINITIONS} and change.after is not None:
            if "deletionTimestamp" in change.after.decoded()["metadata"]:
                self._empty(change.table, change.after)
            elif change.table == NAMESPACES and change.before is None:
                self._furnish(change.key)
        elif change.after is None:
            self._release_holders(change)

    def _furnish(self, namespace: str) -> None:
        """Create what the controllers of a cluster put into every namespace."""
        root: Object = {"data": {"ca.crt": _ROOT_CERTIFICATE}}
        contents = (
            ("ConfigMap", {"metadata": {"name": "kube-root-ca.crt"}} | root),
            ("ServiceAccount", {"metadata": {"name": "default"}}),
        )
        for kind, content in contents:
            resource = self._objects.kinds.of("v1", kind)
            head: Object = {"apiVersion": "v1", "kind": kind}
            with suppress(ApiError):  # it was seeded, or the namespace is already going
                self._objects.create(resource, namespace, head | content)

    def _empty(self, table: str, holder: Record) -> None:
        for resource, record in self._contents(table, holder.key):
            self._objects.delete_all(resource, [record], DeleteOptions())
        self._release_if_empty(table, holder.key)

    def _release_holders(self, change: Change) -> None:
        """After something went: its namespace or its definition may have waited for that."""
        namespace = change.key.rpartition("/")[0]
        for table, key in ((NAMESPACES, namespace), (DEFINITIONS, change.table)):
            holder = self._objects.store.get(table, key)
            if holder and "deletionTimestamp" in holder.decoded()["metadata"]:
                self._release_if_empty(table, key)

    def _release_if_empty(self, table: str, key: str) -> None:
        if next(self._contents(table, key), None) is None:
            self._objects.release(self._objects.kinds.named(table), key)

    def _contents(self, table: str, key: str) -> Iterator[tuple[Resource, Record]]:
        kinds, store = self._objects.kinds, self._objects.store
        tables = kinds.tables(namespaced=True) if table == NAMESPACES else [key]
        within = key if table == NAMESPACES else ""
        for each in tables:
            for record in store.listing(each).within(within):
                yield kinds.named(each), record
