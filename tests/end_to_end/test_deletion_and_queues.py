"""Deletion takes the data too; and Velero, which restores one at a time, is waited for."""

from __future__ import annotations

import threading

import pytest

from slackwater import Fleet
from slackwater.backend import Backend
from slackwater.model.act import ActPlan, Key
from slackwater.model.operation import Operation
from slackwater.model.recovery_point import PointId
from slackwater.model.run import RunState

from .road import (
    BACKUPS,
    RESTORES,
    VELERO,
    Road,
    awaited,
    backed_up,
    codes,
    ended,
    made_by,
    restored,
    story,
)

pytestmark = pytest.mark.real


def test_a_deleted_point_is_gone_from_the_cluster_and_from_the_bucket(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, 2)
    [name] = made_by(backed_up(fleet, fresh_namespace))
    data = road.testbed.objectstore.bucket / "east" / "backups" / name
    assert (data / f"{name}.tar.gz").exists()
    backend = fleet.connections.backend("east", "velero")
    planned = backend.plan_deletion(fleet.point(name).id)
    assert [f for f in planned.findings if f.blocks] == []
    operation = _deleted(backend, planned, fresh_namespace)
    assert operation.phase.usable, operation
    assert not list(data.glob("*"))
    assert name not in {x["metadata"]["name"] for x in road.of_velero("east")}
    assert name not in {point.name for point in fleet.points().points}


def test_a_cluster_that_may_only_read_a_store_does_not_delete_there(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, 2)
    [name] = made_by(backed_up(fleet, fresh_namespace))
    west = road.testbed["west"]
    west.velero.add_location("of-east", prefix="east")
    try:
        west.velero.sync("of-east")
        west.wait_for("backup.velero.io", name, lambda _: True, namespace=VELERO)
        point = PointId(tool="velero", store=fleet.point(name).id.store, name=name)
        planned = fleet.connections.backend("west", "velero").plan_deletion(point)
        assert "store-read-only" in codes(f for f in planned.findings if f.blocks)
    finally:
        west.kubectl("delete", "bsl", "of-east", "-n", VELERO)
        of_east = "velero.io/storage-location=of-east"
        west.kubectl("delete", "backups", "-n", VELERO, "-l", of_east)


def test_restores_of_one_plan_follow_each_other(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    other = road.named(f"{fresh_namespace}-o")
    road.testbed["east"].kubectl("create", "namespace", other)
    for namespace in (fresh_namespace, other):
        road.fill("east", namespace, 40)
    backed_up(fleet, fresh_namespace, other)
    there = {name: road.named(f"{name}-b") for name in (fresh_namespace, other)}
    plan = fleet.plan(at="now", namespace=[fresh_namespace, other], map=there)
    handle = fleet.restore(plan, confirm=plan.digest)
    most = [0]
    over = threading.Event()

    def count() -> None:
        while not over.is_set():
            open_ = [r for r in road.in_velero(RESTORES, handle.id) if not _ended(r)]
            most[0] = max(most[0], len(open_))

    watcher = threading.Thread(target=count)
    watcher.start()
    run = ended(fleet, handle.id)
    over.set()
    watcher.join()
    assert run.state is RunState.SUCCEEDED, story(run)
    assert most == [1]
    for name, new in there.items():
        assert road.config_maps("east", new) == road.config_maps("east", name)


def test_two_marks_at_once_are_both_whole(road: Road, fleet: Fleet, fresh_namespace: str) -> None:
    other = road.named(f"{fresh_namespace}-o")
    road.testbed["east"].kubectl("create", "namespace", other)
    for namespace in (fresh_namespace, other):
        road.fill("east", namespace, 10)
    marks = ("ebb", "flood")
    handles = [
        fleet.backup(cluster="east", namespace=[fresh_namespace, other], mark=mark)
        for mark in marks
    ]
    beside = threading.Thread(target=lambda: ended(fleet, handles[1].id))
    beside.start()
    first = ended(fleet, handles[0].id)
    beside.join()
    runs = [first, fleet.run(handles[1].id).now]
    for mark, run in zip(marks, runs, strict=True):
        assert run.state is RunState.SUCCEEDED, story(run)
        assert road.phases(BACKUPS, run) == ["Completed", "Completed"]
        stamps = [point.stamp for point in fleet.points().points if point.name in made_by(run)]
        assert [(s.mark, s.mark_parts) for s in stamps if s] == [(mark, 2), (mark, 2)]
        assert all(s is not None and s.spread is not None for s in stamps)
    wish = {"namespace": [fresh_namespace, other]}
    there = {name: road.named(f"{name}-b") for name in wish["namespace"]}
    plan = fleet.plan(at="now", **wish, map=there)
    assert plan.mark in marks
    assert restored(fleet, plan).state is RunState.SUCCEEDED


def _ended(restore: dict) -> bool:  # type: ignore[type-arg]
    phase = (restore.get("status") or {}).get("phase", "")
    return phase in ("Completed", "PartiallyFailed", "Failed", "FailedValidation")


def _deleted(backend: Backend, planned: ActPlan, run: str) -> Operation:
    [act] = planned.acts
    ref = backend.start(act, Key(run=run, step="1"))

    def look() -> Operation | None:
        operation = backend.get_operations([ref])[ref]
        return operation if operation.phase.terminal else None

    found: Operation = awaited(look, "the deletion has no end")
    return found
