"""What moves the data of volumes dies in the middle: each run ends, and says what is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slackwater import Fleet
from slackwater.model.operation import Phase
from slackwater.model.run import RunState

from .movers import (
    MEGABYTES,
    PATIENCE,
    backup_with,
    delete_mover,
    kill_mover,
    restart_agents,
    restore_with,
    with_volumes,
)
from .nodes_road import NodesRoad
from .road import BACKUPS, backed_up, codes, made_by, story
from .volumes import POD, application, checksums, ready, run

if TYPE_CHECKING:
    from slackwater_testbed.nodes.cluster import NodeCluster
    from slackwater_testbed.nodes.testbed import NodeTestbed

pytestmark = pytest.mark.real("nodes")


@pytest.fixture
def road(nodes: NodeTestbed, tmp_path: Path) -> Iterator[NodesRoad]:
    made = NodesRoad(nodes, tmp_path, velero={"mover_gone_after": PATIENCE})
    yield made
    made.close()


@pytest.fixture
def fleet(road: NodesRoad) -> Iterator[Fleet]:
    with road.open() as opened:
        yield opened


@pytest.fixture
def east(road: NodesRoad) -> NodeCluster:
    return road.testbed["east"]


@pytest.fixture
def filled(east: NodeCluster, fresh_namespace_on_nodes: str) -> str:
    """A namespace with one volume, whose data no backup has seen."""
    things = application(fresh_namespace_on_nodes, claims={}, megabytes=MEGABYTES)
    run(east, fresh_namespace_on_nodes, things)
    return fresh_namespace_on_nodes


def test_a_backup_whose_mover_is_gone_is_given_up_and_is_no_good_point(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    made = backup_with(road, fleet, filled, lambda movement: delete_mover(east, movement))
    assert made.state is RunState.FAILED, story(made)
    assert f"volume scratch of pod {filled}/{POD}" in made.message
    [finding] = [each for each in made.findings if each.code == "mover-gone"]
    assert "rollout restart daemonset node-agent" in finding.way_out
    assert road.phases(BACKUPS, made) == ["InProgress"]
    restart_agents(east)
    [backup] = road.in_velero(BACKUPS, made)
    east.velero.wait_for_phase("backup", backup["metadata"]["name"], "PartiallyFailed")
    assert fleet.plan(at="now", namespace=filled, map={filled: f"{filled}-b"}).blocked


def test_a_restore_whose_mover_is_gone_is_given_up_and_names_the_volume(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    backed_up(fleet, filled)
    made, there = restore_with(road, fleet, filled, lambda movement: delete_mover(east, movement))
    assert made.state is RunState.FAILED, story(made)
    assert f"volume scratch of pod {there}/{POD}" in made.message
    assert "mover-gone" in codes(made.findings)
    restart_agents(east)
    [restore] = with_volumes(road, made)
    east.velero.wait_for_phase("restore", restore["metadata"]["name"], "PartiallyFailed")


def test_velero_killed_while_it_brings_volumes_back_is_not_tried_anew_over_waiting_pods(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    backed_up(fleet, filled)
    # Slow until the new server has looked: else the data may be back before it, and all is well.
    made, there = restore_with(
        road, fleet, filled, lambda _: east.velero.kill(), slow_to_the_end=True
    )
    assert made.state is RunState.FAILED, story(made)
    assert [each["status"]["phase"] for each in with_volumes(road, made)] == ["Failed"]
    [finding] = [each for each in made.findings if each.code == "volume-not-restored"]
    assert finding.subject == f"volume scratch of pod {there}/{POD}"


def test_velero_killed_while_it_takes_volumes_away_makes_the_backup_anew(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    made = backup_with(road, fleet, filled, lambda _: east.velero.kill())
    assert made.state is RunState.SUCCEEDED, story(made)
    assert road.phases(BACKUPS, made) == ["Failed", "Completed"]
    [name] = made_by(made)
    assert fleet.point(name).phase is Phase.SUCCEEDED


def test_node_agents_killed_hold_up_neither_backup_nor_restore(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    before = checksums(east, filled, "scratch")
    made = backup_with(road, fleet, filled, lambda _: east.velero.kill_agent())
    assert made.state is RunState.SUCCEEDED, story(made)
    made, there = restore_with(road, fleet, filled, lambda _: east.velero.kill_agent())
    assert made.state is RunState.SUCCEEDED, story(made)
    ready(east, there)
    assert checksums(east, there, "scratch") == before


@pytest.mark.long
def test_a_mover_whose_process_was_killed_leaves_a_partial_backup(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    made = backup_with(road, fleet, filled, kill_mover)
    assert made.state is RunState.PARTIAL, story(made)
    assert road.phases(BACKUPS, made) == ["PartiallyFailed"]
    assert fleet.plan(at="now", namespace=filled, map={filled: f"{filled}-b"}).blocked


@pytest.mark.long
def test_a_mover_whose_process_was_killed_leaves_a_partial_restore_that_names_the_volume(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    backed_up(fleet, filled)
    made, there = restore_with(road, fleet, filled, kill_mover)
    assert made.state is RunState.PARTIAL, story(made)
    subjects = {each.subject for each in made.findings if each.code == "volume-not-restored"}
    assert subjects == {f"volume scratch of pod {there}/{POD}"}
