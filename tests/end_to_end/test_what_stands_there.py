"""What stands in the target already: refused, changed or replaced, always as it was said."""

from __future__ import annotations

import json

import pytest

from slackwater import Fleet
from slackwater.errors import BlockedByFinding
from slackwater.model.run import RunState

from .belongings import hand_made_volume
from .road import (
    CONFIG_MAPS,
    NAMESPACES,
    VELERO,
    Road,
    backed_up,
    codes,
    made_by,
    manifests,
    restored,
    story,
    thing,
)

pytestmark = pytest.mark.real


def test_a_conflict_is_refused_changed_or_replaced_and_there_is_a_way_back(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, 3)
    before = road.config_maps("east", fresh_namespace)
    backed_up(fleet, fresh_namespace)
    east, here = road.cluster("east"), CONFIG_MAPS.path(fresh_namespace)
    east.patch(f"{here}/order-0000", {"data": {"n": "spoilt"}})
    east.delete(f"{here}/order-0001")
    east.create(here, {"metadata": {"name": "stray"}, "data": {"a": "1"}})

    refused = fleet.plan(at="now", namespace=fresh_namespace)
    assert "exists" in codes(refused.findings)
    with pytest.raises(BlockedByFinding, match=fresh_namespace):
        fleet.restore(refused, confirm=refused.digest)
    spoilt = road.config_maps("east", fresh_namespace)
    assert spoilt["order-0000"] == {"n": "spoilt"}

    update = fleet.plan(at="now", namespace=fresh_namespace, update=True)
    assert "will-change" in codes(update.findings)
    run = restored(fleet, update)
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.config_maps("east", fresh_namespace) == {**before, "stray": {"a": "1"}}

    east.patch(f"{here}/order-0000", {"data": {"n": "spoilt again"}})
    standing = road.config_maps("east", fresh_namespace)
    uid = east.get(NAMESPACES.path(name=fresh_namespace))["metadata"]["uid"]
    run = restored(fleet, fleet.plan(at="now", namespace=fresh_namespace, replace=True))
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.config_maps("east", fresh_namespace) == before
    assert east.get(NAMESPACES.path(name=fresh_namespace))["metadata"]["uid"] != uid

    [saved] = made_by(run)
    back = fleet.plan(at=fleet.point(saved).end, namespace=fresh_namespace, replace=True)
    assert [choice.point.name for choice in back.choices] == [saved]
    run = restored(fleet, back)
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.config_maps("east", fresh_namespace) == standing


def test_classes_and_images_change_on_the_way_of_this_restore_only(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    east = road.testbed["east"]
    labels = {"app": "web"}
    container = {"name": "web", "image": "registry.example.org/web:1.0"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    web = thing("apps/v1", "Deployment", "web", fresh_namespace, spec=spec)
    east.apply(manifests(web, *hand_made_volume(fresh_namespace)))
    east.wait_for(
        "pvc", "books", lambda c: bool(c["status"]["phase"] == "Bound"), namespace=fresh_namespace
    )
    fleet.backup(cluster="east", namespace=fresh_namespace).result()
    there = road.named(f"{fresh_namespace}-b")
    settings = _config_maps_of_velero(road)
    plan = fleet.plan(
        at="now",
        namespace=fresh_namespace,
        to="west",
        map={fresh_namespace: there},
        map_class={"manual": "fast"},
        map_image={"registry.example.org/web:1.0": "mirror.example.org/web:1.0"},
        accept_partial=True,
    )
    with road.looking_at_once("west"):
        run = restored(fleet, plan)
    assert run.state is RunState.SUCCEEDED, story(run)
    west = road.testbed["west"]
    claim = west.get("pvc", "books", there)
    deployed = west.get("deployment", "web", there)
    assert claim is not None
    assert claim["spec"]["storageClassName"] == "fast"
    assert deployed is not None
    [placed] = deployed["spec"]["template"]["spec"]["containers"]
    assert placed["image"] == "mirror.example.org/web:1.0"
    assert _config_maps_of_velero(road) == settings
    for cluster in road.testbed:
        cluster.kubectl(
            "delete", "pv", f"{fresh_namespace}-books", "--ignore-not-found", "--wait=false"
        )


def _config_maps_of_velero(road: Road) -> dict[str, set[str]]:
    found = {}
    for cluster in road.testbed:
        listed = json.loads(cluster.kubectl("get", "configmaps", "-n", VELERO, "-o", "json"))
        found[cluster.name] = {each["metadata"]["name"] for each in listed["items"]}
    return found
