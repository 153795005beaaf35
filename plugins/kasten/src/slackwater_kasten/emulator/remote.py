"""The world of an emulated K10 that is served behind a real API server: over HTTP, as a client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from slackwater.clusters import Cluster, Resource, with_exact_data
from slackwater.errors import ClusterError, ObjectExists, ObjectNotFound
from slackwater_kasten.emulator.catalog import Object

_NOT_APPLICATIONS = ("kasten.io", "events", "endpointslices", "leases")


class Remote:
    """Objects of a cluster, by way of its API. Who asks needs the rights of an administrator."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._kinds: dict[str, Resource] = {}

    def now(self) -> datetime:
        """Return the time of this machine."""
        return datetime.now(UTC)

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object, or None."""
        resource = self._resource(kind)
        if resource is None or not name:
            return None
        try:
            return self._cluster.get(self._path(resource, namespace, name))
        except ObjectNotFound:
            return None

    def list(self, kind: str, namespace: str = "") -> Sequence[Object]:
        """Return the objects of a kind; with their kind in them, which real lists leave out."""
        resource = self._resource(kind)
        if resource is None:
            return ()
        head = {"apiVersion": _version(resource), "kind": self._names[kind]}
        try:
            return [head | found for found in self._cluster.list(self._path(resource, namespace))]
        except ObjectNotFound:
            return ()

    def put(self, content: Object) -> None:
        """Write an object, new or over the one that is there."""
        kind = self._kind_of(content)
        resource, metadata = self._kinds[kind], content["metadata"]
        namespace = metadata.get("namespace", "")
        try:
            self._cluster.create(self._path(resource, namespace), content)
        except ObjectExists:
            path = self._path(resource, namespace, metadata["name"])
            self._cluster.patch(path, with_exact_data(content, self._cluster.get(path)))

    def patch(self, kind: str, name: str, change: Object, namespace: str = "") -> None:
        """Merge a change into an object."""
        resource = self._resource(kind)
        with suppress(ObjectNotFound):
            if resource is not None:
                self._cluster.patch(self._path(resource, namespace, name), change)

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Remove an object, at once: finalizers are what a real K10 would wait for."""
        resource = self._resource(kind)
        with suppress(ObjectNotFound):
            if resource is not None:
                path = self._path(resource, namespace, name)
                self._cluster.delete(path)
                self._cluster.patch(path, {"metadata": {"finalizers": None}})

    def namespaced_kinds(self) -> Sequence[str]:
        """Return every namespaced kind that is served and holds what people wrote."""
        self._look()
        return sorted(
            kind
            for kind, resource in self._kinds.items()
            if resource.namespaced and not any(word in kind for word in _NOT_APPLICATIONS)
        )

    def _resource(self, kind: str) -> Resource | None:
        if kind not in self._kinds:
            self._look()
        return self._kinds.get(kind)

    def _kind_of(self, content: Object) -> str:
        self._look()
        group = str(content["apiVersion"]).rpartition("/")[0]
        named = (k for k, name in self._names.items() if name == content["kind"])
        return next(kind for kind in named if kind.partition(".")[2] == group)

    def _look(self) -> None:
        """Ask for every kind once more: definitions may have come."""
        self._names: dict[str, str] = {}
        for version in ("v1", *self._versions()):
            group, _, number = version.rpartition("/")
            for entry in self._served(f"/apis/{version}" if group else "/api/v1"):
                resource = Resource(group, number, str(entry["name"]), bool(entry["namespaced"]))
                if "list" in entry["verbs"] and "/" not in resource.plural:
                    self._kinds[str(resource)] = resource
                    self._names[str(resource)] = str(entry["kind"])

    def _versions(self) -> Iterator[str]:
        for group in self._cluster.get("/apis")["groups"]:
            if "kio.kasten.io" not in group["name"] or group["name"].startswith(("config", "rep")):
                yield str(group["preferredVersion"]["groupVersion"])

    def _served(self, path: str) -> Sequence[Object]:
        try:
            found: Sequence[Object] = self._cluster.get(path)["resources"]
        except ClusterError:
            return ()  # an aggregated API that is down serves nothing
        return found

    def _path(self, resource: Resource, namespace: str, name: str = "") -> str:
        return resource.path(namespace if resource.namespaced else "", name)


def _version(resource: Resource) -> str:
    return f"{resource.group}/{resource.version}" if resource.group else resource.version
