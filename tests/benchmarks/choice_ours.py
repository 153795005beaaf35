"""Ours: the same rows as recovery points with their contents, asked as a restore plan asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from slackwater.catalogue import Catalogue
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import (
    Contents,
    HeldVolume,
    Place,
    PointId,
    RecoveryPoint,
    Requirement,
    Stamp,
)
from slackwater.model.workload import Scope, Workload
from slackwater.planning.choosing import Selection, Selections, Wanted, choose

from .many_points import TOLERANCE, Answer, Row, micros

_REQUIRED = (Requirement.OBJECTS, Requirement.VOLUMES)


class Planned:
    """A catalogue that is held, and the question about it."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._catalogue = Catalogue(tuple(_point(row) for row in rows))
        self._wanted: list[Wanted] = []
        _ = self._catalogue.covering

    def want(self, workloads: Iterable[tuple[str, str]]) -> None:
        """Set of which workloads the next questions are."""
        self._wanted = [
            Wanted(Workload(cluster=cluster, namespace=namespace), _REQUIRED)
            for cluster, namespace in workloads
        ]

    def ask(self, moment: datetime) -> Selections:
        """Choose, as a restore plan does."""
        return choose(
            self._wanted,
            self._catalogue.covering,
            moment,
            lambda known: known,
            tolerance=TOLERANCE,
        )

    def rows(self, answer: Selections) -> Answer:
        """Return the answer in the peer's form."""
        return answer.mark, [_row(item) for item in answer.items]


def _row(item: Selection) -> tuple[object, ...]:
    workload, point = item.wanted.workload, item.point
    if point is None:
        return workload.cluster, workload.namespace, None, None, None, None, None
    of = point.id
    named = workload.cluster, workload.namespace, of.tool, of.store, of.name
    return (*named, micros(point.begin), micros(point.end))


def _point(row: Row) -> RecoveryPoint:
    return RecoveryPoint(
        id=PointId(tool=row.tool, store=row.store, name=row.name),
        phase=Phase.SUCCEEDED if row.succeeded else Phase.FAILED,
        scope=Scope(namespaces=(row.namespace,)),
        begin=row.begin,
        end=row.end,
        origin=row.cluster,
        contents=Contents(
            objects=dict.fromkeys(row.namespaces, 40),
            volumes=tuple(_volume(namespace, row) for namespace in row.namespaces),
        ),
        places=(Place(cluster=row.cluster, store_name="default", writable=True),),
        stamp=Stamp(cluster=row.cluster, cluster_uid="u", run=row.run, mark=row.mark),
        made_by="slackwater",
        tool_phase="Completed" if row.succeeded else "Failed",
    )


def _volume(namespace: str, row: Row) -> HeldVolume:
    reason = "no node agent" if row.skipped else ""
    return HeldVolume(
        namespace=namespace, claim="data", held=not row.skipped, reason=reason, off_cluster=True
    )
