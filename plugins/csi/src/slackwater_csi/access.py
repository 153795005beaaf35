"""Objects of one cluster: read, created, changed and removed, with our errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from slackwater.clusters import Cluster, Executed, Object, Resource
from slackwater.errors import ClusterError, KindNotServed, ObjectNotFound
from slackwater_csi.errors import csi_errors

T = TypeVar("T")
_BAD_REQUEST = 400


@dataclass(frozen=True)
class Here:
    """The way to the objects of a cluster; lists come ``page`` objects at a time.

    Every call raises what ``csi_errors`` makes of an error of the cluster.
    """

    cluster: Cluster
    page: int = 500

    @property
    def name(self) -> str:
        """The cluster's name in the fleet."""
        return self.cluster.name

    def uid(self) -> str:
        """Return who the cluster is: the uid of kube-system."""
        with csi_errors(self.name, "get namespaces/kube-system"):
            return self.cluster.identity().uid

    def find(self, kind: Resource, name: str, into: type[T], *, namespace: str = "") -> T | None:
        """Return an object; None where there is none. Where its kind is not served (any more),
        nobody can say: that is an error, and no object that is gone.
        """
        with csi_errors(self.name, f"get {kind}"):
            try:
                return self.cluster.get(kind.path(namespace=namespace, name=name), into=into)
            except KindNotServed:
                raise
            except ObjectNotFound:
                return None

    def served(self, version: str) -> bool:
        """Whether the API serves a group in a version: ``snapshot.storage.k8s.io/v1``."""
        with csi_errors(self.name, f"look up {version}"):
            return self.cluster.exists(f"/apis/{version}")

    def list(
        self,
        kind: Resource,
        into: type[T],
        *,
        namespace: str = "",
        selector: str = "",
        field: str = "",
    ) -> Iterator[T]:
        """Yield every object of a kind, page by page, of one namespace or of all."""
        with csi_errors(self.name, f"list {kind}"):
            yield from self.cluster.list(
                kind.path(namespace=namespace),
                label_selector=selector or None,
                field_selector=field or None,
                page=self.page,
                into=into,
            )

    def list_if_served(self, kind: Resource, into: type[T], *, selector: str = "") -> Sequence[T]:
        """Return every object of a kind in all namespaces; none where the kind is not served."""
        with csi_errors(self.name, f"list {kind}"):
            try:
                return list(
                    self.cluster.list(
                        kind.path(), label_selector=selector or None, page=self.page, into=into
                    )
                )
            except ObjectNotFound:
                return []

    def create(self, kind: Resource, body: Mapping[str, object], *, namespace: str = "") -> Object:
        """Create an object. Raises ``ObjectExists`` where the name is taken."""
        with csi_errors(self.name, f"create {kind}"):
            return self.cluster.create(kind.path(namespace=namespace), body)

    def patch(
        self, kind: Resource, name: str, body: Mapping[str, object], *, namespace: str = ""
    ) -> Object | None:
        """Change an object by merge patch; None where there is none."""
        with csi_errors(self.name, f"patch {kind}"):
            try:
                return self.cluster.patch(kind.path(namespace=namespace, name=name), body)
            except KindNotServed:
                raise
            except ObjectNotFound:
                return None

    def execute(
        self,
        namespace: str,
        pod: str,
        command: Sequence[str],
        *,
        container: str,
        seconds: float,
    ) -> Executed | None:
        """Run a command in a container; None where there is no such pod (any more).

        What the API server refuses to begin in it, for its container, say, has not ended well.
        """
        with csi_errors(self.name, "create pods/exec"):
            try:
                return self.cluster.execute(
                    namespace, pod, command, container=container, seconds=seconds
                )
            except ObjectNotFound:
                return None
            except ClusterError as error:
                if error.status != _BAD_REQUEST:
                    raise
                return Executed(None, why=str(error))

    def delete(self, kind: Resource, name: str, *, namespace: str = "", uid: str = "") -> bool:
        """Remove an object; False where it was gone already. With ``uid`` only this very one."""
        with csi_errors(self.name, f"delete {kind}"):
            try:
                path = kind.path(namespace=namespace, name=name)
                self.cluster.delete(path, uid=uid or None)
            except KindNotServed:
                raise
            except ObjectNotFound:
                return False
            return True
