"""What the ledger remembers: sightings, contents, marks, plans, runs, durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slackwater.errors import RunNotFound
from slackwater.ledger import Expected, Mark, MarkPart
from slackwater.ledger.durations import expect
from slackwater.model.act import Act, ActKind
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import (
    Contents,
    DataSight,
    PointId,
    RecoveryPoint,
    Whereabouts,
)
from slackwater.model.request import Store
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.run import RunKind, RunRequest, RunState
from slackwater.model.step import Step
from slackwater.model.workload import Scope, Workload
from slackwater.runs.journal import Journal

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


HELD = Contents(objects={"shop": 3})


def point(name, phase=Phase.SUCCEEDED, contents=HELD, store="s3"):
    return RecoveryPoint(
        id=PointId(tool="tool", store=store, name=name),
        phase=phase,
        scope=Scope(namespaces=("shop",)),
        begin=NOW,
        end=NOW + timedelta(seconds=9),
        contents=contents,
    )


def test_contents_once_read_are_remembered_by_identity(ledger):
    here, there = point("p"), point("p", store="elsewhere", contents=Contents())
    ledger.remember_contents(here)
    ledger.remember_contents(there)
    unknown = PointId(tool="tool", store="s3", name="never read")
    found = ledger.contents([here.id, unknown, there.id])
    assert found == {here.id: here, there.id: there}


@pytest.mark.parametrize(
    "unread", [point("p", contents=None), point("p", phase=Phase.RUNNING)], ids=["unread", "open"]
)
def test_what_was_not_read_or_has_not_ended_is_not_remembered(ledger, unread):
    ledger.remember_contents(unread)
    assert ledger.contents([unread.id]) == {}


def test_what_was_said_of_data_is_remembered_and_the_last_word_counts(ledger):
    ids = [PointId(tool="tool", store="s3", name=f"p{n}") for n in range(3)]
    gone = DataSight(whereabouts=Whereabouts.GONE, at=NOW, lost=(("shop", "data"),), message="lost")
    there = DataSight(whereabouts=Whereabouts.THERE, at=NOW + timedelta(hours=1))
    ledger.saw_data({ids[0]: gone, ids[1]: gone})
    ledger.saw_data({ids[0]: there})
    assert ledger.data_seen(ids) == {ids[0]: there, ids[1]: gone}
    silence = DataSight(whereabouts=Whereabouts.UNTOLD, at=NOW + timedelta(hours=2))
    ledger.saw_data(dict.fromkeys(ids, silence))
    assert ledger.data_seen(ids) == {ids[0]: there, ids[1]: gone, ids[2]: silence}
    assert ledger.data_seen([]) == {}


def test_contents_of_very_many_points_are_found(ledger):
    ids = [PointId(tool="tool", store="s3", name=f"p{n}") for n in range(2500)]
    ledger.remember_contents(point("p2499"))
    assert set(ledger.contents(ids)) == {ids[-1]}


def test_the_newest_sighting_of_a_cluster_and_a_tool_counts(ledger):
    ledger.saw_cluster("eu", ca_hash="old", uid="u")
    ledger.saw_cluster("eu", ca_hash="new", uid="u")
    ledger.saw_tools([("eu", "tool")])
    assert [(s.cluster, s.tool, s.ca_hash, s.at) for s in ledger.clusters_seen()] == [
        ("eu", "", "new", NOW),
        ("eu", "tool", "", NOW),
    ]


def store(cluster, tool="tool", **given):
    values = {"identity": "s3/b", "name": "main", "writable": True, "available": True}
    return Store(tool=tool, cluster=cluster, **{**values, **given})


def test_stores_outlive_the_clusters_that_showed_them(ledger):
    ledger.saw_stores([store("eu"), store("us", writable=False), store("eu", tool="other")])
    ledger.saw_stores([store("eu", details={"region": "x"})])
    assert ledger.stores("tool") == (
        store("eu", details={"region": "x"}),
        store("us", writable=False),
    )
    assert len(ledger.stores()) == 3


def test_a_mark_is_complete_when_no_part_lacks_anything(ledger):
    shop, crm = Workload(cluster="eu", namespace="shop"), Workload(cluster="eu", namespace="crm")
    whole = MarkPart(workload=shop, point=point("p").id, begin=NOW)
    first = Mark(name="friday", run="r1", at=NOW, parts=(whole,), spread=0.0)
    later = NOW + timedelta(hours=1)
    lacking = MarkPart(workload=crm, lacking="failed")
    second = Mark(name="friday", run="r2", at=later, parts=(whole, lacking))
    for mark in (first, second, second):
        ledger.keep_mark(mark)
    assert ledger.marks("friday") == (second, first)
    assert [mark.complete for mark in ledger.marks()] == [False, True]
    assert second.missing == (lacking,)
    assert ledger.marks("monday") == ()


def test_plans_are_found_by_their_digest(ledger):
    plan = RestorePlan(made_at=NOW, moment=NOW, zone="Europe/Berlin")
    ledger.keep_plan(plan)
    ledger.keep_plan(plan)
    assert ledger.plan(plan.digest) == plan
    assert ledger.plan("0000-0000") is None


def journal(ledger):
    return Journal(ledger, lambda: NOW, lambda event: None)


def submit(ledger, run, act="restore", cluster="eu", **given):
    step = Step(
        id="1",
        cluster=cluster,
        tool="tool",
        act=Act(id=act, kind=ActKind.OPERATED, title=act, payload={"a": {"b": [1, None]}}),
        workload=Workload(cluster=cluster, namespace="shop"),
    )
    journal(ledger).submit(
        RunRequest(id=run, kind=RunKind.RESTORE, title="t", steps=(step,), **given)
    )
    return step


def test_a_run_is_read_as_it_was_asked_for(ledger):
    step = submit(ledger, "r1", labels={"policy": "gold"})
    run = ledger.run("r1")
    assert (run.state, run.asked, run.labels) == (RunState.PENDING, NOW, {"policy": "gold"})
    assert run.steps[0].step == step
    with pytest.raises(RunNotFound):
        ledger.run("r2")


def test_runs_are_found_by_labels_and_by_being_unfinished(ledger):
    for number in range(5):
        submit(ledger, f"r{number}", labels={"policy": "gold", "odd": str(number % 2)})
    end(ledger, "r4", seconds=1)
    assert [run.id for run in ledger.runs(labels={"odd": "0"})] == ["r0", "r2", "r4"]
    assert [run.id for run in ledger.runs(labels={"odd": "0"}, limit=1)] == ["r0"]
    assert [run.id for run in ledger.runs(unfinished=True)] == ["r0", "r1", "r2", "r3"]
    assert len(ledger.runs(limit=2)) == 2


def end(ledger, run_id, *, seconds, state=RunState.SUCCEEDED):
    run = ledger.run(run_id)
    times = {"began": NOW, "ended": NOW + timedelta(seconds=seconds), "state": state}
    ended = run.steps[0].model_copy(update=times)
    journal(ledger).save(run, run.model_copy(update={"steps": (ended,), "state": state}))


def test_how_long_acts_take_is_learnt_from_those_that_ended_well(ledger):
    for number, seconds in enumerate([100, 60, 80]):
        submit(ledger, f"r{number}")
        end(ledger, f"r{number}", seconds=seconds)
    submit(ledger, "failed")
    end(ledger, "failed", seconds=1, state=RunState.FAILED)
    assert ledger.expected("eu", "tool", "restore") == Expected(70, 80, 90, 3)
    assert ledger.expected("eu", "tool", "backup") is None
    assert ledger.expected("eu", "other", "restore") is None


def test_a_cluster_without_history_borrows_that_of_others(ledger):
    submit(ledger, "r1", cluster="us")
    end(ledger, "r1", seconds=30)
    assert ledger.expected("eu", "tool", "restore") == Expected(30, 30, 30, 1)


def test_no_durations_no_expectation():
    assert expect([]) is None


def test_saving_what_has_not_changed_writes_nothing(ledger):
    submit(ledger, "r1")
    run = ledger.run("r1")
    journal(ledger).save(run, run.model_copy())
    assert [event.kind for event in ledger.events("r1")] == ["asked"]
    assert ledger.last_event() == 1
