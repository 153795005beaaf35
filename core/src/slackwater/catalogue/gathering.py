"""Gathers the recovery points of the whole fleet, side by side.

A cluster that does not answer costs its time-out and becomes a finding: the others' answers stand.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from slackwater.backend import Backend, SharedStores
from slackwater.backend.connections import Connections
from slackwater.backend.wrappers import as_role
from slackwater.catalogue.covering import Covering
from slackwater.catalogue.merging import merge
from slackwater.errors import SlackwaterError
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import PointQuery, Store

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 16
"""Clusters asked at once. More does not help: reading long answers is bound by one core."""


@dataclass(frozen=True)
class Source:
    """How one tool in one cluster answered, and how fresh that is."""

    cluster: str
    tool: str
    as_of: datetime
    points: int = 0
    answered: bool = True


@dataclass(frozen=True)
class Catalogue:
    """The recovery points of the fleet at one time, newest first, and where they came from."""

    points: tuple[RecoveryPoint, ...] = ()
    sources: tuple[Source, ...] = ()
    stores: tuple[Store, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def as_of(self) -> datetime | None:
        """The age of the oldest answer in it."""
        return min((s.as_of for s in self.sources if s.answered), default=None)

    @cached_property
    def covering(self) -> Covering:
        """The points by workload: made when first asked for, then as good for many questions."""
        return Covering(self.points)


@dataclass(frozen=True)
class _Answer:
    source: Source
    points: tuple[RecoveryPoint, ...] = ()
    stores: tuple[Store, ...] = ()
    findings: tuple[Finding, ...] = ()


def gather(
    connections: Connections,
    query: PointQuery | None = None,
    *,
    clusters: Iterable[str] | None = None,
    tools: Iterable[str] | None = None,
) -> Catalogue:
    """Ask every tool in every cluster (or in those named) for its recovery points.

    Points that several clusters show are one, with several places.
    """
    pairs = [
        (cluster, tool)
        for cluster in (connections.names if clusters is None else clusters)
        for tool in connections.tools(cluster)
        if tools is None or tool in tools
    ]
    asked = query or PointQuery()
    with _no_search_for_garbage():
        answers = side_by_side(lambda pair: _ask(connections, *pair, asked), pairs)
        stores = tuple(store for answer in answers for store in answer.stores)
        return Catalogue(
            points=merge((answer.points for answer in answers), stores),
            sources=tuple(answer.source for answer in answers),
            stores=stores,
            findings=tuple(finding for answer in answers for finding in answer.findings),
        )


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Let Python's collector rest. Points have no cycles, and all of them stay.

    It would look through all that is there again and again while more comes in, which took longer
    than reading a hundred thousand points.
    """
    resting = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not resting:
            gc.enable()


def gather_stores(connections: Connections, clusters: Sequence[str]) -> tuple[Store, ...]:
    """Ask every tool in these clusters where its recovery points lie; who is silent is left out."""

    def ask(pair: tuple[str, str]) -> tuple[Store, ...]:
        try:
            return _stores(connections.backend(*pair))
        except SlackwaterError:
            return ()

    pairs = [(cluster, tool) for cluster in clusters for tool in connections.tools(cluster)]
    return tuple(store for found in side_by_side(ask, pairs) for store in found)


def side_by_side(act: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Run the act on all items in threads; the results come in the order of the items."""
    if len(items) < 2:
        return [act(item) for item in items]
    with ThreadPoolExecutor(max_workers=min(WORKERS, len(items))) as pool:
        return list(pool.map(act, items))


def _ask(connections: Connections, cluster: str, tool: str, query: PointQuery) -> _Answer:
    now = connections.clock()
    try:
        backend = connections.backend(cluster, tool)
        points = tuple(backend.list_recovery_points(query))
        stores = _stores(backend)
    except SlackwaterError as error:
        silent = Source(cluster=cluster, tool=tool, as_of=now, answered=False)
        return _Answer(source=silent, findings=(no_answer(cluster, tool, error),))
    source = Source(cluster=cluster, tool=tool, as_of=now, points=len(points))
    return _Answer(source=source, points=points, stores=stores)


def _stores(backend: Backend) -> tuple[Store, ...]:
    sharing = as_role(backend, SharedStores)
    return () if sharing is None else tuple(sharing.list_stores())


def no_answer(cluster: str, tool: str, error: SlackwaterError) -> Finding:
    """Return the finding for a tool or a cluster that could not be asked."""
    return Finding(
        severity=Severity.ERROR,
        code="no-answer",
        subject=f"{cluster}/{tool}" if tool else cluster,
        message=str(error),
        way_out=error.hint,
        cluster=cluster,
        tool=tool,
    )
