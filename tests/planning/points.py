"""Recovery points made in one line, for tests of planning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import (
    Contents,
    HeldVolume,
    Place,
    PointId,
    RecoveryPoint,
    Stamp,
)
from slackwater.model.workload import Scope, Workload

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def volume(name: str, *, held: bool = True, off_cluster: bool = True) -> HeldVolume:
    namespace, claim = name.split("/")
    return HeldVolume(
        namespace=namespace,
        claim=claim,
        held=held,
        reason="" if held else "no tool can hold it",
        off_cluster=off_cluster,
    )


def point(
    name: str,
    namespace: str = "shop",
    *,
    at: float = 0,
    lasts: float = 1,
    origin: str = "eu",
    objects: int | None = 3,
    volumes: tuple[HeldVolume, ...] = (),
    phase: Phase = Phase.SUCCEEDED,
    mark: str = "",
    run: str = "r-1",
    policy: str = "",
    limits: str = "",
    store: str = "s3/bucket",
    places: tuple[str, ...] = ("eu",),
) -> RecoveryPoint:
    """Return a point begun ``at`` minutes before noon that took ``lasts`` minutes.

    ``objects`` None: nobody has looked inside.
    """
    begin = NOON - minutes(at)
    contents = None
    if objects is not None:
        contents = Contents(objects={namespace: objects}, volumes=volumes)
    return RecoveryPoint(
        id=PointId(tool="tide", store=store, name=name),
        phase=phase,
        scope=Scope(namespaces=(namespace,), limits=limits),
        begin=begin,
        end=begin + minutes(lasts),
        origin=origin,
        contents=contents,
        stamp=Stamp(cluster=origin, cluster_uid="u", mark=mark, run=run, policy=policy)
        if mark or policy
        else None,
        places=tuple(Place(cluster=place) for place in places),
    )


def workload(namespace: str = "shop", cluster: str = "eu") -> Workload:
    return Workload(cluster=cluster, namespace=namespace)
