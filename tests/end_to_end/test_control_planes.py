"""Control planes and namespaces of three real clusters, backed up together and brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from slackwater import Fleet
from slackwater.model.run import Run, RunState
from slackwater_testbed import state
from slackwater_testbed.cluster import Cluster
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.testbed import Testbed

from .belongings import belongings, furnish
from .control_planes import (
    BUMP,
    WholeRoad,
    cached,
    differences,
    digest_of,
    held,
    lasting,
    revision_of,
    stored,
)
from .person import Person
from .road import backed_up, codes, ended, restored, story

pytestmark = pytest.mark.real

GOLD = {
    "gold": {
        "clusters": "",
        "protect": [{"namespaces": "tier=gold"}, {"control-plane": "required"}],
        "keep": {"last": 3},
    }
}
Prepare = Callable[..., WholeRoad]


@pytest.fixture(scope="module")
def three() -> Iterator[Testbed]:
    """Three clusters of this module's own; the etcd of east has three members."""
    made = Testbed(
        state.claim("three"), ("east", "west", "north"), etcd={"east": EtcdSetup(members=3)}
    )
    try:
        made.install()
        yield made
    finally:
        made.remove()


@pytest.fixture
def road(three: Testbed, tmp_path: Path) -> Iterator[WholeRoad]:
    three.start()
    made = WholeRoad(three, tmp_path, GOLD)
    yield made
    made.close()


def build(road: WholeRoad, cluster: str, namespace: str) -> None:
    """Put a golden namespace with one of everything into a cluster."""
    here = road.testbed[cluster]
    here.kubectl("create", "namespace", road.named(namespace))
    here.kubectl("label", "namespace", namespace, "tier=gold")
    furnish(here, namespace, volume=False)


def let_a_script_loose(cluster: Cluster, namespace: str) -> None:
    """Create, change and delete, in ways that no backup of one namespace undoes."""
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    cluster.kubectl("delete", "crd", "tides.harbour.example.org")
    cluster.kubectl("create", "namespace", f"{namespace}-later")
    cluster.kubectl("create", "clusterrolebinding", "anybody", "--clusterrole=view", "--user=x")
    cluster.kubectl("create", "configmap", "stray", "--from-literal=a=b")
    cluster.kubectl("label", "namespace", "default", "marked=by-the-script")


def require_as_it_was(cluster: Cluster, before: dict[str, str], revision: int) -> None:
    """Compare etcd key by key: at the first moment after the restore, and as it is now."""
    assert differences(before, held(cluster, revision + BUMP)) == set()
    assert lasting(differences(before, held(cluster))) == set()


def require_it_lives(cluster: Cluster, namespace: str) -> None:
    """See that caches tell the truth and controllers act."""
    for kind in ("namespaces", "configmaps", "secrets", "serviceaccounts"):
        assert cached(cluster, f"/api/v1/{kind}") == stored(cluster, kind)
    cluster.kubectl("create", "namespace", namespace)
    cluster.wait_for("serviceaccount", "default", bool, namespace=namespace)
    cluster.kubectl("delete", "namespace", namespace)


def control_plane_point(fleet: Fleet, cluster: str) -> str:
    points = fleet.points(cluster=cluster, tool="etcdctl").points
    return points[0].name


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def test_a_control_plane_is_turned_back_by_a_person_over_several_days(road: WholeRoad) -> None:
    """Each word to us is a process of its own, as if the machine had slept in between."""
    east = road.testbed["east"]
    road.by_hand = ("east",)
    build(road, "east", "pier")
    with road.open() as fleet:
        backed_up_gold(fleet, "before-the-script")
        at = now()
        revision = revision_of(fleet.point(control_plane_point(fleet, "east")))
    before, whole = belongings(east, "pier"), held(east, revision)
    let_a_script_loose(east, "pier")

    file = road.folder / "plan.yaml"
    made = road.call("plan", "--at", at, "--control-plane", "east", "--save", str(file))
    assert made.returncode == 0, made.stderr
    said = road.call("restore", str(file), "--confirm", digest_of(file))
    person, done = Person(east, road.folder / "hosts"), []
    while said.returncode == 7:
        instructions, confirm = waits_for(said.stderr)
        assert person.do(instructions)
        done.append(confirm[-1])
        said = road.call(*confirm)
    assert said.returncode == 0, said.stderr

    # copy, stop API servers, stop members, exchange, start members, start API servers, restart
    assert len(done) == 7
    require_as_it_was(east, whole, revision)
    assert belongings(east, "pier") == before
    require_it_lives(east, "after")
    assert not any(road.prepared.iterdir())


def waits_for(said: str) -> tuple[str, list[str]]:
    """Return what a person is told to do, and the words with which it is confirmed."""
    told, _, rest = said.rpartition("\n? step ")[2].partition("→ then: slackwater ")
    return dedent(told.partition("\n")[2]), rest.splitlines()[0].split()


def test_three_clusters_come_back_to_one_moment(road: WholeRoad) -> None:
    """A control plane turned back, a namespace replaced, a dead cluster's brought elsewhere."""
    east, west, north = (road.testbed[name] for name in ("east", "west", "north"))
    for cluster, namespace in (("east", "mole"), ("west", "weir"), ("north", "jetty")):
        build(road, cluster, namespace)
    with road.open() as fleet:
        backed_up_gold(fleet, "high-water")
        at = now()
        revision = revision_of(fleet.point(control_plane_point(fleet, "east")))
        before = {
            "mole": belongings(east, "mole"),
            "weir": belongings(west, "weir"),
            "jetty": belongings(north, "jetty"),
        }
        whole = held(east, revision)
        controllers = (east.folder / "controller-manager.pid").read_text()
        let_a_script_loose(east, "mole")
        west.kubectl("delete", "configmap", "settings", "-n", "weir")
        west.kubectl("create", "configmap", "stray", "-n", "weir")
        north.stop()

        plan = fleet.plan(
            at=at,
            policy="gold",
            control_plane="east",
            to={"north": "west"},
            map={"jetty": road.named("jetty-risen")},
            replace=True,
        )
        assert "turned-back" in codes(plan.findings)
        assert {(str(c.workload), c.point.stamp.mark) for c in plan.choices if c.point.stamp} == {
            ("east (control-plane)", "high-water"),
            ("west/weir", "high-water"),
            ("north/jetty", "high-water"),
        }
        with road.looking_at_once("west"):
            run = restored(fleet, plan)

        assert run.state is RunState.SUCCEEDED, story(run)
        require_as_it_was(east, whole, revision)
        assert belongings(east, "mole") == before["mole"]
        assert belongings(west, "weir") == before["weir"]
        assert belongings(west, "jetty-risen") == before["jetty"]
        require_it_lives(east, "after")
        assert (east.folder / "controller-manager.pid").read_text() != controllers
        assert not any(road.prepared.iterdir())
        backed_up(fleet, "mole")


def backed_up_gold(fleet: Fleet, mark: str) -> Run:
    run = ended(fleet, fleet.backup("gold", mark=mark).id)
    assert run.state is RunState.SUCCEEDED, story(run)
    return run
