"""The in-memory tool, as tests of other things rely on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slackwater.backend import NativeSchedules, Posture
from slackwater.backend.wrappers import as_role
from slackwater.model.act import Key
from slackwater.model.finding import Severity
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import (
    BackupRequest,
    Existing,
    PointQuery,
    RestoreMapping,
    RestoreRequest,
)
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.testing.memory import (
    MemoryWorld,
    Mishap,
    Namespace,
    NativeScheduleRecord,
    Outcome,
    Refusal,
    Volume,
)
from slackwater.testing.memory.plugin import build

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
SHOP = Workload(cluster="eu", namespace="shop")


@pytest.fixture
def world(tmp_path):
    world = MemoryWorld(tmp_path / "world")
    world.set_time(NOW)
    world.show_store("eu", "mem://offsite")
    objects = {"Deployment/web": {"image": "eu.example/web:1", "replicas": 3}}
    world.put_namespace("eu", "shop", objects, [Volume(claim="data", storage_class="fast")])
    return world


@pytest.fixture
def connect(world, tmp_path):
    def connect(cluster="eu", tool="memory"):
        spool = str(tmp_path / "spool")
        return build(tool=tool, cluster=cluster, spool=spool, secrets={}, world=str(world.path))

    return connect


def request(workload=SHOP, **given):
    stamp = Stamp(cluster=workload.cluster, cluster_uid="uid")
    return BackupRequest(workload=workload, require=(), due=NOW, stamp=stamp, **given)


def begin(backend, plan, step="1"):
    (act,) = plan.acts
    return backend.start(act, Key(run="r-1", step=step))


def see(backend, ref):
    return backend.get_operations([ref])[ref]


def back_up(backend, workload=SHOP, step="1"):
    name = see(backend, begin(backend, backend.plan_backup(request(workload)), step)).point
    return next(p for p in backend.list_recovery_points(PointQuery()) if p.name == name)


def restore(backend, point, step="restore", workload=SHOP, **given):
    wish = RestoreRequest(workload=workload, point=point, target="eu", **given)
    return see(backend, begin(backend, backend.plan_restore(wish), step))


def test_operations_take_the_time_that_was_set(world, connect):
    world.set_duration(60)
    backend = connect()
    ref = begin(backend, backend.plan_backup(request()))

    assert see(backend, ref).phase is Phase.RUNNING
    world.advance(59)
    assert see(backend, ref).phase is Phase.RUNNING
    world.advance(1)

    operation = see(backend, ref)
    assert operation.phase is Phase.SUCCEEDED
    assert operation.ended == NOW + timedelta(seconds=60)


def test_restores_wait_for_each_other(world, connect):
    backend = connect()
    point = back_up(backend)
    world.set_duration(60)

    first = restore(backend, point, "one", mapping=RestoreMapping(namespaces={"shop": "one"}))
    second = restore(backend, point, "two", mapping=RestoreMapping(namespaces={"shop": "two"}))

    assert (first.phase, second.phase) == (Phase.RUNNING, Phase.PENDING)
    world.advance(60)
    assert see(backend, second.ref).phase is Phase.RUNNING
    assert set(world.namespaces("eu")) == {"shop", "one"}


def test_a_backup_holds_what_was_there_when_it_began(world, connect):
    world.set_duration(60)
    backend = connect()
    begin(backend, backend.plan_backup(request()))
    world.remove_namespace("eu", "shop")
    world.advance(60)
    (point,) = backend.list_recovery_points(PointQuery())

    assert backend.get_recovery_point(point.id).contents.objects == {"shop": 1}
    assert (point.begin, point.end) == (NOW, NOW + timedelta(seconds=60))


def test_mappings_change_names_classes_and_images(world, connect):
    backend = connect()
    mapping = RestoreMapping(
        namespaces={"shop": "drill"},
        storage_classes={"fast": "slow"},
        images={"eu.example/web:1": "us.example/web:1"},
    )

    restore(backend, back_up(backend), mapping=mapping)

    drill = world.namespaces("eu")["drill"]
    assert drill.objects["Deployment/web"] == {"image": "us.example/web:1", "replicas": 3}
    assert [volume.storage_class for volume in drill.volumes] == ["slow"]


@pytest.mark.parametrize(("existing", "replicas"), [(Existing.KEEP, 1), (Existing.UPDATE, 3)])
def test_existing_objects_are_kept_or_changed_as_asked(world, connect, existing, replicas):
    backend = connect()
    point = back_up(backend)
    world.put_namespace("eu", "shop", {"Deployment/web": {"replicas": 1}})

    restore(backend, point, existing=existing)

    assert world.namespaces("eu")["shop"].objects["Deployment/web"]["replicas"] == replicas


def test_a_point_that_is_gone_breaks_its_restore(world, connect):
    world.set_duration(60)
    backend = connect()
    begin(backend, backend.plan_backup(request()))
    world.advance(60)
    (point,) = backend.list_recovery_points(PointQuery())
    operation = restore(backend, point)
    begin(backend, backend.plan_deletion(point.id), "delete")
    with world.open() as shelves:
        shelves.clear("point")
    world.advance(60)

    assert see(backend, operation.ref).phase is Phase.FAILED


def test_a_failure_may_be_for_good(world, connect):
    world.end_next("eu", Outcome(word="Broken", message="bad schema", retryable=False))
    backend = connect()

    operation = see(backend, begin(backend, backend.plan_backup(request())))

    assert operation.phase is Phase.FAILED
    assert operation.message == "bad schema"
    assert not operation.retryable


def test_cluster_scoped_objects_come_back_too(world, connect):
    world.put_namespace("eu", "", {"CustomResourceDefinition/widgets": {"served": True}})
    workload = Workload(cluster="eu", kind=WorkloadKind.CLUSTER_OBJECTS)
    backend = connect()
    point = back_up(backend, workload)
    world.remove_namespace("eu", "")

    restore(backend, point, workload=workload)

    assert set(world.namespaces("eu")) == {"", "shop"}


def test_points_expire_when_the_tool_was_told_so(world, connect):
    backend = connect()
    begin(backend, backend.plan_backup(request(keep_for=timedelta(hours=20))))
    points = list(backend.list_recovery_points(PointQuery()))
    posture = as_role(backend, Posture)

    assert points[0].expires == NOW + timedelta(hours=20)
    assert [finding.code for finding in posture.review_points(points, NOW)] == ["point-expires"]
    assert not posture.review_points(points, NOW - timedelta(hours=5))


def test_native_schedules_are_listed_paused_ones_too(world, connect):
    world.put_schedule("eu", NativeScheduleRecord(name="theirs", cron="0 3 * * *", paused=True))

    (schedule,) = as_role(connect(), NativeSchedules).list_schedules()

    assert (schedule.name, schedule.cluster, schedule.paused) == ("theirs", "eu", True)


def test_a_store_that_does_not_answer_is_an_error_of_check(world, connect):
    assert connect().check() == []
    world.break_store("eu")

    (finding,) = connect().check()

    assert (finding.severity, finding.code) == (Severity.ERROR, "store-unavailable")


def test_a_mishap_befalls_as_many_requests_as_it_says(world, connect):
    backend = connect()
    world.misbehave("eu", Mishap(refusal=Refusal.UNAVAILABLE, times=2, spared=1))

    codes = [[finding.code for finding in backend.check()] for _ in range(4)]

    assert codes == [[], ["no-answer"], ["no-answer"], []]


def test_an_archive_restores_objects_and_leaves_volumes_alone(world, connect):
    backend = connect(tool="memory-archive")
    whole = Workload(cluster="eu", kind=WorkloadKind.CONTROL_PLANE)
    (act,) = backend.plan_backup(request(whole)).acts
    report = Silent()
    backend.perform(act, Key(run="r-1", step="1"), report)
    (point,) = backend.list_recovery_points(PointQuery())
    world.put_namespace("eu", "shop", {"ConfigMap/new": {}}, [Volume(claim="grown")])
    plan = backend.plan_restore(RestoreRequest(workload=whole, point=point, target="eu"))

    kinds = ["performed", "person", "performed", "person"]
    assert [act.kind.value for act in plan.acts] == kinds
    fetched, _ = (
        backend.perform(act, Key(run="r-2", step=act.id), report)
        for act in (plan.acts[0], plan.acts[2])
    )

    assert backend.control_plane_id() == fetched["control_plane"], "said before it was made anew"
    shop = world.namespaces("eu")["shop"]
    assert set(shop.objects) == {"Deployment/web"}
    assert [volume.claim for volume in shop.volumes] == ["grown"]


class Silent:
    stopping = False

    def progress(self, progress): ...


def test_an_empty_namespace_is_not_there(world):
    assert world.namespaces("us") == {}
    assert world.namespaces("eu").get("crm") is None
    assert isinstance(world.namespaces("eu")["shop"], Namespace)
