"""The in-memory world: clusters with namespaces, stores that several of them see, and mishaps.

"Memory" is said for its simplicity. The world lies in one file, because the promises it has to
show hold between processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from slackwater.clusters import utc_now
from slackwater.testing.memory.operating import settle
from slackwater.testing.memory.records import (
    Held,
    Mishap,
    Namespace,
    NativeScheduleRecord,
    OperationRecord,
    Outcome,
    ShownStore,
    Volume,
)
from slackwater.testing.memory.shelves import Shelves, open_shelves

_REAL = ("namespace", "store", "point", "operation", "schedule", "control-plane")


class MemoryWorld:
    """The world in one file. Any number of processes may have it open.

    ``clock`` is the world's time until ``set_time`` stops it. The tool works whenever somebody
    looks: operations get on by the clock, as those of a server would in the meantime.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self.path = path
        self._clock = clock

    @contextmanager
    def open(self) -> Iterator[Shelves]:
        """Look at the world or change it, in one transaction, after the tool has got on."""
        with open_shelves(self.path) as shelves:
            settle(shelves, self.now_in(shelves))
            yield shelves

    def now(self) -> datetime:
        """Return the world's time."""
        with open_shelves(self.path) as shelves:
            return self.now_in(shelves)

    def now_in(self, shelves: Shelves) -> datetime:
        """Return the world's time, within a transaction."""
        stopped = shelves.text("setting", "now")
        return datetime.fromisoformat(stopped) if stopped else self._clock()

    def set_time(self, now: datetime) -> None:
        """Stop the world's clock at a time."""
        with open_shelves(self.path) as shelves:
            shelves.write("setting", "now", now.isoformat())

    def advance(self, seconds: float) -> None:
        """Set the stopped clock forward."""
        self.set_time(self.now() + timedelta(seconds=seconds))

    def set_duration(self, seconds: float) -> None:
        """Let operations that begin from now on take so long; 0 at first."""
        with self.open() as shelves:
            shelves.write("setting", "duration", str(seconds))

    def stall(self) -> None:
        """Let no operation come to its end until ``heal``."""
        with self.open() as shelves:
            shelves.write("setting", "stalled", "yes")

    def idle(self) -> None:
        """Let no operation begin until ``heal``."""
        with self.open() as shelves:
            shelves.write("setting", "idle", "yes")

    def put_namespace(
        self,
        cluster: str,
        name: str,
        objects: Mapping[str, Mapping[str, object]],
        volumes: Sequence[Volume] = (),
    ) -> None:
        """Make a namespace, or change it; the empty name holds cluster-scoped objects."""
        namespace = Namespace(objects=objects, volumes=tuple(volumes))
        with self.open() as shelves:
            shelves.put("namespace", f"{cluster}/{name}", namespace)

    def namespaces(self, cluster: str) -> dict[str, Namespace]:
        """Return all namespaces of a cluster by name."""
        with self.open() as shelves:
            found = shelves.all("namespace", Namespace, f"{cluster}/")
        return {key.partition("/")[2]: namespace for key, namespace in found.items()}

    def remove_namespace(self, cluster: str, name: str) -> None:
        """Remove a namespace and all in it: the accident."""
        with self.open() as shelves:
            shelves.remove("namespace", f"{cluster}/{name}")

    def show_store(
        self, cluster: str, identity: str, name: str = "main", *, writable: bool = True
    ) -> None:
        """Let a cluster see a store, under a name of its own."""
        with self.open() as shelves:
            store = ShownStore(identity=identity, writable=writable)
            shelves.put("store", f"{cluster}/{name}", store)

    def break_store(self, cluster: str, name: str = "main") -> None:
        """Let a store be unavailable to a cluster."""
        with self.open() as shelves:
            store = shelves.get("store", f"{cluster}/{name}", ShownStore)
            if store is not None:
                broken = store.model_copy(update={"available": False})
                shelves.put("store", f"{cluster}/{name}", broken)

    def put_points(self, points: Sequence[Held]) -> None:
        """Lay recovery points into their stores, as somebody else's tool would have."""
        with self.open() as shelves:
            for point in points:
                shelves.put("point", f"{point.store}/{point.name}", point)

    def put_schedule(self, cluster: str, schedule: NativeScheduleRecord) -> None:
        """Give the tool in a cluster a schedule of its own."""
        with self.open() as shelves:
            shelves.put("schedule", f"{cluster}/{schedule.name}", schedule)

    def operations(self, cluster: str) -> dict[str, OperationRecord]:
        """Return the tool's operations in a cluster, by name."""
        with self.open() as shelves:
            found = shelves.all("operation", OperationRecord, f"{cluster}/")
        return {operation.name: operation for operation in found.values()}

    def change_operation(self, cluster: str, name: str, word: str) -> None:
        """Write any word as the state of an operation."""
        with self.open() as shelves:
            operation = shelves.get("operation", f"{cluster}/{name}", OperationRecord)
            if operation is not None:
                changed = operation.model_copy(update={"word": word})
                shelves.put("operation", f"{cluster}/{name}", changed)

    def remove_operation(self, cluster: str, name: str) -> None:
        """Take an operation out of the tool's memory."""
        with self.open() as shelves:
            shelves.remove("operation", f"{cluster}/{name}")

    def end_next(self, cluster: str, outcome: Outcome) -> None:
        """Say how the next operation in a cluster is to end."""
        with self.open() as shelves:
            shelves.put("outcome", cluster, outcome)

    def misbehave(self, cluster: str, mishap: Mishap) -> None:
        """Let requests of a cluster go wrong; one mishap at a time."""
        with self.open() as shelves:
            shelves.put("mishap", cluster, mishap)

    def mishap(self, cluster: str) -> Mishap | None:
        """Return what still waits for requests of a cluster."""
        with self.open() as shelves:
            return shelves.get("mishap", cluster, Mishap)

    def heal(self) -> None:
        """End mishaps and stalls, and forget how the next operations were to end."""
        with open_shelves(self.path) as shelves:
            shelves.clear("mishap")
            shelves.clear("outcome")
            shelves.write("setting", "stalled", "")
            shelves.write("setting", "idle", "")

    def require_token(self, token: str) -> None:
        """Let the tool answer only to those who show this token."""
        with self.open() as shelves:
            shelves.write("setting", "token", token)

    def requests(self) -> int:
        """Return how many requests the tool has been asked, over all clusters."""
        with open_shelves(self.path) as shelves:
            return int(shelves.text("setting", "requests") or 0)

    def fingerprint(self) -> str:
        """Return a hash of everything real: it changes with any change but in time and counts."""
        with self.open() as shelves:
            return shelves.digest(_REAL)
