"""What moves the data of CSI snapshots dies in the middle: each run ends, and says what is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slackwater import Fleet
from slackwater.clusters import Resource
from slackwater.model.run import RunState

from .movers import (
    MEGABYTES,
    PATIENCE,
    backup_with,
    delete_mover,
    restart_agents,
    restore_with,
    with_volumes,
)
from .nodes_road import NodesRoad
from .road import BACKUPS, backed_up, codes, story
from .volumes import application, checksums, ready, run

if TYPE_CHECKING:
    from slackwater_testbed.nodes.cluster import NodeCluster
    from slackwater_testbed.nodes.testbed import NodeTestbed

pytestmark = [pytest.mark.real("nodes"), pytest.mark.long]

UPLOADS = Resource("velero.io", "v2alpha1", "datauploads")
DOWNLOADS = Resource("velero.io", "v2alpha1", "datadownloads")


@pytest.fixture
def road(nodes: NodeTestbed, tmp_path: Path) -> Iterator[NodesRoad]:
    velero = {"volumes": "move-data", "mover_gone_after": PATIENCE}
    made = NodesRoad(nodes, tmp_path, velero=velero)
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
    """A namespace with one volume of the CSI driver, whose data no backup has seen."""
    claims = {"books": "directory"}
    things = application(
        fresh_namespace_on_nodes, claims=claims, scratch=False, megabytes=MEGABYTES
    )
    run(east, fresh_namespace_on_nodes, things)
    return fresh_namespace_on_nodes


def test_an_upload_whose_mover_is_gone_makes_no_good_point(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    made = backup_with(road, fleet, filled, lambda each: delete_mover(east, each), UPLOADS)
    assert made.state is RunState.FAILED, story(made)
    assert "mover-gone" in codes(made.findings), story(made)
    restart_agents(east)
    assert fleet.plan(at="now", namespace=filled, map={filled: f"{filled}-b"}).blocked


def test_a_download_whose_mover_is_gone_is_given_up_and_named(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    backed_up(fleet, filled)
    made, _ = restore_with(
        road, fleet, filled, lambda each: delete_mover(east, each), kind=DOWNLOADS
    )
    assert made.state is RunState.FAILED, story(made)
    assert "mover-gone" in codes(made.findings), story(made)
    restart_agents(east)
    [restore] = with_volumes(road, made)
    east.velero.wait_for_phase("restore", restore["metadata"]["name"], "PartiallyFailed")


def test_servers_and_agents_killed_hold_up_no_movement(
    road: NodesRoad, fleet: Fleet, east: NodeCluster, filled: str
) -> None:
    before = checksums(east, filled, "books")

    def strike(_: object) -> None:
        east.velero.kill_agent()
        east.velero.kill()

    made = backup_with(road, fleet, filled, strike, UPLOADS)
    assert made.state is RunState.SUCCEEDED, story(made)
    assert road.phases(BACKUPS, made)[-1] == "Completed"
    made, there = restore_with(
        road, fleet, filled, lambda _: east.velero.kill_agent(), kind=DOWNLOADS
    )
    assert made.state is RunState.SUCCEEDED, story(made)
    ready(east, there)
    assert checksums(east, there, "books") == before
