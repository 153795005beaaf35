"""The backend that the documents build, in a fleet, as a user would have it."""

from __future__ import annotations

import pytest

import slackwater
from slackwater.clusters import Cluster
from slackwater.demo.things import add_forgotten_volume, photograph
from slackwater.testing.distributions import make_distribution

from .conftest import write_fleet
from .pages import DOCS, blocks

SOURCE = DOCS / "examples" / "folders.py"


@pytest.fixture
def fleet(playground, monkeypatch):
    """The fleet of the documents, with the folder as the tool of every cluster."""
    plugins = playground / "plugins"
    make_distribution(plugins, "slackwater-folders", "1.0", {"folders": "folders"})
    monkeypatch.syspath_prepend(str(plugins))
    monkeypatch.syspath_prepend(str(SOURCE.parent))
    (playground / "points").mkdir()
    write_fleet(playground, {"folders": {"folder": str(playground / "points")}})
    with slackwater.Fleet.load("fleet.yaml") as fleet:
        yield fleet


def test_it_brings_a_namespace_into_another_cluster(fleet, playground):
    assert fleet.backup("gold").result().state is slackwater.RunState.SUCCEEDED
    plan = fleet.plan(at="now", cluster="prod-eu", namespace="shop", to="dr-eu", map={"shop": "x"})
    run = fleet.restore(plan, confirm=plan.digest).result()
    assert run.state is slackwater.RunState.SUCCEEDED
    kubeconfig = playground / "kubeconfig"
    with (
        Cluster("a", kubeconfig=kubeconfig, context="prod-eu") as origin,
        Cluster("b", kubeconfig=kubeconfig, context="dr-eu") as target,
    ):
        assert photograph(target, "x") == photograph(origin, "shop")


def test_one_folder_seen_by_three_clusters_shows_each_point_once(fleet):
    fleet.backup(cluster="prod-eu", namespace="shop").result()
    points = fleet.points().points
    assert [len(point.places) for point in points] == [3]


def test_a_volume_that_it_cannot_hold_is_named(fleet, playground):
    with Cluster("a", kubeconfig=playground / "kubeconfig", context="prod-eu") as cluster:
        add_forgotten_volume(cluster, "shop")
    run = fleet.backup(cluster="prod-eu", namespace="shop").result()
    assert run.state is slackwater.RunState.PARTIAL
    said = "volume shop/books was skipped: a folder holds no volumes"
    assert any(said in finding.message for finding in run.findings)


def test_the_page_quotes_the_example_word_for_word():
    source = SOURCE.read_text()
    quoted = [text for text in blocks(DOCS / "writing-a-backend.md", "python") if "kit" not in text]
    kit, own = quoted[-1], quoted[:-1]
    assert "BackendConformance" in kit
    assert [text for text in own if text not in source] == []
    assert len(own) == 3
