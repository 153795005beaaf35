"""Backups of control planes: by hand, and where their API server does not answer."""

from __future__ import annotations

from slackwater.model.run import RunState
from slackwater.testing.memory import Mishap, Refusal

from .stage import QUICK, Stage, drive


def test_by_hand_it_is_the_control_plane_alone(kept: Stage) -> None:
    with kept.open() as fleet:
        run = drive(fleet.backup(control_plane="eu"))
        both = drive(fleet.backup(control_plane="dr", cluster_objects=["eu"], namespace="crm"))
    assert [str(r.step.workload) for r in run.steps] == ["eu (control-plane)"] * 2
    assert {str(r.step.workload) for r in both.steps} == {
        "eu/crm",
        "eu (cluster-objects)",
        "dr (control-plane)",
    }


def test_the_control_plane_of_a_silent_cluster_is_backed_up_all_the_same(kept: Stage) -> None:
    kept.silence("eu")
    with kept.open() as fleet:
        run = drive(fleet.backup("whole"))
        alone = drive(fleet.backup(control_plane="eu"))
        newest = fleet.points().points[0]
    assert run.state is RunState.PARTIAL
    assert {r.step.act.title: r.state for r in run.steps} == {
        "archive eu (control-plane)": RunState.SUCCEEDED,
        "read back what was made of eu (control-plane)": RunState.SUCCEEDED,
        "back up what eu holds": RunState.FAILED,
    }
    assert alone.state is RunState.SUCCEEDED
    assert newest.stamp is not None
    assert newest.stamp.cluster_uid == "", "who the cluster is could not be asked"


def test_a_control_plane_that_does_not_answer_either_is_a_part_that_failed(kept: Stage) -> None:
    kept.silence("eu")
    kept.world.misbehave("eu", Mishap(refusal=Refusal.UNAVAILABLE, times=None))
    with kept.open(timing=QUICK) as fleet:
        assert drive(fleet.backup(control_plane="eu")).state is RunState.FAILED


def test_who_a_cluster_is_is_remembered_for_the_day_when_it_cannot_say_it(kept: Stage) -> None:
    with kept.open() as fleet:
        (seen,) = [s for s in fleet.ledger.clusters_seen() if (s.cluster, s.tool) == ("eu", "")]
        assert seen.uid == fleet.connections.cluster("eu").identity().uid
