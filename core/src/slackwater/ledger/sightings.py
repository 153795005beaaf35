"""What was seen: contents of points, stores, and when clusters and tools last answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, delete, insert, select

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
        wanted = set(ids)
        names = sorted({point.name for point in wanted})
        found: dict[PointId, RecoveryPoint] = {}
        with self.database.read() as connection:
            for start in range(0, len(names), _AT_ONCE):
                some = names[start : start + _AT_ONCE]
                query = select(contents.c.point).where(contents.c.name.in_(some))
                for (text,) in connection.execute(query):
                    point = RecoveryPoint.model_validate_json(text)
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
        key = point.id.model_dump()
        self._put(contents, key, {"read": self.clock(), "point": point.model_dump_json()})

    def saw_data(self, sights: Mapping[PointId, DataSight]) -> None:
        """Record what was said when it was asked where the data of points is."""
        for point, sight in sights.items():
            self._put(data_seen, point.model_dump(), {"sight": sight.model_dump_json()})

    def data_seen(self, ids: Sequence[PointId]) -> dict[PointId, DataSight]:
        """Return what was last said of the data of these points."""
        wanted = set(ids)
        query = select(data_seen).where(data_seen.c.tool.in_({point.tool for point in wanted}))
        with self.database.read() as connection:
            found = {
                PointId(tool=row.tool, store=row.store, name=row.name): row.sight
                for row in (connection.execute(query) if wanted else ())
            }
        return {p: DataSight.model_validate_json(s) for p, s in found.items() if p in wanted}

    def saw_cluster(
        self, cluster: str, tool: str = "", *, ca_hash: str = "", uid: str = ""
    ) -> None:
        """Record that a cluster, or a tool in it, has answered just now."""
        values = {"at": self.clock(), "ca_hash": ca_hash, "uid": uid}
        self._put(cluster_seen, {"cluster": cluster, "tool": tool}, values)

    def clusters_seen(self) -> tuple[ClusterSeen, ...]:
        """Return when each cluster and each tool last answered."""
        query = select(cluster_seen).order_by(cluster_seen.c.cluster, cluster_seen.c.tool)
        with self.database.read() as connection:
            rows = connection.execute(query)
            return tuple(ClusterSeen(r.cluster, r.tool, r.at, r.ca_hash, r.uid) for r in rows)

    def saw_stores(self, stores: Iterable[Store]) -> None:
        """Record stores as clusters showed them, so that they outlive those clusters."""
        for store in stores:
            key = store.model_dump(include={"tool", "identity", "cluster"})
            self._put(store_seen, key, {"at": self.clock(), "store": store.model_dump_json()})

    def stores(self, tool: str = "") -> tuple[Store, ...]:
        """Return every store ever seen, or those of one tool."""
        query = select(store_seen.c.store).order_by(store_seen.c.identity, store_seen.c.cluster)
        if tool:
            query = query.where(store_seen.c.tool == tool)
        with self.database.read() as connection:
            rows = connection.execute(query).scalars()
            return tuple(Store.model_validate_json(text) for text in rows)

    def _put(self, table: Table, key: Mapping[str, object], values: Mapping[str, object]) -> None:
        with self.database.write() as connection:
            same = [table.c[name] == value for name, value in key.items()]
            connection.execute(delete(table).where(*same))
            connection.execute(insert(table).values({**key, **values}))
