"""One recovery point, however many clusters show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import Store

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def merge(
    listings: Iterable[Iterable[RecoveryPoint]], stores: Iterable[Store]
) -> tuple[RecoveryPoint, ...]:
    """Unite listings of several clusters into one, newest first.

    Points of one identity become one point with all its places. A missing origin is filled in
    where exactly one cluster of the fleet may write to the point's store; it is never guessed.
    """
    merged: dict[tuple[str, str, str], RecoveryPoint] = {}
    for listing in listings:
        for point in listing:
            key = (point.id.tool, point.id.store, point.id.name)
            seen = merged.get(key)
            merged[key] = point if seen is None else _unite(seen, point)
    writers = _writers(stores)
    return newest_first(_with_origin(point, writers) for point in merged.values())


def newest_first(points: Iterable[RecoveryPoint]) -> tuple[RecoveryPoint, ...]:
    """Return the points in the order of their begin, the newest first."""
    return tuple(sorted(points, key=lambda p: p.begin or _BEFORE_ALL, reverse=True))


def _unite(one: RecoveryPoint, other: RecoveryPoint) -> RecoveryPoint:
    """Keep the account of the cluster that knows more; join the places.

    The account of a cluster that may write to the store comes first: readers copy what was there
    when they looked, which may be older.
    """
    first, second = (other, one) if _knows_more(other, one) else (one, other)
    return first.model_copy(
        update={
            "places": _joined(first, second),
            "origin": first.origin or second.origin,
            "stamp": first.stamp or second.stamp,
            "contents": first.contents or second.contents,
        }
    )


def _knows_more(one: RecoveryPoint, other: RecoveryPoint) -> bool:
    def rank(point: RecoveryPoint) -> tuple[bool, bool]:
        return point.contents is not None, any(place.writable for place in point.places)

    return rank(one) > rank(other)


def _joined(one: RecoveryPoint, other: RecoveryPoint) -> tuple[object, ...]:
    return tuple(dict.fromkeys((*one.places, *other.places)))


def _writers(stores: Iterable[Store]) -> Mapping[tuple[str, str], set[str]]:
    writers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for store in stores:
        if store.writable:
            writers[store.tool, store.identity].add(store.cluster)
    return writers


def _with_origin(
    point: RecoveryPoint, writers: Mapping[tuple[str, str], set[str]]
) -> RecoveryPoint:
    if point.origin:
        return point
    candidates = writers.get((point.id.tool, point.id.store), set())
    if len(candidates) != 1:
        return point
    return point.model_copy(update={"origin": next(iter(candidates))})
