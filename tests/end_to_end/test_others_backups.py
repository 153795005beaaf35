"""Backups that others made, and volumes that Velero passed over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slackwater import Fleet
from slackwater.model.run import RunState

from .belongings import hand_made_volume
from .road import BACKUPS, VELERO, Road, backed_up, codes, ended, manifests, restored, story, thing

pytestmark = pytest.mark.real


@pytest.fixture
def nightly(road: Road, fresh_namespace: str) -> Iterator[str]:
    """A Schedule of somebody else's, and the backup that it has made."""
    east = road.testbed["east"]
    road.fill("east", fresh_namespace, 4)
    template = {"includedNamespaces": [fresh_namespace], "storageLocation": "default"}
    schedule = thing(
        "velero.io/v1",
        "Schedule",
        "their-nightly",
        VELERO,
        spec={"schedule": "0 3 * * *", "template": template, "paused": True},
    )
    # As `velero backup create --from-schedule` does it.
    backup = thing(
        "velero.io/v1", "Backup", f"their-nightly-{fresh_namespace[-6:]}", VELERO, spec=template
    )
    backup["metadata"]["labels"] = {"velero.io/schedule-name": "their-nightly"}
    east.apply(manifests(schedule, backup))
    name = backup["metadata"]["name"]
    east.velero.wait_for_phase("backup", name, "Completed")
    yield name
    east.kubectl("delete", "schedule.velero.io", "their-nightly", "-n", VELERO)


def test_a_backup_of_somebody_elses_schedule_is_adopted_and_restored(
    road: Road, fleet: Fleet, fresh_namespace: str, nightly: str
) -> None:
    [point] = [p for p in fleet.points(cluster="east").points if p.name == nightly]
    assert point.stamp is None
    assert point.made_by == "schedule their-nightly"
    assert point.origin == "east"
    there = road.named(f"{fresh_namespace}-b")
    plan = fleet.plan(at="now", namespace=fresh_namespace, map={fresh_namespace: there})
    assert [choice.point.name for choice in plan.choices] == [nightly]
    run = restored(fleet, plan)
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.config_maps("east", there) == road.config_maps("east", fresh_namespace)
    paused = [f for f in fleet.doctor(cluster="east").findings if f.code == "schedule-paused"]
    assert ["their-nightly" in finding.subject for finding in paused] == [True]


def test_a_volume_that_velero_skipped_is_found_out(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    east = road.testbed["east"]
    road.fill("east", fresh_namespace, 2)
    whole = backed_up(fleet, fresh_namespace)
    east.apply(manifests(*hand_made_volume(fresh_namespace)))
    east.wait_for(
        "pvc", "books", lambda c: c["status"]["phase"] == "Bound", namespace=fresh_namespace
    )
    run = ended(fleet, fleet.backup(cluster="east", namespace=fresh_namespace).id)
    assert road.phases(BACKUPS, run) == ["Completed"]
    assert run.state is RunState.PARTIAL, story(run)
    assert any(f"{fresh_namespace}/books" in finding.message for finding in run.findings)
    holes = [f for f in fleet.doctor(cluster="east").findings if fresh_namespace in f.subject]
    assert any("books" in f"{f.subject} {f.message}" for f in holes), holes
    there = road.named(f"{fresh_namespace}-b")
    asked = {"at": "now", "namespace": fresh_namespace, "map": {fresh_namespace: there}}
    plan = fleet.plan(**asked)
    assert "newer-not-good" in codes(plan.findings)
    assert [c.point.stamp.run for c in plan.choices if c.point.stamp] == [whole.id]
    taken = fleet.plan(**asked, accept_partial=True)
    assert "partial-point" in codes(taken.findings)
    [choice] = taken.choices
    assert any("books" in gap for gap in choice.gaps)
    east.kubectl("delete", "pv", f"{fresh_namespace}-books", "--wait=false")


def test_without_a_good_point_the_plan_is_blocked_and_names_the_volume(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    east = road.testbed["east"]
    east.apply(manifests(*hand_made_volume(fresh_namespace)))
    east.wait_for(
        "pvc", "books", lambda c: c["status"]["phase"] == "Bound", namespace=fresh_namespace
    )
    run = ended(fleet, fleet.backup(cluster="east", namespace=fresh_namespace).id)
    assert run.state is RunState.PARTIAL, story(run)
    there = road.named(f"{fresh_namespace}-b")
    plan = fleet.plan(at="now", namespace=fresh_namespace, map={fresh_namespace: there})
    assert plan.blocked
    assert f"{fresh_namespace}/books is not held" in plan.why_blocked
    east.kubectl("delete", "pv", f"{fresh_namespace}-books", "--wait=false")
