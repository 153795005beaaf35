"""Looks inside recovery points, once: what was read of an ended one never changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from slackwater.backend.connections import Connections
from slackwater.catalogue.whereabouts import KnownData, with_data_seen
from slackwater.errors import ClusterError, RecoveryPointNotFound, TransientBackendError
from slackwater.model.recovery_point import DataSight, PointId, RecoveryPoint


class Memory(KnownData, Protocol):
    """Where contents that were read are kept: the ledger."""

    def contents(self, ids: Sequence[PointId]) -> dict[PointId, RecoveryPoint]:
        """Return the points whose contents are known."""

    def remember_contents(self, point: RecoveryPoint) -> None:
        """Keep the point's contents."""


def read_contents(connections: Connections, point: RecoveryPoint, memory: Memory) -> RecoveryPoint:
    """Return the point with its contents, from memory or from a cluster that shows it.

    Where nobody can read them the contents stay None: unknown, which never counts as good.
    """
    known = memory.contents([point.id]).get(point.id)
    if known is not None and _still_holds(known, point):
        return with_data_seen([_joined(point, known)], memory)[0]
    return with_data_seen([_read_now(connections, point, memory)], memory)[0]


def _read_now(connections: Connections, point: RecoveryPoint, memory: Memory) -> RecoveryPoint:
    try:
        read = see_again(connections, point)
    except (TransientBackendError, ClusterError, RecoveryPointNotFound):
        return point
    if read is None:
        return point
    if read.contents is not None and read.phase.terminal:
        memory.remember_contents(read)
    return _joined(point, read)


def with_known_contents(
    points: Sequence[RecoveryPoint], memory: Memory
) -> tuple[RecoveryPoint, ...]:
    """Fill in what was read of these points before; ask nobody."""
    known = memory.contents([point.id for point in points])
    filled = []
    for point in points:
        read = known.get(point.id)
        holds = read is not None and _still_holds(read, point)
        filled.append(_joined(point, read) if read is not None and holds else point)
    return with_data_seen(filled, memory)


def _still_holds(known: RecoveryPoint, listed: RecoveryPoint) -> bool:
    """Whether what was read once may be believed: what is damaged now was whole when it was read.

    A name may have been used twice, too. And what a listing shows inside is newer than memory.
    """
    return listed.contents is None and listed.phase.usable and known.begin == listed.begin


def see_again(connections: Connections, point: RecoveryPoint) -> RecoveryPoint | None:
    """Ask the clusters that show the point, one after the other, until one answers.

    None where no cluster that showed it belongs to the fleet any more. Raises what the last of
    them raised.
    """
    failure: Exception | None = None
    for cluster in _places(connections, point):
        try:
            return connections.backend(cluster, point.id.tool).get_recovery_point(point.id)
        except (TransientBackendError, ClusterError, RecoveryPointNotFound) as error:
            failure = error
    if failure is not None:
        raise failure
    return None


def _places(connections: Connections, point: RecoveryPoint) -> Iterator[str]:
    """Yield the clusters to ask: the origin first, for it knows best."""
    shown = sorted(point.places, key=lambda place: place.cluster != point.origin)
    for place in shown:
        known = place.cluster in connections.names
        if known and point.id.tool in connections.tools(place.cluster):
            yield place.cluster


def _joined(listed: RecoveryPoint, read: RecoveryPoint) -> RecoveryPoint:
    """Keep identity, origin and places of the listing; take what was found inside."""
    return listed.model_copy(
        update={
            "contents": read.contents,
            "phase": read.phase,
            "findings": read.findings,
            "scope": read.scope,
            "data": listed.data and DataSight(),  # contents are as they were read: judge them anew
        }
    )
