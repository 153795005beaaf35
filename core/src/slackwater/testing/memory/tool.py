"""The in-memory tool as one cluster reaches it: each public method is one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from slackwater.model.recovery_point import Stamp
from slackwater.model.workload import Scope
from slackwater.testing.memory.operating import begin, capture
from slackwater.testing.memory.records import (
    Held,
    Mishap,
    Namespace,
    NativeScheduleRecord,
    OperationRecord,
    Refusal,
    ShownStore,
    Wanted,
    Word,
)
from slackwater.testing.memory.shelves import Shelves
from slackwater.testing.memory.world import MemoryWorld


class Refused(Exception):
    """The tool's own error: why, in its words, and after how many seconds to come again."""

    def __init__(self, refusal: Refusal, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.retry_after = retry_after


class Tool:
    """A client of the in-memory tool. ``token`` is asked for with each request and not kept."""

    def __init__(
        self, world: MemoryWorld, name: str, cluster: str, token: Callable[[], str]
    ) -> None:
        self.world = world
        self.name = name
        self.cluster = cluster
        self._token = token

    def read_version(self) -> str:
        """Return the tool's version."""
        with self._request("read version"):
            return "1.0"

    def list_points(self, after: str, limit: int) -> tuple[list[Held], str]:
        """Return points without what they hold, and where the next page begins (empty: nowhere)."""
        with self._request("list points") as shelves:
            visible = {store.identity for store in self._stores(shelves).values()}
            found = [
                (key, point.model_copy(update={"namespaces": {}}))
                for key, point in shelves.all("point", Held).items()
                if point.tool == self.name and point.store in visible and key > after
            ]
        more = found[limit - 1][0] if len(found) > limit else ""
        return [point for _, point in found[:limit]], more

    def read_point(self, store: str, name: str) -> Held:
        """Return one point with what it holds."""
        with self._request("read point") as shelves:
            return self._point(shelves, store, name)

    def create_point(self, point: Held) -> Held:
        """Lay a point into its store unless one of that name is there; return what lies there."""
        with self._request("create point") as shelves:
            shelves.create("point", f"{point.store}/{point.name}", point)
            return self._point(shelves, point.store, point.name)

    def remove_point(self, store: str, name: str) -> None:
        """Remove a point; it is no error if it is gone."""
        with self._request("remove point") as shelves:
            shelves.remove("point", f"{store}/{name}")

    def stamp_point(self, store: str, name: str, stamp: Stamp) -> None:
        """Write a stamp on a point."""
        with self._request("stamp point") as shelves:
            stamped = self._point(shelves, store, name).model_copy(update={"stamp": stamp})
            shelves.put("point", f"{store}/{name}", stamped)

    def list_stores(self) -> dict[str, ShownStore]:
        """Return the stores that the cluster sees, by the names it has for them."""
        with self._request("list stores") as shelves:
            return self._stores(shelves)

    def show_store(self, name: str, identity: str, run: str) -> None:
        """Let the cluster see a store, read-only, for a run; other runs may have it shown too."""
        with self._request("show store") as shelves:
            shown = self._stores(shelves).get(name)
            runs = {run, *(shown.shown_for if shown else ())}
            store = ShownStore(identity=identity, writable=False, shown_for=tuple(sorted(runs)))
            shelves.put("store", f"{self.cluster}/{name}", store)

    def hide_store(self, name: str, run: str) -> None:
        """Let go of a store; it is hidden when no run has it shown any more."""
        with self._request("hide store") as shelves:
            shown = self._stores(shelves).get(name)
            if shown is None:
                return
            runs = tuple(other for other in shown.shown_for if other != run)
            if runs:
                kept = shown.model_copy(update={"shown_for": runs})
                shelves.put("store", f"{self.cluster}/{name}", kept)
            else:
                shelves.remove("store", f"{self.cluster}/{name}")

    def begin(self, name: str, key: str, wanted: Wanted) -> OperationRecord:
        """Begin an operation, or return the one that was begun with this key before."""
        with self._request("begin operation") as shelves:
            for known in self._operations(shelves).values():
                if known.key == key:
                    return known
            now = self.world.now_in(shelves)
            operation = OperationRecord(
                name=name,
                key=key,
                tool=self.name,
                cluster=self.cluster,
                wanted=wanted,
                asked=now,
                begins=now,
            )
            return begin(shelves, operation)

    def read_operation(self, name: str) -> OperationRecord:
        """Return one operation."""
        with self._request("read operation") as shelves:
            return self._operation(shelves, name)

    def list_operations(self) -> dict[str, OperationRecord]:
        """Return all operations of this tool in the cluster, by name."""
        with self._request("list operations") as shelves:
            return self._operations(shelves)

    def stop_operation(self, name: str) -> None:
        """Stop an operation that is under way; an ended one stays as it is."""
        with self._request("stop operation") as shelves:
            operation = self._operation(shelves, name)
            if operation.open:
                ended = {"word": Word.STOPPED, "ended": self.world.now_in(shelves)}
                stopped = operation.model_copy(update=ended)
                shelves.put("operation", f"{self.cluster}/{name}", stopped)

    def list_schedules(self) -> Sequence[NativeScheduleRecord]:
        """Return the tool's own schedules in the cluster."""
        with self._request("list schedules") as shelves:
            found = shelves.all("schedule", NativeScheduleRecord, f"{self.cluster}/")
        return list(found.values())

    def read_objects(self, scope: Scope) -> dict[str, Namespace]:
        """Return what the cluster holds within a scope, as of one moment."""
        with self._request("read objects") as shelves:
            return dict(capture(shelves, self.cluster, scope))

    def read_control_plane(self) -> str:
        """Return who the store of the cluster's control plane is."""
        with self._request("read control plane") as shelves:
            return shelves.text("control-plane", self.cluster) or f"store of {self.cluster}"

    def replace_objects(self, point: Held, made: str) -> None:
        """Let the cluster hold exactly the objects of a point; volumes stay as they are.

        The store of its control plane is ``made`` anew with that.
        """
        with self._request("replace objects") as shelves:
            shelves.write("control-plane", self.cluster, made)
            standing = shelves.all("namespace", Namespace, f"{self.cluster}/")
            for key in standing:
                shelves.remove("namespace", key)
            for name, held in point.namespaces.items():
                key = f"{self.cluster}/{name}"
                volumes = standing.get(key, Namespace()).volumes
                shelves.put("namespace", key, Namespace(objects=held.objects, volumes=volumes))

    @contextmanager
    def _request(self, words: str) -> Iterator[Shelves]:
        """Count the request, refuse it where that was arranged, and lose its answer likewise."""
        token = self._token()
        mishap = self._arrive(words, token)
        if mishap is not None and not mishap.answer_lost:
            raise _refusal(mishap, words)
        with self.world.open() as shelves:
            yield shelves
        if mishap is not None:
            raise _refusal(mishap, words)

    def _arrive(self, words: str, token: str) -> Mishap | None:
        with self.world.open() as shelves:
            count = int(shelves.text("setting", "requests") or 0)
            shelves.write("setting", "requests", str(count + 1))
            if token != (shelves.text("setting", "token") or token):
                return Mishap(refusal=Refusal.DENIED)
            return _due(shelves, self.cluster, self.name, words)

    def _stores(self, shelves: Shelves) -> dict[str, ShownStore]:
        found = shelves.all("store", ShownStore, f"{self.cluster}/")
        return {key.partition("/")[2]: store for key, store in found.items()}

    def _point(self, shelves: Shelves, store: str, name: str) -> Held:
        visible = {shown.identity for shown in self._stores(shelves).values()}
        point = shelves.get("point", f"{store}/{name}", Held)
        if point is None or point.tool != self.name or store not in visible:
            raise Refused(Refusal.MISSING, f"recovery point {name} is not in {store}")
        return point

    def _operations(self, shelves: Shelves) -> dict[str, OperationRecord]:
        found = shelves.all("operation", OperationRecord, f"{self.cluster}/")
        return {o.name: o for o in found.values() if o.tool == self.name}

    def _operation(self, shelves: Shelves, name: str) -> OperationRecord:
        operation = shelves.get("operation", f"{self.cluster}/{name}", OperationRecord)
        if operation is None:
            raise Refused(Refusal.MISSING, f"operation {name} is not known")
        return operation


def _due(shelves: Shelves, cluster: str, tool: str, words: str) -> Mishap | None:
    """Return the mishap that is meant for this request, and use it up."""
    mishap = shelves.get("mishap", cluster, Mishap)
    if mishap is None or not words.startswith(mishap.requests or ""):
        return None
    if mishap.tool not in ("", tool):
        return None
    if mishap.spared:
        shelves.put("mishap", cluster, mishap.model_copy(update={"spared": mishap.spared - 1}))
        return None
    if mishap.times is not None:
        left = mishap.times - 1
        if left:
            shelves.put("mishap", cluster, mishap.model_copy(update={"times": left}))
        else:
            shelves.remove("mishap", cluster)
    return mishap


def _refusal(mishap: Mishap, words: str) -> Refused:
    said = {
        Refusal.DENIED: f'no right to "{words}"',
        Refusal.THROTTLED: f"too many requests: {words}",
        Refusal.UNAVAILABLE: f"connection closed: {words}",
    }
    message = said.get(mishap.refusal, f"{mishap.refusal}: {words}")
    return Refused(mishap.refusal, message, mishap.retry_after)
