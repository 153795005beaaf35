"""Snapshots of volumes that pods have written: beside them and in their place, bit for bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from slackwater import Fleet
from slackwater.cli.plan_file import read_plan
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.run import Run, RunState

from .nodes_road import SnapshotsRoad
from .road import awaited, backed_up, codes, ended, made_by, restored, story
from .volumes import (
    POD,
    application,
    checksums,
    claim_of,
    counting,
    overwrite,
    ready,
    run,
    within,
)

if TYPE_CHECKING:
    from slackwater_testbed.nodes.cluster import NodeCluster
    from slackwater_testbed.nodes.testbed import NodeTestbed

pytestmark = pytest.mark.real("nodes")

HOOK = "pre.hook.backup.velero.io"
HELD = "slackwater.dev/held-for"
RELEASED = '{"spec": {"persistentVolumeReclaimPolicy": "Delete"}}'
VOLUMES = ("books", "letters", "pictures")


@pytest.fixture
def road(nodes: NodeTestbed, tmp_path: Path) -> Iterator[SnapshotsRoad]:
    made = SnapshotsRoad(nodes, tmp_path)
    yield made
    made.close()


def begin(cluster: NodeCluster, namespace: str) -> dict[str, str]:
    """Run a pod that writes three volumes; return their checksums."""
    claims = dict.fromkeys(VOLUMES, "directory")
    run(cluster, namespace, application(namespace, claims=claims, scratch=False))
    return checksums(cluster, namespace, *VOLUMES)


def volume_of(cluster: NodeCluster, namespace: str, volume: str) -> str:
    """Return the name of the PersistentVolume under a claim of the pod."""
    found = cluster.get("pvc", claim_of(volume), namespace)
    assert found is not None
    return str(found["spec"]["volumeName"])


def stored(cluster: NodeCluster, volume: str) -> str:
    """Return the checksum of what lies in a PersistentVolume, whether or not a claim has it."""
    found = cluster.get("pv", volume)
    assert found is not None
    data = cluster.csi.driver.data(found["spec"]["csi"]["volumeHandle"])
    return hashlib.sha256((data / "blob").read_bytes()).hexdigest()


def release(cluster: NodeCluster, volumes: Iterable[str]) -> None:
    """Do what doctor says, and have the storage delete the data too."""
    for volume in volumes:
        cluster.kubectl("patch", "pv", volume, "-p", RELEASED)
        cluster.kubectl("wait", "--for=delete", f"pv/{volume}", "--timeout=60s")


def the_point(fleet: Fleet, made: Run) -> RecoveryPoint:
    [name] = made_by(made)
    return fleet.point(name)


def test_a_group_of_three_comes_back_beside_the_pod_and_under_it(
    road: SnapshotsRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace, east = fresh_namespace_on_nodes, road.testbed["east"]
    before = begin(east, namespace)
    groups = east.csi.driver.groups
    with road.open() as fleet:
        point = the_point(fleet, backed_up(fleet, namespace))
        assert point.contents is not None
        assert {v.method for v in point.contents.volumes} == {"CSI group snapshot"}
        assert len(east.csi.driver.groups - groups) == 1
        overwrite(east, namespace, *VOLUMES)
        after = checksums(east, namespace, *VOLUMES)
        assert not set(after.values()) & set(before.values())

        there = road.named(f"{namespace}-b")
        beside = restored(fleet, fleet.plan(at="now", namespace=namespace, map={namespace: there}))
        assert beside.state is RunState.SUCCEEDED, story(beside)
        ready(east, there)
        assert checksums(east, there, *VOLUMES) == before
        assert checksums(east, namespace, *VOLUMES) == after

        old = {volume: volume_of(east, namespace, volume) for volume in VOLUMES}
        pod = ready(east, namespace)["metadata"]["uid"]
        in_place = restored(fleet, fleet.plan(at="now", namespace=namespace, update=True))
        assert in_place.state is RunState.SUCCEEDED, story(in_place)
        assert ready(east, namespace)["metadata"]["uid"] != pod
        assert checksums(east, namespace, *VOLUMES) == before
        # Today's data is kept beside it, and doctor tells, until somebody releases it.
        assert {v: stored(east, volume) for v, volume in old.items()} == after
        assert "old-volume-kept" in codes(fleet.doctor(cluster="east").findings)
        release(east, old.values())
        assert "old-volume-kept" not in codes(fleet.doctor(cluster="east").findings)


def test_three_volumes_one_by_one_come_back_and_their_spread_is_told(
    road: SnapshotsRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace, east = fresh_namespace_on_nodes, road.testbed["east"]
    road.csi = {"groups": False}
    before = begin(east, namespace)
    there = road.named(f"{namespace}-b")
    road.write()
    done("backup", road.call("backup", "--cluster", "east", "--namespace", namespace))
    overwrite(east, namespace, *VOLUMES)
    saved, moved = str(road.folder / "plan.yaml"), f"{namespace}={there}"
    how = ("--at", "now", "--namespace", namespace, "--map", moved, "--save", saved)
    done("plan", road.call("plan", *how))
    done("restore", road.call("restore", saved, "--confirm", read_plan(Path(saved)).digest))
    ready(east, there)
    assert checksums(east, there, *VOLUMES) == before
    with road.open() as fleet:
        [point] = [p for p in fleet.points().points if namespace in p.scope.namespaces]
    [told] = [finding for finding in point.findings if finding.code == "not-one-moment"]
    spread = max(taken(east, namespace)) - min(taken(east, namespace))
    assert f"snapshotted within {spread:.1f} s" in told.message


def done(what: str, call: CompletedProcess[str]) -> None:
    assert call.returncode == 0, f"{what}: {call.stdout}{call.stderr}"


def taken(cluster: NodeCluster, namespace: str) -> list[float]:
    """Return when the storage took each snapshot of a namespace, in seconds."""
    found = json.loads(cluster.kubectl("get", "volumesnapshotcontents", "-o", "json"))["items"]
    own = [c for c in found if c["spec"]["volumeSnapshotRef"]["namespace"] == namespace]
    assert len(own) == len(VOLUMES)
    return [content["status"]["creationTime"] / 1e9 for content in own]


def test_a_pod_that_never_rests_holds_still_for_one_moment_in_three_volumes(
    road: SnapshotsRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace, east = fresh_namespace_on_nodes, road.testbed["east"]
    road.csi = {"groups": False, "hooks": True}
    run(east, namespace, counting(namespace, *VOLUMES))
    with road.open() as fleet:
        # Were it let go too soon, it would have counted on for a second.
        with east.csi.driver.fault("CreateSnapshot.slow", "1s"):
            point = the_point(fleet, backed_up(fleet, namespace))
        assert point.contents is not None
        assert "2 hooks ran" in point.contents.summary
        stopped_at = within(east, namespace, "cat", "/tmp/held-at")
        assert {number_in(east, held.volume) for held in point.contents.volumes} == {stopped_at}
        assert told(east, namespace) == ["hold", "let go"]
        goes_on(east, namespace)

        for name, what, said in WRONG:
            east.kubectl("annotate", "-n", namespace, "pod", POD, "--overwrite", f"{name}={what}")
            made = ended(fleet, fleet.backup(cluster="east", namespace=namespace).id)
            assert made.state is RunState.PARTIAL, story(made)
            messages = [f.message for f in made.findings if f.code == "hook-failed"]
            assert any("the hook before" in each and said in each for each in messages), messages
            goes_on(east, namespace)


# Each makes the hook before the snapshots fail, in another way.
WRONG = (
    (f"{HOOK}/command", '["/bin/sh", "-c", "echo no disk; exit 7"]', "it ended with 7: no disk"),
    (f"{HOOK}/command", "/bin/nothing", "/bin/nothing"),
    (f"{HOOK}/container", "nobody", "nobody"),
)


def test_a_pod_is_let_go_by_whoever_goes_on_after_a_killed_process(
    road: SnapshotsRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace, east = fresh_namespace_on_nodes, road.testbed["east"]
    road.csi = {"hooks": True}
    run(east, namespace, counting(namespace, *VOLUMES))
    road.write()
    with (
        east.csi.driver.fault("CreateVolumeGroupSnapshot.hang"),
        road.running("backup", "--cluster", "east", "--namespace", namespace) as process,
    ):
        awaited(lambda: groups_of(east, namespace), "no snapshot is begun")
        process.kill()
        process.wait()
        assert told(east, namespace) == ["hold"]
    with road.open() as fleet:
        [begun] = fleet.runs()
        made = ended(fleet, begun.id)
        assert made.state is RunState.SUCCEEDED, story(made)
        point = the_point(fleet, made)
    assert point.contents is not None
    stopped_at = within(east, namespace, "cat", "/tmp/held-at")
    assert {number_in(east, held.volume) for held in point.contents.volumes} == {stopped_at}
    assert told(east, namespace) == ["hold", "let go"]
    goes_on(east, namespace)


def test_two_machines_that_back_up_at_once_hold_a_pod_one_after_the_other(
    road: SnapshotsRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace, east = fresh_namespace_on_nodes, road.testbed["east"]
    road.csi = {"groups": False, "hooks": True}
    run(east, namespace, counting(namespace, *VOLUMES))
    elsewhere = road.folder / "elsewhere.db"
    with (
        road.open() as here,
        Fleet.load(road.write(), ledger=elsewhere, timeout=4) as there,
        ThreadPoolExecutor(2) as pool,
    ):
        first = here.backup(cluster="east", namespace=namespace)
        second = there.backup(cluster="east", namespace=namespace)
        with east.csi.driver.fault("CreateSnapshot.slow", "3s"):
            one = pool.submit(ended, here, first.id)
            awaited(lambda: east.kubectl("get", "pods", "-n", namespace, "-l", HELD, "-o", "name"),
                    "nobody holds the pod")  # fmt: skip
            two = pool.submit(ended, there, second.id)
            waits = f"held still for another backup: run {first.id}"
            awaited(lambda: any(waits in each.message for each in second.now.steps), "no waiting")
            made = one.result(), two.result()
        assert [each.state for each in made] == [RunState.SUCCEEDED] * 2, list(map(story, made))
        points = [the_point(here, each) for each in made]
    assert told(east, namespace) == ["hold", "let go"] * 2
    for point in points:
        assert point.contents is not None
        assert len({number_in(east, held.volume) for held in point.contents.volumes}) == 1
        assert "held-still" in codes(point.findings)
    goes_on(east, namespace)


def restarted(cluster: NodeCluster, namespace: str) -> None:
    within(cluster, namespace, "touch", "/tmp/quit")


def exchanged(cluster: NodeCluster, namespace: str) -> None:
    cluster.kubectl("delete", "pod", "-n", namespace, POD)


@pytest.mark.parametrize("happens", [restarted, exchanged])
def test_a_pod_that_did_not_hold_is_not_claimed(
    road: SnapshotsRoad,
    fresh_namespace_on_nodes: str,
    happens: Callable[[NodeCluster, str], None],
) -> None:
    namespace, east = fresh_namespace_on_nodes, road.testbed["east"]
    road.csi = {"hooks": True}
    run(east, namespace, counting(namespace, *VOLUMES))
    with road.open() as fleet, ThreadPoolExecutor(1) as pool:
        begun = fleet.backup(cluster="east", namespace=namespace)
        with east.csi.driver.fault("CreateVolumeGroupSnapshot.slow", "8s"):
            end = pool.submit(ended, fleet, begun.id)
            awaited(lambda: groups_of(east, namespace), "no snapshot is begun")
            before = instance(east, namespace)
            happens(east, namespace)
            awaited(lambda: instance(east, namespace) not in ("", before), "nothing happens to it")
            made = end.result()
        assert made.state is RunState.PARTIAL, story(made)
        point = the_point(fleet, made)
    [lost] = [finding for finding in point.findings if finding.code == "not-held"]
    assert f"nobody can say that {POD} held still" in lost.message
    assert point.phase is Phase.PARTIAL
    goes_on(east, namespace)


def instance(cluster: NodeCluster, namespace: str) -> str:
    """Return which instance of the pod's container runs now; nothing where none does."""
    found = cluster.get("pod", POD, namespace)
    statuses = (found or {}).get("status", {}).get("containerStatuses") or [{}]
    return str(statuses[0].get("containerID", "")) if "running" in str(statuses[0]) else ""


def number_in(cluster: NodeCluster, snapshot: str) -> str:
    return (cluster.csi.driver.snapshot_data(snapshot) / "number").read_text()


def told(cluster: NodeCluster, namespace: str) -> list[str]:
    """Return which hooks have run, in their order."""
    return within(cluster, namespace, "cat", "/tmp/told").splitlines()


def goes_on(cluster: NodeCluster, namespace: str) -> None:
    """Wait until the pod has counted on, and see that nothing says any more that it is held."""

    def number() -> str:
        return within(cluster, namespace, "cat", f"/{VOLUMES[0]}/number")

    before = number()
    awaited(lambda: number() != before, "the pod is still held")
    assert cluster.kubectl("get", "pods", "-n", namespace, "-l", HELD, "-o", "name") == ""


def groups_of(cluster: NodeCluster, namespace: str) -> str:
    return cluster.kubectl("get", "volumegroupsnapshots", "-n", namespace, "-o", "name")
