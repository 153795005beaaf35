"""A plan is executed only in the world that it was made for."""

from __future__ import annotations

import pytest
import yaml

from slackwater import Fleet
from slackwater.errors import PlanChanged
from slackwater.model.restore_plan import RestorePlan

from .road import BACKUPS, RESTORES, VELERO, Road, backed_up, made_by

pytestmark = pytest.mark.real


@pytest.fixture
def plan(road: Road, fleet: Fleet, fresh_namespace: str) -> RestorePlan:
    road.fill("east", fresh_namespace, 2)
    backed_up(fleet, fresh_namespace)
    there = road.named(f"{fresh_namespace}-b")
    return fleet.plan(at="now", namespace=fresh_namespace, map={fresh_namespace: there})


def test_something_that_stands_in_the_target_now_stops_the_plan(
    road: Road, fleet: Fleet, plan: RestorePlan, fresh_namespace: str
) -> None:
    road.testbed["east"].kubectl("create", "namespace", f"{fresh_namespace}-b")
    road.fill("east", f"{fresh_namespace}-b", 1)
    with pytest.raises(PlanChanged, match="exists now, with 1 object"):
        fleet.restore(plan, confirm=plan.digest)
    assert fleet.ledger.runs(labels={"plan": plan.digest}) == ()


def test_a_recovery_point_that_was_deleted_stops_the_plan(
    road: Road, fleet: Fleet, plan: RestorePlan
) -> None:
    name = plan.choices[0].point.name
    road.cluster("east").delete(BACKUPS.path(VELERO, name))
    with pytest.raises(PlanChanged, match=name):
        fleet.restore(plan, confirm=plan.digest)


def test_another_cluster_under_the_same_name_stops_the_plan(
    road: Road, plan: RestorePlan, fleet: Fleet
) -> None:
    [name] = made_by(fleet.runs(limit=1)[0])
    swapped = road.folder / "kubeconfig"
    content = yaml.safe_load(road.testbed["west"].kubeconfig.read_text())
    swapped.write_text(yaml.safe_dump(content))
    with (
        road.open(kubeconfigs={"east": swapped}) as moved,
        pytest.raises(PlanChanged, match="east is another cluster now"),
    ):
        moved.restore(plan, confirm=plan.digest)
    restores = road.of_velero("west", RESTORES)
    assert [r for r in restores if r["spec"].get("backupName") == name] == []
