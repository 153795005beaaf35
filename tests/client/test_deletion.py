"""Deletion: by a plan, with consent, by the cluster that may write."""

from __future__ import annotations

import pytest

from slackwater import Fleet
from slackwater.errors import BlockedByFinding, PlanError, RecoveryPointNotFound
from slackwater.model.run import RunKind, RunState

from .stage import Stage, drive


@pytest.fixture
def saved(stage: Stage) -> Stage:
    stage.put("eu", "shop", tier="gold")
    with stage.open() as fleet:
        drive(fleet.backup("gold"))
    return stage


@pytest.fixture
def fleet(saved: Stage):
    with saved.open() as fleet:
        yield fleet


def test_what_goes_is_shown_and_goes(fleet: Fleet) -> None:
    (point,) = fleet.points().points
    plan = fleet.plan_deletion(point.name)
    assert plan.cluster == "eu"
    assert all(step.act.effects for step in plan.steps)
    run = fleet.delete(plan, confirm=plan.digest)
    assert run.result().state is RunState.SUCCEEDED
    assert run.now.kind is RunKind.DELETION
    assert fleet.points().points == ()


def test_that_it_is_the_last_one_is_said(fleet: Fleet) -> None:
    (first,) = fleet.points().points
    assert [f.code for f in fleet.plan_deletion(first.name).findings] == ["last-point"]
    drive(fleet.backup("gold"))
    assert fleet.plan_deletion(first.name).findings == ()


def test_it_is_said_of_a_control_plane_too(kept: Stage) -> None:
    with kept.open() as fleet:
        point = next(p for p in fleet.points().points if p.scope.control_plane)
        (last,) = fleet.plan_deletion(point.name).findings
    assert (last.code, last.subject) == ("last-point", "eu (control-plane)")
    assert last.way_out.endswith("slackwater backup --control-plane eu")


def test_consent_is_given_to_one_deletion(fleet: Fleet) -> None:
    (point,) = fleet.points().points
    plan = fleet.plan_deletion(point.name)
    with pytest.raises(PlanError, match="is not the digest"):
        fleet.delete(plan, confirm="0000-0000")
    assert len(fleet.points().points) == 1


def test_equal_deletions_have_equal_digests(fleet: Fleet) -> None:
    (point,) = fleet.points().points
    assert fleet.plan_deletion(point.name).digest == fleet.plan_deletion(str(point.id)).digest


def test_a_store_that_nobody_may_write_to_keeps_its_points(saved: Stage) -> None:
    with saved.open() as fleet:
        (point,) = fleet.points().points
    saved.world.show_store("eu", "eu-store", writable=False)
    with saved.open() as fleet:
        plan = fleet.plan_deletion(point.name)
        assert [f.code for f in plan.findings if f.blocks] == ["nobody-may-delete"]
        with pytest.raises(BlockedByFinding, match="no cluster that shows it may write"):
            fleet.delete(plan, confirm=plan.digest)
        assert len(fleet.points().points) == 1


def test_what_is_not_there_is_named(fleet: Fleet) -> None:
    with pytest.raises(RecoveryPointNotFound, match="no recovery point gone"):
        fleet.plan_deletion("gone")
