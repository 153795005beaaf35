"""Data that a pod has written in one cluster is lost, and comes back in the other, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slackwater.model.run import RunState

from .nodes_road import NodesRoad
from .road import BACKUPS, backed_up, ended, made_by, restored, story
from .volumes import POD, application, checksums, holds, ready, run

if TYPE_CHECKING:
    from slackwater_testbed.nodes.testbed import NodeTestbed

pytestmark = pytest.mark.real("nodes")


@pytest.fixture
def road(nodes: NodeTestbed, tmp_path: Path) -> Iterator[NodesRoad]:
    made = NodesRoad(nodes, tmp_path)
    yield made
    made.close()


def come_back_elsewhere(road: NodesRoad, namespace: str, *volumes: str) -> None:
    """Back up what runs in east, lose it, restore it into west, and compare what is in it."""
    east, west = road.testbed["east"], road.testbed["west"]
    before = checksums(east, namespace, *volumes)
    with road.open() as fleet:
        backed_up(fleet, namespace)
        assert holds(east, namespace, "/books/after")
        east.kubectl("delete", "namespace", namespace)
        there = road.named(f"{namespace}-b")
        plan = fleet.plan(at="now", namespace=namespace, to="west", map={namespace: there})
        with road.looking_at_once("west"):
            made = restored(fleet, plan)
    assert made.state is RunState.SUCCEEDED, story(made)
    ready(west, there)
    assert checksums(west, there, *volumes) == before
    assert holds(west, there, "/books/before")
    assert not holds(west, there, "/books/after")


def test_files_of_volumes_come_back_in_the_other_cluster(
    road: NodesRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace = fresh_namespace_on_nodes
    for cluster in road.testbed:
        cluster.add_disk(f"{namespace}-{cluster.name}")
    run(road.testbed["east"], namespace, application(namespace, claims={"books": "disks"}))
    come_back_elsewhere(road, namespace, "books", "scratch")


def test_snapshots_whose_data_was_moved_come_back_in_the_other_cluster(
    road: NodesRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace = fresh_namespace_on_nodes
    road.velero = {"volumes": "move-data"}
    things = application(namespace, claims={"books": "directory"}, scratch=False)
    run(road.testbed["east"], namespace, things)
    come_back_elsewhere(road, namespace, "books")


def test_a_volume_whose_class_has_no_snapshots_is_found_out_in_a_completed_backup(
    road: NodesRoad, fresh_namespace_on_nodes: str
) -> None:
    namespace = fresh_namespace_on_nodes
    east = road.testbed["east"]
    east.add_disk(f"{namespace}-east")
    road.velero = {"volumes": "move-data"}
    claims = {"books": "directory", "ledgers": "disks"}
    run(east, namespace, application(namespace, claims=claims, scratch=False, megabytes=1))
    with road.open() as fleet:
        made = ended(fleet, fleet.backup(cluster="east", namespace=namespace).id)
        assert road.phases(BACKUPS, made) == ["Completed"]
        assert made.state is RunState.PARTIAL, story(made)
        [name] = made_by(made)
        contents = fleet.point(name).contents
        assert contents is not None
        held = {volume.claim: volume.held for volume in contents.volumes_in(namespace)}
        assert fleet.plan(at="now", namespace=namespace, map={namespace: f"{namespace}-b"}).blocked
    assert held == {f"books-{POD}": True, f"ledgers-{POD}": False}
