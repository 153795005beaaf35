"""The acts of core itself: checking, reading back, marking, deleting."""

from __future__ import annotations

import dataclasses

import pytest

from slackwater.model.act import ActKind
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import PointId
from slackwater.model.run import RunKind, RunState
from slackwater.model.step import OwnAct

from .scripted_tool import QUICK, request, skipped_volume, states, step, workload
from .waiting import eventually, in_a_thread


def own(name, act, **given):
    return step(name, kind=ActKind.PERFORMED, own=act, **given)


def read_back(name="read", of="make", namespace="shop", **given):
    given = {"require": ["objects", "volumes"], **given}
    return own(name, OwnAct.READ_BACK, of=of, needs=(of,), workload=workload(namespace), **given)


def drive(stage, *steps, kind=RunKind.BACKUP, timing=QUICK):
    runs = stage.runs(timing)
    runs.submit(request(*steps, kind=kind))
    return runs.drive("r1")


def record(run, name):
    return next(record for record in run.steps if record.step.id == name)


def test_a_target_in_which_no_restore_can_go_well_is_not_touched(stage):
    wrong = Finding(
        severity=Severity.ERROR,
        code="silent",
        subject="main",
        message="its server does not answer",
        stops_restores=True,
    )
    stage.backend("eu", "tool").findings = (wrong,)
    run = drive(stage, own("check", OwnAct.CHECK_TARGET, tool=""), step("a", needs=("check",)))
    assert states(run) == {"check": "failed", "a": "skipped"}
    assert run.findings == (wrong,)


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.ERROR])
def test_what_endangers_only_backups_is_kept_and_stops_no_restore(stage, severity):
    odd = Finding(severity=severity, code="store", subject="main", message="read-only here")
    stage.backend("eu", "tool").findings = (odd,)
    run = drive(stage, own("check", OwnAct.CHECK_TARGET, tool=""), step("a", needs=("check",)))
    assert (run.state, run.findings) == (RunState.SUCCEEDED, (odd,))


def test_a_point_that_holds_what_is_required_is_good_and_its_contents_are_kept(stage):
    point = stage.put_point("p1")
    run = drive(stage, step("make", point="p1"), read_back())
    assert run.state is RunState.SUCCEEDED
    assert stage.ledger.contents([point.id]) == {point.id: point}
    assert PointId.model_validate(record(run, "read").result["point"]) == point.id


def test_a_skipped_volume_makes_a_backup_partial_with_a_finding(stage):
    stage.put_point("p1", volumes=(skipped_volume(),))
    run = drive(stage, step("make", point="p1"), read_back())
    assert (run.state, record(run, "read").state) == (RunState.PARTIAL, RunState.PARTIAL)
    assert [f.message for f in run.findings] == ["p1: volume shop/data is not held: hostPath"]


def test_where_all_is_required_whatever_is_lacking_is_a_failure(stage):
    stage.put_point("p1", volumes=(skipped_volume(),))
    stage.put_namespace("old", "uid-1")
    delete = own("delete", OwnAct.DELETE_NAMESPACE, needs=("read",), namespace="old", uid="uid-1")
    run = drive(stage, step("make", point="p1"), read_back(whole=True), delete)
    assert states(run) == {"make": "succeeded", "read": "failed", "delete": "skipped"}
    assert stage.has_namespace("old")


def test_a_backup_that_made_no_point_is_not_taken_for_one_that_did(stage):
    run = drive(stage, step("make", workload=workload("shop")), read_back())
    assert run.state is RunState.FAILED
    assert record(run, "read").message == "step make has made no recovery point"


def test_a_point_that_is_not_there_is_a_failure(stage):
    run = drive(stage, step("make", point="lost", workload=workload("shop")), read_back())
    assert (run.state, record(run, "read").message) == (RunState.FAILED, "no lost")


@pytest.fixture
def busy(stage, monkeypatch):
    """A tool that cannot tell the contents of a point the first few times it is asked."""
    asked = []

    def make(times):
        tool = type(stage.backend("eu", "tool"))
        told = tool.get_recovery_point

        def get_recovery_point(self, point):
            asked.append(point.name)
            found = told(self, point)
            return found if len(asked) > times else found.model_copy(update={"contents": None})

        monkeypatch.setattr(tool, "get_recovery_point", get_recovery_point)
        return asked

    return make


def test_contents_that_a_busy_tool_cannot_tell_yet_are_asked_for_again(stage, busy):
    asked = busy(times=3)
    point = stage.put_point("p1")
    timing = dataclasses.replace(QUICK, untold=60.0)
    run = drive(stage, step("make", point="p1"), read_back(), timing=timing)
    assert (run.state, len(asked)) == (RunState.SUCCEEDED, 4)
    assert stage.ledger.contents([point.id]) == {point.id: point}


def test_a_tool_that_never_tells_makes_a_backup_partial_and_no_good_point(stage, busy):
    asked = busy(times=10**6)
    stage.put_point("p1")
    run = drive(stage, step("make", point="p1"), read_back())
    assert (run.state, record(run, "read").state) == (RunState.PARTIAL, RunState.PARTIAL)
    assert record(run, "read").message == "its contents are not known"
    assert len(asked) > 1


def marked(stage, **phases):
    parts = [
        (
            step(f"make-{name}", point=f"point-{name}", phases=["running", phase]),
            read_back(f"read-{name}", of=f"make-{name}", namespace=name),
        )
        for name, phase in phases.items()
    ]
    reads = tuple(read.id for _, read in parts)
    mark = own("mark", OwnAct.STAMP_MARK, needs=reads, always=True, mark="friday", tool="")
    return drive(stage, *(s for part in parts for s in part), mark)


def test_the_spread_of_a_mark_is_measured_and_stamped_on_its_points(stage):
    stage.put_point("point-shop", namespace="shop", seconds=4)
    stage.put_point("point-crm", namespace="crm", seconds=42)
    run = marked(stage, shop="succeeded", crm="succeeded")
    [mark] = stage.ledger.marks("friday")
    assert (run.state, mark.complete, mark.spread) == (RunState.SUCCEEDED, True, 38.0)
    for name in ("shop", "crm"):
        stamp = (stage.world_folder / "points" / f"point-{name}.stamp").read_text()
        assert stamp == "{'mark': 'friday', 'spread': '38.000'}"


def test_a_mark_with_a_missing_part_is_known_as_incomplete(stage):
    stage.put_point("point-shop", namespace="shop")
    run = marked(stage, shop="succeeded", crm="failed")
    [mark] = stage.ledger.marks("friday")
    assert (run.state, mark.complete) == (RunState.PARTIAL, False)
    assert [str(part.workload) for part in mark.missing] == ["eu/crm"]
    assert record(run, "mark").findings[0].code == "mark-incomplete"


def delete_step(uid="uid-1", **given):
    return own("delete", OwnAct.DELETE_NAMESPACE, namespace="shop", uid=uid, **given)


def test_a_namespace_is_deleted_and_waited_for(stage):
    stage.put_namespace("shop", "uid-1")
    run = drive(stage, delete_step(), kind=RunKind.RESTORE)
    assert run.state is RunState.SUCCEEDED
    assert not stage.has_namespace("shop")


def test_a_namespace_that_is_gone_already_is_fine(stage):
    assert drive(stage, delete_step()).state is RunState.SUCCEEDED


def test_another_namespace_of_the_same_name_is_not_deleted(stage):
    stage.put_namespace("shop", "uid-2")
    run = drive(stage, delete_step())
    assert run.state is RunState.FAILED
    assert "another namespace shop stands there" in record(run, "delete").message
    assert stage.has_namespace("shop")


@pytest.fixture
def stuck(stage, monkeypatch):
    """A namespace whose objects will not go."""
    stage.put_namespace("shop", "uid-1")
    said = {"status": "True", "message": "a finalizer remains"}
    metadata = {"uid": "uid-1", "deletionTimestamp": "2026-11-22T07:00:00Z"}
    found = {"metadata": metadata, "status": {"conditions": [said]}}
    monkeypatch.setattr(type(stage.cluster("eu")), "get", lambda self, path: found)


@pytest.mark.usefixtures("stuck")
def test_a_namespace_that_stays_is_said_to_stay_and_why(stage):
    run = drive(stage, delete_step(timeout=0.05))
    assert run.state is RunState.FAILED
    assert record(run, "delete").message == "namespace shop is still there: a finalizer remains"


@pytest.mark.usefixtures("stuck")
def test_waiting_for_a_namespace_ends_when_the_run_is_cancelled(stage):
    stage.runs().submit(request(delete_step()))
    with in_a_thread(lambda: stage.runs().drive("r1")) as came:
        eventually(lambda: stage.ledger.run("r1").steps[0].attempt)
        stage.runs().cancel("r1")
    assert came[0].state is RunState.CANCELLED
