"""What graphs of steps allow and mean, whatever the graph: properties of pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slackwater.model.act import ActKind
from slackwater.model.run import Run, RunKind, RunState, StepRecord
from slackwater.model.step import OwnAct
from slackwater.runs.graph import overlap, ready, settle, state_of
from slackwater.runs.observation import Confirmed, Done
from slackwater.runs.timing import Timing
from slackwater.runs.transition import after, begin

from .scripted_tool import step, workload

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WELL = (RunState.SUCCEEDED, RunState.PARTIAL)
ENDS = (*WELL, RunState.FAILED, RunState.CANCELLED)


def new_run(steps, kind=RunKind.RESTORE, **given):
    records = tuple(StepRecord(step=one) for one in steps)
    return Run(
        id="r", kind=kind, title="", state=RunState.PENDING, asked=NOW, steps=records, **given
    )


def changed(run, record):
    steps = tuple(record if r.step.id == record.step.id else r for r in run.steps)
    return run.model_copy(update={"steps": steps})


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 7))
    steps = []
    for number in range(size):
        earlier = [str(n) for n in range(number)]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        kind = draw(st.sampled_from([ActKind.OPERATED, ActKind.OPERATED, ActKind.PERSON]))
        always = draw(st.booleans())
        steps.append(step(str(number), kind=kind, always=always, needs=tuple(needs)))
    return draw(st.permutations(steps))


@st.composite
def played(draw):
    """A run played to its end, each act ending as drawn; every state it was in on the way."""
    run = settle(new_run(draw(graphs())), NOW)
    story = [run]
    while not run.state.ended:
        if not run.cancelling and draw(st.integers(0, 9)) == 0:
            run = settle(run.model_copy(update={"cancelling": True}), NOW)
            story.append(run)
            continue
        asked = [r for r in run.steps if r.state is RunState.WAITING]
        chosen = draw(st.sampled_from([*ready(run), *asked]))
        if chosen.state is RunState.WAITING:
            record = after(chosen, Confirmed("ada"), NOW, Timing())
        else:
            end = draw(st.sampled_from(ENDS))
            record = after(begin(chosen, NOW), Done(end), NOW, Timing())
        run = settle(changed(run, record), NOW)
        story.append(run)
    return story


def whatever_happens(test):
    """Play many runs to their end; a busy machine is no reason to fail."""
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    return patient(given(played())(test))


@whatever_happens
def test_every_run_comes_to_an_end_in_which_all_steps_have_ended(story):
    assert all(record.state.ended for record in story[-1].steps)
    assert story[-1].ended == NOW


@whatever_happens
def test_nothing_is_begun_before_all_that_it_needs_has_ended_well(story):
    for run in story:
        records = {record.step.id: record for record in run.steps}
        for record in run.steps:
            needs = [records[need].state for need in record.step.needs]
            if record.attempt:
                assert all(state.ended for state in needs)
                assert record.step.act.always or all(state in WELL for state in needs)


@whatever_happens
def test_clean_up_runs_exactly_when_something_of_what_it_follows_was_begun(story):
    records = {record.step.id: record for record in story[-1].steps}
    for record in records.values():
        if record.step.act.always:
            needs = [records[need] for need in record.step.needs]
            assert bool(record.attempt) == (not needs or any(need.attempt for need in needs))


@whatever_happens
def test_a_step_is_skipped_only_for_a_reason(story):
    for record in story[-1].steps:
        assert (record.state is RunState.SKIPPED) == (record.attempt == 0)
        assert record.state is not RunState.SKIPPED or record.message


@whatever_happens
def test_what_has_ended_never_changes(story):
    for before, now in pairwise(story):
        for old, new in zip(before.steps, now.steps, strict=True):
            assert not old.state.ended or old == new


@whatever_happens
def test_a_run_waits_for_a_person_only_when_nothing_else_can_go_on(story):
    for run in story:
        if run.state is RunState.WAITING:
            assert not ready(run)
            assert any(record.state is RunState.WAITING for record in run.steps)


@whatever_happens
def test_settling_twice_changes_nothing(story):
    assert all(settle(run, NOW) == run for run in story)


@whatever_happens
def test_success_means_that_every_step_succeeded(story):
    run = story[-1]
    states = {
        record.state
        for record in run.steps
        if not (record.step.act.always and record.state is RunState.SKIPPED)
    }
    assert (run.state is RunState.SUCCEEDED) == (states <= {RunState.SUCCEEDED})


def ended(name, state, **given):
    return StepRecord(step=step(name, **given), state=state, attempt=1)


SHOP = {"workload": workload("shop"), "writes": ("eu/shop",)}
CRM = {"workload": workload("crm"), "writes": ("eu/crm",)}
OLD = {"workload": workload("old")}


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ([("a", "succeeded", SHOP), ("b", "failed", CRM)], "partial"),
        ([("a", "succeeded", SHOP), ("b", "failed", SHOP), ("c", "failed", CRM)], "failed"),
        ([("check", "succeeded", {}), ("a", "failed", SHOP)], "failed"),
        ([("saved", "succeeded", OLD), ("a", "failed", SHOP)], "failed"),
        ([("a", "partial", SHOP)], "partial"),
        ([("a", "cancelled", SHOP)], "failed"),
        ([("a", "succeeded", SHOP), ("clean", "failed", {"always": True})], "partial"),
        ([("a", "failed", SHOP), ("clean", "succeeded", {"always": True})], "failed"),
        ([("a", "succeeded", SHOP), ("clean", "skipped", {"always": True})], "succeeded"),
    ],
)
def test_the_end_of_a_restore_tells_whether_anything_of_it_is_of_use(steps, end):
    records = [ended(name, RunState(state), **given) for name, state, given in steps]
    assert state_of(RunKind.RESTORE, records, cancelling=False).value == end


def test_a_backup_without_a_good_point_has_failed_however_well_its_tool_worked():
    records = [
        ended("make", RunState.SUCCEEDED, workload=workload("shop")),
        ended("read", RunState.FAILED, workload=workload("shop"), own=OwnAct.READ_BACK),
        ended("show", RunState.SUCCEEDED),
    ]
    assert state_of(RunKind.BACKUP, records, cancelling=False) is RunState.FAILED


def test_cancelling_too_late_is_no_cancelling():
    records = [ended("a", RunState.SUCCEEDED)]
    assert state_of(RunKind.RESTORE, records, cancelling=True) is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("ours", "theirs", "place"),
    [
        (["eu/shop"], ["eu/shop"], "eu/shop"),
        (["eu"], ["eu/shop"], "eu"),
        (["eu/shop"], ["eu"], "eu/shop"),
        (["eu/shop"], ["eu/shop-2", "us/shop"], ""),
        ([], ["eu"], ""),
    ],
)
def test_places_overlap(ours, theirs, place):
    assert overlap(ours, theirs) == place
