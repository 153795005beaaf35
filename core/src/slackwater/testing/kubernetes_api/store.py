"""Where the objects lie: tables of encoded objects under one rising revision, and a log of changes.

It works as etcd does under a real API server: the log makes any kept revision readable again, so
pages of one list agree with each other, and a watch can begin in the past. Compaction ends that.

An object is kept as its JSON without `apiVersion` and `kind`: a reader gets a fresh copy, a long
list is joined from what is there, and another version of the kind differs only in its head.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from slackwater.testing.kubernetes_api.status import Object

LOG_LENGTH = 100_000
LISTINGS_KEPT = 32


@dataclass(frozen=True, slots=True)
class Record:
    """One object in one state. `key` is `namespace/name`, or the name of a cluster-scoped one."""

    key: str
    revision: int
    body: bytes
    labels: Mapping[str, str]

    @property
    def fields(self) -> dict[str, str]:
        """What field selectors may ask of any object."""
        namespace, _, name = self.key.rpartition("/")
        return {"metadata.name": name, "metadata.namespace": namespace}

    def decoded(self) -> Object:
        """Return a fresh copy of the object, without apiVersion and kind."""
        found: Object = msgspec.json.decode(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """One write: what stood there before and after it; `last` is the state that a removal left."""

    revision: int
    table: str
    key: str
    before: Record | None
    after: Record | None
    last: Record

    @property
    def kind(self) -> str:
        """The word that a watch uses: ADDED, MODIFIED or DELETED."""
        if self.after is None:
            return "DELETED"
        return "MODIFIED" if self.before else "ADDED"


@dataclass(frozen=True, slots=True)
class Listing:
    """One table at one revision, in the order of keys. Never changed: it can be shared."""

    keys: list[str]
    records: list[Record]

    def within(self, namespace: str, start: str = "") -> Iterator[Record]:
        """Yield the records of a namespace ("" is all), from the key `start` on."""
        prefix = f"{namespace}/" if namespace else ""
        for position in range(bisect_left(self.keys, max(prefix, start)), len(self.keys)):
            if not self.keys[position].startswith(prefix):
                return
            yield self.records[position]


Subscriber = Callable[[Change], None]


class Compacted(Exception):
    """The revision asked for is older than what the log keeps."""


class Store:
    """Tables of records; every method may be called from any thread."""

    def __init__(self) -> None:
        self.revision = 1
        self.compacted = 0
        self._lock = threading.RLock()
        self._tables: dict[str, dict[str, Record]] = {}
        self._changed: dict[str, int] = {}
        self._log: deque[Change] = deque()
        self._listings: dict[tuple[str, int], Listing] = {}
        self._subscribers: list[Subscriber] = []
        self._untold: deque[Change] = deque()
        self._telling = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store for a read and the writes that rest on it; then tell subscribers.

        Not to be nested: subscribers are called without the lock, so that they may write.
        """
        with self._lock:
            yield
        self._tell()

    def get(self, table: str, key: str) -> Record | None:
        """Return the newest record under a key."""
        return self._tables.get(table, {}).get(key)

    def put(self, table: str, key: str, content: Object) -> Record:
        """Write an object under the next revision, which it carries from then on."""
        with self._lock:
            record = self._next(key, content)
            before = self.get(table, key)
            self._tables.setdefault(table, {})[key] = record
            self._log_change(Change(self.revision, table, key, before, record, record))
            return record

    def remove(self, table: str, key: str) -> Record:
        """Remove a record; its last state carries the revision of the removal."""
        with self._lock:
            before = self._tables[table].pop(key)
            last = self._next(key, before.decoded())
            self._log_change(Change(self.revision, table, key, before, None, last))
            return last

    def _next(self, key: str, content: Object) -> Record:
        self.revision += 1
        metadata = content["metadata"]
        metadata["resourceVersion"] = str(self.revision)
        labels = metadata.get("labels") or {}
        return Record(key, self.revision, msgspec.json.encode(content), labels)

    def _log_change(self, change: Change) -> None:
        self._changed[change.table] = change.revision
        self._log.append(change)
        self._untold.append(change)
        if len(self._log) > LOG_LENGTH:
            self.compacted = self._log.popleft().revision

    def listing(self, table: str, revision: int | None = None) -> Listing:
        """Return a table as it was at a revision (default: now), or raise Compacted."""
        with self._lock:
            wanted = self.revision if revision is None else revision
            if wanted < self.compacted:
                raise Compacted
            effective = min(wanted, self._changed.get(table, 0))
            if (table, effective) not in self._listings:
                self._keep((table, effective), self._state(table, effective))
            return self._listings[table, effective]

    def _state(self, table: str, revision: int) -> Listing:
        records = dict(self._tables.get(table, {}))
        for change in self._since(revision):
            if change.table != table:
                continue
            if change.before is None:
                del records[change.key]
            else:
                records[change.key] = change.before
        keys = sorted(records)
        return Listing(keys, [records[key] for key in keys])

    def _keep(self, name: tuple[str, int], listing: Listing) -> None:
        while len(self._listings) >= LISTINGS_KEPT:
            del self._listings[next(iter(self._listings))]
        self._listings[name] = listing

    def _since(self, revision: int) -> Iterator[Change]:
        """Yield the changes after a revision, the newest first."""
        for change in reversed(self._log):
            if change.revision <= revision:
                return
            yield change

    def changes(self, after: int) -> list[Change]:
        """Return the changes after a revision, the oldest first, or raise Compacted."""
        with self._lock:
            if after < self.compacted:
                raise Compacted
            return list(self._since(after))[::-1]

    def compact(self) -> None:
        """Forget every past state: pages begun and watches from the past expire."""
        with self._lock:
            self._log.clear()
            self.compacted = self.revision = self.revision + 1

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call a function after every change, in order, once at a time; returns how to stop that.

        It runs in the thread of some writer, so it should be short; it may write.
        """
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def _tell(self) -> None:
        while change := self._take_untold():
            try:
                for subscriber in list(self._subscribers):
                    subscriber(change)
            finally:
                self._telling = False

    def _take_untold(self) -> Change | None:
        """Take the next change to tell, unless another call is telling one (it will go on)."""
        with self._lock:
            if self._telling or not self._untold:
                return None
            self._telling = True
            return self._untold.popleft()

    def contents(self) -> dict[str, list[Object]]:
        """Return every table's objects as they stand, for a file."""
        with self._lock:
            return {
                table: [record.decoded() for record in records.values()]
                for table, records in self._tables.items()
            }
