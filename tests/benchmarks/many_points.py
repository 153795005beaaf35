"""A fleet's recovery points as rows: 100 clusters, ten namespaces each, and as many as asked for.

Drawn from a seed, so that every contender is given the same. Each workload is backed up in turns,
about every two hours; once a day all points of a cluster share a mark, and once, with more care,
those of the whole fleet. Of the others some failed, some skipped a volume, some are of a whole
cluster.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

NAMESPACES = 10
"""In each cluster."""
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
EVERY = timedelta(hours=2)
TOLERANCE = timedelta(minutes=15)

Answer: TypeAlias = tuple[str, list[tuple[object, ...]]]
"""The shared mark, and for each workload: cluster, namespace, tool, store, name, begin, end."""

_ROUNDS_A_DAY = 12


@dataclass(frozen=True)
class Row:
    """One recovery point. ``namespace`` is ``*`` for a whole cluster."""

    name: str
    cluster: str
    namespace: str
    begin: datetime
    end: datetime
    run: str
    mark: str
    succeeded: bool
    skipped: bool
    tool: str = "velero"

    @property
    def store(self) -> str:
        """Where it lies."""
        return f"s3://backups/{self.cluster}"

    @property
    def namespaces(self) -> list[str]:
        """What it holds."""
        every = [f"ns-{n}" for n in range(NAMESPACES)]
        return every if self.namespace == "*" else [self.namespace]


def workloads(count: int) -> list[tuple[str, str]]:
    """Return so many workloads: cluster and namespace."""
    return [(f"cluster-{n // NAMESPACES:03}", f"ns-{n % NAMESPACES}") for n in range(count)]


def rows(points: int, of: list[tuple[str, str]]) -> Iterator[Row]:
    """Yield so many points of these workloads, the oldest round first."""
    draw = random.Random(4)  # noqa: S311  the same for everybody, and no secret
    for number in range(points):
        round_, place = divmod(number, len(of))
        cluster, namespace = of[place]
        whole = place % NAMESPACES == 0 and round_ % _ROUNDS_A_DAY == 1
        begin = FIRST + round_ * EVERY + timedelta(seconds=draw.randrange(600))
        fate = 0.5 if _is_fleets(round_) else draw.random()
        yield Row(
            name=f"sw-{cluster}-{namespace}-{round_:05}",
            cluster=cluster,
            namespace="*" if whole else namespace,
            begin=begin,
            end=begin + timedelta(seconds=draw.randrange(20, 900)),
            run=f"r-{round_:05}" if _is_fleets(round_) else f"r-{cluster}-{round_:05}",
            mark=_mark(round_),
            succeeded=fate > 0.02,
            skipped=fate > 0.95,
        )


def moments(turns: int, seed: int, count: int) -> list[datetime]:
    """Return so many moments, all over the time of so many backups of each workload."""
    draw = random.Random(seed)  # noqa: S311  as above
    return [FIRST + turns * EVERY * draw.uniform(0.2, 1.05) for _ in range(count)]


def micros(time: datetime) -> int:
    """Return a time as a whole number."""
    return round(time.timestamp() * 1_000_000)


def _mark(round_: int) -> str:
    if _is_fleets(round_):
        return "before-migration"
    return "nightly" if round_ % _ROUNDS_A_DAY == 0 else ""


def _is_fleets(round_: int) -> bool:
    return round_ % _ROUNDS_A_DAY == 7
