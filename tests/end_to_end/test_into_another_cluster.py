"""A namespace backed up in one cluster comes back in another, object by object."""

from __future__ import annotations

import pytest

from slackwater import Fleet
from slackwater.model.operation import Phase
from slackwater.model.run import RunState

from .belongings import belongings, furnish
from .road import (
    VELERO,
    Road,
    backed_up,
    codes,
    ended,
    made_by,
    manifests,
    restored,
    story,
    thing,
)

pytestmark = pytest.mark.real


@pytest.fixture
def road_with_policy(road: Road) -> Road:
    rules = {"clusters": "place=east", "protect": [{"namespaces": "tier=gold"}]}
    road.policies = {"gold": {**rules, "keep": {"last": 3}}}
    return road


def test_everything_that_people_wrote_comes_back_under_another_name(
    road_with_policy: Road, fresh_namespace: str
) -> None:
    road, testbed = road_with_policy, road_with_policy.testbed
    east, west = testbed["east"], testbed["west"]
    furnish(east, fresh_namespace)
    east.kubectl("label", "namespace", fresh_namespace, "tier=gold")
    before = belongings(east, fresh_namespace)
    assert len(before) == 10
    there = road.named(f"{fresh_namespace}-drill")
    shown = road.locations("west")
    with road.open() as fleet:
        made = ended(fleet, fleet.backup("gold").id)
        assert made.state is RunState.PARTIAL, story(made)  # the volume's data is not in it
        wish = {"policy": "gold", "to": "west", "map": {fresh_namespace: there}}
        assert fleet.plan(at="now", **wish).blocked
        plan = fleet.plan(at="now", **wish, accept_partial=True)
        with road.looking_at_once("west"):
            run = restored(fleet, plan)
    assert run.state is RunState.SUCCEEDED, story(run)
    assert belongings(west, there) == before
    assert road.locations("west") == shown
    assert west.get("namespace", fresh_namespace) is None
    for cluster in road.testbed:
        cluster.kubectl("delete", "pv", f"{fresh_namespace}-books", "--wait=false")


def test_a_dead_cluster_is_restored_from_what_was_remembered(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, 5)
    before = road.config_maps("east", fresh_namespace)
    [name] = made_by(backed_up(fleet, fresh_namespace))
    shown = road.locations("west")
    there = road.named(f"{fresh_namespace}-risen")
    road.testbed["east"].stop()
    plan = fleet.plan(
        at="now", cluster="east", namespace=fresh_namespace, to="west", map={fresh_namespace: there}
    )
    assert [choice.point.name for choice in plan.choices] == [name]
    assert {"only-remembered", "no-answer"} <= codes(plan.findings)
    during: list[dict[str, object]] = []
    with road.looking_at_once("west"):
        for event in fleet.restore(plan, confirm=plan.digest).follow():
            if event.kind == "step" and event.data["tool_phase"] == "Synced":
                during += [
                    location["spec"]
                    for location in road.listed("west", road.locations("west") - shown)
                ]
        run = fleet.runs(limit=1)[0]
    assert run.state is RunState.SUCCEEDED, story(run)
    assert [spec["accessMode"] for spec in during] == ["ReadOnly"]
    assert road.config_maps("west", there) == before
    assert road.locations("west") == shown
    left = [x["metadata"]["name"] for x in road.of_velero("west") if x["metadata"]["name"] == name]
    assert left == []


def test_a_point_that_two_clusters_show_is_one_with_two_places(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, 3)
    [name] = made_by(backed_up(fleet, fresh_namespace))
    west = road.testbed["west"]
    west.velero.add_location("of-east", prefix="east")
    try:
        west.velero.sync("of-east")
        west.wait_for("backup.velero.io", name, lambda _: True, namespace="velero")
        [point] = [each for each in fleet.points().points if each.name == name]
        places = {place.cluster: place for place in point.places}
        assert set(places) == {"east", "west"}
        assert (places["east"].writable, places["west"].writable) == (True, False)
        assert point.origin == "east"
        assert fleet.point(name).phase is Phase.SUCCEEDED
        there = road.named(f"{fresh_namespace}-b")
        plan = fleet.plan(
            at="now", namespace=fresh_namespace, to="west", map={fresh_namespace: there}
        )
        assert "show-store" not in {step.act.id for step in plan.steps}
        run = restored(fleet, plan)
        assert run.state is RunState.SUCCEEDED, story(run)
        assert len(road.config_maps("west", there)) == 3
    finally:
        west.kubectl("delete", "bsl", "of-east", "-n", "velero")
        west.kubectl(
            "delete", "backups", "-n", "velero", "-l", "velero.io/storage-location=of-east"
        )


def test_a_store_whose_backup_never_appears_is_hidden_again(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, 1)
    [name] = made_by(backed_up(fleet, fresh_namespace))
    shown = road.locations("west")
    there = road.named(f"{fresh_namespace}-b")
    plan = fleet.plan(at="now", namespace=fresh_namespace, to="west", map={fresh_namespace: there})
    spec = {"includedNamespaces": ["default"], "storageLocation": "default"}
    west = road.testbed["west"]
    west.apply(manifests(thing("velero.io/v1", "Backup", name, VELERO, spec=spec)))
    run = ended(fleet, fleet.restore(plan, confirm=plan.digest).id)
    assert run.state is RunState.FAILED, story(run)
    assert f"another Backup named {name} stands in the way" in run.message
    assert road.locations("west") == shown
    assert west.get("namespace", there) is None
