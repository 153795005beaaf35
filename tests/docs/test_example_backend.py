"""The backend that the documents build, in a fleet, as a user would have it."""

from __future__ import annotations

import ast

import pytest

import slackwater
from slackwater.clusters import Cluster
from slackwater.demo.things import add_forgotten_volume, photograph
from slackwater.testing.distributions import make_distribution

from .conftest import write_fleet
from .pages import BLOCK, DOCS

SOURCE = DOCS / "examples" / "tarballs.py"
TESTS = SOURCE.with_name("test_tarballs.py")
OPEN = ("model", "backend", "stores", "clusters", "errors", "testing")


@pytest.fixture
def fleet(playground, monkeypatch):
    """The fleet of the documents, with the folder as the tool of every cluster."""
    plugins = playground / "plugins"
    make_distribution(plugins, "slackwater-tarballs", "1.0", {"tarballs": "tarballs"})
    monkeypatch.syspath_prepend(str(plugins))
    monkeypatch.syspath_prepend(str(SOURCE.parent))
    (playground / "points").mkdir()
    write_fleet(playground, {"tarballs": {"folder": str(playground / "points")}})
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
    said = "volume shop/books is not held: tar files hold no volumes"
    assert any(said in finding.message for finding in run.findings)


@pytest.mark.parametrize("path", [SOURCE, TESTS], ids=lambda path: path.name)
def test_it_comes_in_by_the_public_door_only(path):
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in modules_of(node)
        if name.partition(".")[0].startswith("slackwater")
    }
    assert imported
    assert [name for name in imported if name.split(".")[1:2][0] not in OPEN] == []
    assert not [name for name in imported if not name.startswith("slackwater.")]


def modules_of(node):
    match node:
        case ast.ImportFrom(module=str(module)):
            return [module]
        case ast.Import(names=names):
            return [alias.name for alias in names]
    return []


def test_it_is_short_enough_to_be_read():
    assert len(SOURCE.read_text().splitlines()) <= 250


def test_the_page_quotes_the_example_word_for_word():
    source = SOURCE.read_text()
    page = (DOCS / "writing-a-backend.md").read_text()
    small = page.partition("## A small one")[2].partition("\n## ")[0]
    quoted = [found["text"] for found in BLOCK.finditer(small) if found["kind"] == "python"]
    assert len(quoted) >= 2
    assert [text for text in quoted if text not in source] == []
