"""Velero, its store and API servers die in the middle: the run ends, and says what is true."""

from __future__ import annotations

import pytest

from slackwater import Fleet
from slackwater.model.operation import Phase
from slackwater.model.run import RunState
from slackwater.runs import Runs, Timing

from .road import BACKUPS, RESTORES, Road, awaited, backed_up, beside, codes, ended, made_by, story

pytestmark = pytest.mark.real

MANY = 300
"""ConfigMaps, so that Velero is at work long enough to be hit in the middle."""


@pytest.fixture
def full_namespace(road: Road, fresh_namespace: str) -> str:
    road.fill("east", fresh_namespace, MANY)
    return fresh_namespace


def quick(fleet: Fleet) -> Runs:
    """Runs that try again sooner, and more often, than others do."""
    timing = Timing(again_longest=5, generations=20)
    return Runs(fleet.ledger, fleet.connections, fleet.clock, timing=timing)


def test_velero_killed_during_a_backup_makes_it_anew(
    road: Road, fleet: Fleet, full_namespace: str
) -> None:
    velero = road.testbed["east"].velero
    handle = fleet.backup(cluster="east", namespace=full_namespace)

    def crash() -> None:
        road.when_begun(BACKUPS)
        velero.kill()
        velero.start()

    with beside(crash):
        run = ended(fleet, handle.id)
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.phases(BACKUPS, run) == ["Failed", "Completed"]
    [name] = made_by(run)
    whole = [p for p in fleet.points(namespace=full_namespace).points if p.usable]
    assert [point.name for point in whole] == [name]
    contents = fleet.point(name).contents
    assert contents is not None
    assert contents.objects_in(full_namespace) >= MANY


def test_velero_killed_during_a_restore_restores_anew_and_doubles_nothing(
    road: Road, fleet: Fleet, full_namespace: str
) -> None:
    velero = road.testbed["east"].velero
    before = road.config_maps("east", full_namespace)
    backed_up(fleet, full_namespace)
    there = road.named(f"{full_namespace}-b")
    plan = fleet.plan(at="now", namespace=full_namespace, map={full_namespace: there})
    handle = fleet.restore(plan, confirm=plan.digest)

    def crash() -> None:
        awaited(lambda: road.config_maps("east", there), "nothing was restored")
        velero.kill()
        velero.start()

    with beside(crash):
        run = ended(fleet, handle.id)
    assert run.state is RunState.SUCCEEDED, story(run)
    into = [r for r in road.in_velero(RESTORES, run) if "namespaceMapping" in r["spec"]]
    assert [r["status"]["phase"] for r in into] == ["Failed", "Completed"]
    assert road.config_maps("east", there) == before


def test_a_store_that_is_away_is_a_finding_and_a_failure_with_its_reason(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    east, store = road.testbed["east"], road.testbed.objectstore
    road.fill("east", fresh_namespace, 3)
    backed_up(fleet, fresh_namespace)
    store.stop()
    east.velero.wait_for_phase("backupstoragelocation", "default", "Unavailable")
    handle = fleet.backup(cluster="east", namespace=fresh_namespace)
    assert "store-unavailable" in codes(handle.findings)
    there = road.named(f"{fresh_namespace}-b")
    plan = fleet.plan(at="now", namespace=fresh_namespace, map={fresh_namespace: there})
    assert plan.blocked
    assert "store-unavailable" in codes(plan.findings)
    assert "store-unavailable" in codes(fleet.doctor().findings)


def test_a_backup_refused_because_its_store_was_away_is_made_once_it_is_back(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    east, store = road.testbed["east"], road.testbed.objectstore
    road.fill("east", fresh_namespace, 3)
    store.stop()
    east.velero.wait_for_phase("backupstoragelocation", "default", "Unavailable")
    handle = fleet.backup(cluster="east", namespace=fresh_namespace)

    def return_after_a_refusal() -> None:
        awaited(
            lambda: "FailedValidation" in road.phases(BACKUPS, handle.id), "nothing was refused"
        )
        store.start()

    with beside(return_after_a_refusal):
        run = quick(fleet).drive(handle.id)
    assert run.state is RunState.SUCCEEDED, story(run)
    *refused, last = road.phases(BACKUPS, run)
    assert set(refused) == {"FailedValidation"}
    assert last == "Completed"


def test_a_store_that_goes_away_during_a_backup_ends_it_truthfully(
    road: Road, fleet: Fleet, full_namespace: str
) -> None:
    store, velero = road.testbed.objectstore, road.testbed["east"].velero
    handle = fleet.backup(cluster="east", namespace=full_namespace)

    def go_away_for_a_while() -> None:
        road.when_begun(BACKUPS)
        store.stop()
        velero.wait_for_phase("backupstoragelocation", "default", "Unavailable")
        store.start()
        velero.wait_available()

    with beside(go_away_for_a_while):
        run = quick(fleet).drive(handle.id)
    last = road.phases(BACKUPS, run)[-1]
    if run.state is RunState.SUCCEEDED:
        assert last == "Completed"
        [name] = made_by(run)
        assert fleet.point(name).phase is Phase.SUCCEEDED
        assert list(store.bucket.glob(f"east/backups/{name}/{name}.tar.gz"))
    else:
        assert run.state in (RunState.PARTIAL, RunState.FAILED), story(run)
        assert run.message


def test_an_api_server_that_restarts_is_waited_for(
    road: Road, fleet: Fleet, full_namespace: str
) -> None:
    east = road.testbed["east"]
    handle = fleet.backup(cluster="east", namespace=full_namespace)

    def restart() -> None:
        road.when_begun(BACKUPS)
        east.apiserver.kill()
        east.apiserver.start()
        east.velero.start()

    with beside(restart):
        run = ended(fleet, handle.id)
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.phases(BACKUPS, run)[-1] == "Completed"
