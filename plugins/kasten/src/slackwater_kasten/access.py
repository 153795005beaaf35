"""K10's objects in one cluster: read, created, changed and removed, with our errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from slackwater.clusters import Cluster, Resource
from slackwater.errors import KindNotServed, ObjectNotFound
from slackwater_kasten.errors import kasten_errors
from slackwater_kasten.resources import EXPORT_ACTIONS, RUN_ACTIONS

T = TypeVar("T")


@dataclass(frozen=True)
class Kasten:
    """The way to the objects of one installation; lists come ``page`` objects at a time.

    ``namespace`` is K10's own. Every call raises what ``kasten_errors`` makes of an error of the
    cluster.
    """

    cluster: Cluster
    namespace: str
    page: int = 500

    def find(
        self, kind: Resource, name: str, into: type[T], *, namespace: str = "", part: str = ""
    ) -> T | None:
        """Return an object, or its ``part`` such as ``details``; None where there is none.

        Where its kind is not served (an APIService was deleted), nobody can say: that is an error,
        and no object that is gone.
        """
        path = kind.path(namespace=self._in(kind, namespace), name=name, subresource=part)
        doing = f"get {kind.plural}/{part}.{kind.group}" if part else f"get {kind}"
        with kasten_errors(self.cluster.name, doing):
            try:
                return self.cluster.get(path, into=into)
            except KindNotServed:
                raise
            except ObjectNotFound:
                return None

    def discover(self, path: str, into: type[T]) -> T | None:
        """Return what the API says of a group or a version of it, or None where it has none."""
        with kasten_errors(self.cluster.name, f"look up {path.removeprefix('/apis/')}"):
            try:
                return self.cluster.get(path, into=into)
            except ObjectNotFound:
                return None

    def list(
        self, kind: Resource, into: type[T], *, namespace: str = "", selector: str = ""
    ) -> Iterator[T]:
        """Yield every object of a kind, page by page, of one namespace or of all."""
        with kasten_errors(self.cluster.name, f"list {kind}"):
            path = kind.path(namespace=namespace)
            yield from self.cluster.list(
                path, label_selector=selector or None, page=self.page, into=into
            )

    def create(self, kind: Resource, body: Mapping[str, object], *, namespace: str = "") -> None:
        """Create an object. Raises ``ObjectExists`` where the name is taken."""
        with kasten_errors(self.cluster.name, f"create {kind}"):
            self.cluster.create(kind.path(namespace=self._in(kind, namespace)), body)

    def patch(
        self, kind: Resource, name: str, body: Mapping[str, object]
    ) -> dict[str, object] | None:
        """Change a custom resource of K10's by merge patch; None where there is none.

        Objects of the aggregated API cannot be changed.
        """
        with kasten_errors(self.cluster.name, f"patch {kind}"):
            try:
                return self.cluster.patch(kind.path(namespace=self.namespace, name=name), body)
            except KindNotServed:
                raise
            except ObjectNotFound:
                return None

    def delete(self, kind: Resource, name: str, *, namespace: str = "", uid: str = "") -> bool:
        """Remove an object; False where it was gone already. With ``uid`` only this very one."""
        with kasten_errors(self.cluster.name, f"delete {kind}"):
            try:
                path = kind.path(namespace=self._in(kind, namespace), name=name)
                self.cluster.delete(path, uid=uid or None)
            except KindNotServed:
                raise
            except ObjectNotFound:
                return False
            return True

    def list_ours(self, kind: Resource, into: type[T], selector: str) -> Iterator[T]:
        """Yield actions of a kind from where ours lie: exports and runs in K10's own namespace,
        the others with their applications.
        """
        own = kind in (EXPORT_ACTIONS, RUN_ACTIONS)
        return self.list(kind, into, namespace=self.namespace if own else "", selector=selector)

    def _in(self, kind: Resource, namespace: str) -> str:
        return (namespace or self.namespace) if kind.namespaced else ""
