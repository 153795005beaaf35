"""The API of one emulated cluster, used in process."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from slackwater.testing.kubernetes_api.aggregation import AggregatedGroup, Aggregation
from slackwater.testing.kubernetes_api.commands import PROTOCOLS, Runner, nothing_runs
from slackwater.testing.kubernetes_api.kinds import DEFINITIONS, NAMESPACES, Kinds, Resource
from slackwater.testing.kubernetes_api.lifecycle import Lifecycle
from slackwater.testing.kubernetes_api.lists import Query, read_page
from slackwater.testing.kubernetes_api.objects import Objects
from slackwater.testing.kubernetes_api.patches import MERGE, apply_patch
from slackwater.testing.kubernetes_api.rules import DeleteOptions, headed, replacement
from slackwater.testing.kubernetes_api.status import Json, Object
from slackwater.testing.kubernetes_api.store import Change, Record, Store


@dataclass(frozen=True, slots=True)
class Event:
    """What a subscriber is told: ADDED, MODIFIED or DELETED, and the object in that state."""

    type: str
    object: Object


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


class KubernetesApi:
    """The objects of one cluster under the rules of kube-apiserver, in memory.

    Kinds are named as `kubectl get` names them in full: `configmaps`, `deployments.apps`. Every
    object handed out is a copy. What is refused raises `ApiError`, a kind that is not served
    raises KeyError. All methods may be called from
    any thread. `uid` is the one of `kube-system`, by which clusters are told apart. `runner` says
    what a command in a container does; by default no container runs. `protocols` are those that the
    server speaks with whoever runs one.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        uid: str | None = None,
        objects: Iterable[Object] = (),
    ) -> None:
        self.name = name
        self.clock = clock
        self.store = Store()
        self.kinds = Kinds()
        self.aggregation = Aggregation()
        self.runner: Runner = nothing_runs
        self.protocols: tuple[str, ...] = PROTOCOLS
        self.objects = Objects(self.store, self.kinds, clock)
        Lifecycle(self.objects)
        self.seed(*objects)
        system = {"name": "kube-system", "uid": uid or str(uuid.uuid4())}
        for metadata in (system, {"name": "default"}):
            if self.store.get(NAMESPACES, metadata["name"]) is None:
                self.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def create(self, content: Object) -> Object:
        """Create an object in the namespace that it names itself."""
        resource = self._kind_of(content)
        namespace = (content.get("metadata") or {}).get("namespace", "")
        return headed(resource, self.objects.create(resource, namespace, content).decoded())

    def seed(self, *contents: Object) -> None:
        """Put objects as they stand, status and uid included, as controllers would leave them."""
        for content in contents:
            self.objects.seed(self._kind_of(content), content)

    def get(self, kind: str, name: str, namespace: str = "") -> Object:
        """Return one object."""
        resource = self.kinds.named(kind)
        return headed(resource, self.objects.get(resource, namespace, name).decoded())

    def list(self, kind: str, namespace: str = "", *, labels: str = "") -> list[Object]:
        """Return the objects of a kind, in one namespace or in all, chosen by a label selector."""
        resource = self.kinds.named(kind)
        page = read_page(self.store, resource, Query(namespace=namespace, labels=labels))
        return [headed(resource, record.decoded()) for record in page.records]

    def update(self, content: Object, *, subresource: str = "") -> Object:
        """Replace an object, or only its status; a `resourceVersion` in it must be the newest."""
        resource, metadata = self._kind_of(content), content["metadata"]
        namespace = metadata.get("namespace", "")
        return self._replaced(
            resource, namespace, metadata["name"], replacement(resource, content), subresource
        )

    def patch(
        self, kind: str, name: str, patch: Json, namespace: str = "", *, subresource: str = ""
    ) -> Object:
        """Apply a merge patch to an object, or only to its status."""

        def patched(current: Object) -> Object:
            return apply_patch(current, patch, MERGE)

        return self._replaced(self.kinds.named(kind), namespace, name, patched, subresource)

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object; finalizers may keep it, marked, until they are taken away."""
        self.objects.delete(self.kinds.named(kind), namespace, name, DeleteOptions())

    def aggregate(self, *groups: AggregatedGroup) -> Callable[[], None]:
        """Pass requests for these groups on to whoever answers for them, as an APIService does;
        returns how to end that, as its deletion does. Their objects are not among this API's own.
        """
        return self.aggregation.register(*groups)

    def subscribe(self, kind: str, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call a function after every change of a kind, in order; returns how to stop that.

        It is called by the thread that wrote and should be short; it may write, and what it
        writes is told after it has returned.
        """

        def told(change: Change) -> None:
            if change.table == kind:
                callback(Event(change.kind, headed(self.kinds.named(kind), change.last.decoded())))

        return self.store.subscribe(told)

    def dump(self, path: Path) -> None:
        """Write every object into a JSON file, for `load`. Secrets are in it: mode 0600."""
        contents = {"name": self.name, "objects": _everything(self.store, self.kinds)}
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode(contents))

    @classmethod
    def load(cls, path: Path, *, clock: Callable[[], datetime] = utc_now) -> KubernetesApi:
        """Return an API with the objects of a file that `dump` wrote."""
        contents = msgspec.json.decode(path.read_bytes())
        return cls(contents["name"], clock=clock, objects=contents["objects"])

    def _kind_of(self, content: Object) -> Resource:
        return self.kinds.of(content.get("apiVersion", ""), content.get("kind", ""))

    def _replaced(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[Object], Object],
        subresource: str,
    ) -> Object:
        record: Record = self.objects.replace(
            resource, namespace, name, change, subresource=subresource
        )
        return headed(resource, record.decoded())


def _everything(store: Store, kinds: Kinds) -> list[Object]:
    """Return all objects, definitions first: without them their objects have no kind."""
    tables = store.contents()
    order = sorted(tables, key=lambda table: (table != DEFINITIONS, table != NAMESPACES, table))
    return [headed(kinds.named(table), content) for table in order for content in tables[table]]
