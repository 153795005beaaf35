"""Velero's objects in one cluster: read, created, changed and removed, with our errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ObjectNotFound
from slackwater_velero.errors import velero_errors

T = TypeVar("T")


@dataclass(frozen=True)
class Velero:
    """The way to the objects of one installation; lists come ``page`` objects at a time.

    Every call raises what ``velero_errors`` makes of an error of the cluster.
    """

    cluster: Cluster
    namespace: str
    page: int = 500

    def find(self, kind: Resource, name: str, into: type[T]) -> T | None:
        """Return an object, or None where there is none of that name."""
        return self.find_at(kind.path(namespace=self.namespace, name=name), f"get {kind}", into)

    def find_at(self, path: str, doing: str, into: type[T]) -> T | None:
        """Return what stands at a path, or None. ``doing`` is for messages."""
        with velero_errors(self.cluster.name, doing):
            try:
                return self.cluster.get(path, into=into)
            except ObjectNotFound:
                return None

    def list(
        self, kind: Resource, into: type[T], *, selector: str = "", everywhere: bool = False
    ) -> Iterator[T]:
        """Yield every object of a kind, page by page; ``everywhere``: of all namespaces."""
        path = kind.path(namespace="" if everywhere or not kind.namespaced else self.namespace)
        return self.list_at(path, f"list {kind}", into, selector=selector)

    def list_at(self, path: str, doing: str, into: type[T], *, selector: str = "") -> Iterator[T]:
        """Yield every object of the list at a path."""
        with velero_errors(self.cluster.name, doing):
            yield from self.cluster.list(
                path, label_selector=selector or None, page=self.page, into=into
            )

    def create(self, kind: Resource, body: Mapping[str, object]) -> None:
        """Create an object. Raises ``ObjectExists`` where the name is taken."""
        with velero_errors(self.cluster.name, f"create {kind}"):
            self.cluster.create(kind.path(namespace=self.namespace), body)

    def patch(
        self, kind: Resource, name: str, body: Mapping[str, object]
    ) -> dict[str, object] | None:
        """Change metadata or spec by merge patch, never status; None where there is no such object.

        Returns the object as it is now.
        """
        with velero_errors(self.cluster.name, f"patch {kind}"):
            try:
                return self.cluster.patch(kind.path(namespace=self.namespace, name=name), body)
            except ObjectNotFound:
                return None

    def delete(self, kind: Resource, name: str, *, uid: str = "", version: str = "") -> bool:
        """Remove an object; False where it was gone already.

        With ``uid`` only this very one, with ``version`` only in this very state; else it raises
        ``TransientBackendError``.
        """
        with velero_errors(self.cluster.name, f"delete {kind}"):
            try:
                path = kind.path(namespace=self.namespace, name=name)
                self.cluster.delete(path, uid=uid or None, version=version or None)
            except ObjectNotFound:
                return False
            return True
