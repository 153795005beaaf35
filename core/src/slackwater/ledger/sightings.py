"""What was seen: contents of points, stores, and when clusters and tools last answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select

from slackwater.ledger import sqlite
from slackwater.ledger.part import Part
from slackwater.ledger.schema import cluster_seen, contents, data_seen, store_seen
from slackwater.model.recovery_point import DataSight, PointId, RecoveryPoint
from slackwater.model.request import Store

_AT_ONCE = 500


@dataclass(frozen=True)
class ClusterSeen:
    """When a cluster (``tool`` empty) or a tool in it last answered, and who the cluster was."""

    cluster: str
    tool: str
    at: datetime
    ca_hash: str
    uid: str


class Sightings(Part):
    """What was read once and need not, or cannot, be read again."""

    def contents(self, ids: Sequence[PointId]) -> dict[PointId, RecoveryPoint]:
        """Return those of the points whose contents were read before, as they were read."""
        wanted, found = set(ids), dict[PointId, RecoveryPoint]()
        for row in self._rows_of(wanted, contents):
            point = RecoveryPoint.model_validate_json(row.point)
            found[point.id] = point
        return {point: found[point] for point in wanted if point in found}

    def points_of(self, origins: Iterable[str]) -> tuple[RecoveryPoint, ...]:
        """Return every point of these origins that was ever read, as it was read."""
        wanted = set(origins)
        with self.database.read() as connection:
            texts = connection.execute(select(contents.c.point)).scalars() if wanted else ()
            points = (RecoveryPoint.model_validate_json(text) for text in texts)
            return tuple(point for point in points if point.origin in wanted)

    def remember_contents(self, point: RecoveryPoint) -> None:
        """Keep a point with its contents, once it has ended; before that, and unread, never."""
        if point.contents is None or not point.phase.terminal:
            return
        row = {"read": self.clock(), "point": point.model_dump_json()}
        self._put(contents, [point.id.model_dump() | row])

    def saw_data(self, sights: Mapping[PointId, DataSight]) -> None:
        """Record what was said when it was asked where the data of points is."""
        earlier = self.data_seen(list(sights))
        known = {point: sight.after(earlier.get(point)) for point, sight in sights.items()}
        rows = [p.model_dump() | {"sight": sight.model_dump_json()} for p, sight in known.items()]
        self._put(data_seen, rows)

    def data_seen(self, ids: Sequence[PointId]) -> dict[PointId, DataSight]:
        """Return what was last said of the data of these points."""
        wanted, found = set(ids), dict[PointId, str]()
        for row in self._rows_of(wanted, data_seen):
            found[PointId(tool=row.tool, store=row.store, name=row.name)] = row.sight
        return {p: DataSight.model_validate_json(s) for p, s in found.items() if p in wanted}

    def saw_cluster(self, cluster: str, *, ca_hash: str = "", uid: str = "") -> None:
        """Record that a cluster has answered just now, and who it is."""
        about = {"ca_hash": ca_hash, "uid": uid}
        self._put(cluster_seen, [{"cluster": cluster, "tool": "", "at": self.clock()} | about])

    def saw_tools(self, answered: Iterable[tuple[str, str]]) -> None:
        """Record that tools have answered just now, each as its cluster and its name."""
        about = {"at": self.clock(), "ca_hash": "", "uid": ""}
        rows = [{"cluster": cluster, "tool": tool} | about for cluster, tool in answered]
        self._put(cluster_seen, rows)

    def clusters_seen(self) -> tuple[ClusterSeen, ...]:
        """Return when each cluster and each tool last answered."""
        query = select(cluster_seen).order_by(cluster_seen.c.cluster, cluster_seen.c.tool)
        with self.database.read() as connection:
            rows = connection.execute(query)
            return tuple(ClusterSeen(r.cluster, r.tool, r.at, r.ca_hash, r.uid) for r in rows)

    def saw_stores(self, stores: Iterable[Store]) -> None:
        """Record stores as clusters showed them, so that they outlive those clusters."""
        key, now = {"tool", "identity", "cluster"}, self.clock()
        rows = [
            store.model_dump(include=key) | {"at": now, "store": store.model_dump_json()}
            for store in stores
        ]
        self._put(store_seen, rows)

    def stores(self, tool: str = "") -> tuple[Store, ...]:
        """Return every store ever seen, or those of one tool."""
        query = select(store_seen.c.store).order_by(store_seen.c.identity, store_seen.c.cluster)
        if tool:
            query = query.where(store_seen.c.tool == tool)
        with self.database.read() as connection:
            rows = connection.execute(query).scalars()
            return tuple(Store.model_validate_json(text) for text in rows)

    def _put(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Put rows into the places of those with the same keys, at once: a disk is slow."""
        if rows:
            with self.database.write() as connection:
                connection.execute(sqlite.put(table), rows)

    def _rows_of(self, points: Iterable[PointId], table: Table) -> Iterator[Row[Any]]:
        """Yield the rows about points, and about others of their names."""
        names = sorted({point.name for point in points})
        with self.database.read() as connection:
            for start in range(0, len(names), _AT_ONCE):
                some = names[start : start + _AT_ONCE]
                yield from connection.execute(select(table).where(table.c.name.in_(some)))
