"""Restores: consent to one plan, a world that is as planned, and runs in the hands of a caller."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slackwater import Fleet
from slackwater.errors import (
    BlockedByFinding,
    PlanAlreadyRun,
    PlanChanged,
    PlanError,
    RunFailed,
    RunNotFound,
    TargetBusy,
    WaitingForPerson,
)
from slackwater.model.run import RunState
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.memory import Held, Outcome, Volume, Word

from .stage import Stage, ask_a_person, drive


@pytest.fixture
def saved(stage: Stage) -> Stage:
    stage.put("eu", "shop", tier="gold", volumes=[Volume(claim="data", data="before")])
    with stage.open() as fleet:
        drive(fleet.backup("gold", mark="noon"))
    return stage


@pytest.fixture
def fleet(saved: Stage):
    with saved.open() as fleet:
        yield fleet


def test_a_plan_is_carried_out_to_the_letter(saved: Stage, fleet: Fleet) -> None:
    plan = fleet.plan(at="now", policy="gold", to="dr", map={"shop": "drill"})
    run = fleet.restore(plan, confirm=plan.digest)
    events = list(run.follow())
    assert run.result().state is RunState.SUCCEEDED
    assert saved.held("dr", "drill") == saved.held("eu", "shop")
    assert [record.step for record in run.now.steps] == list(plan.steps)
    assert run.now.pins == plan.pins
    assert [event.number for event in events] == sorted({event.number for event in events})
    assert "eu-main-readonly" not in saved.world_stores("dr"), "shown only for the restore"


def test_consent_is_given_to_one_plan(fleet: Fleet) -> None:
    plan = fleet.plan(at="now", policy="gold", to="dr")
    other = fleet.plan(at="now", policy="gold", to="dr", map={"shop": "other"})
    with pytest.raises(PlanError, match="is not the digest of this plan"):
        fleet.restore(plan, confirm=other.digest)
    assert [run.kind.value for run in fleet.runs()] == ["backup"]


def test_a_blocked_plan_is_not_run(fleet: Fleet) -> None:
    plan = fleet.plan(at="now", policy="gold")
    with pytest.raises(BlockedByFinding, match="shop exists with 4 objects"):
        fleet.restore(plan, confirm=plan.digest)


def gone(stage: Stage) -> None:
    with stage.world.open() as shelves:
        for key in shelves.all("point", Held):
            shelves.remove("point", key)


def taken_again(stage: Stage) -> None:
    with stage.world.open() as shelves:
        for key, held in shelves.all("point", Held).items():
            shelves.put("point", key, held.model_copy(update={"word": Word.BROKEN}))


def test_plans_are_made_from_a_catalogue_that_is_held_and_not_believed_in_the_end(
    saved: Stage, fleet: Fleet
) -> None:
    held = fleet.points()
    fresh = fleet.plan(at="now", policy="gold", to="dr")
    gone(saved)
    plan = fleet.plan(at=fresh.moment, policy="gold", to="dr", catalogue=held)
    assert plan.choices == fresh.choices
    with pytest.raises(PlanChanged):
        fleet.restore(plan, confirm=plan.digest)


def settled(stage: Stage) -> None:
    stage.put("dr", "shop")


def another_cluster(stage: Stage) -> None:
    server = stage.keep(serve(KubernetesApi("other"), token="token-of-dr"))
    text = stage.kubeconfig.read_text().replace(stage.servers["dr"].url, server.url)
    stage.kubeconfig.write_text(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (gone, "cannot be seen any more"),
        (taken_again, "is not what it was"),
        (settled, "dr/shop exists now, with 3 objects; the plan found nothing there"),
        (another_cluster, "dr is another cluster now: kube-system was"),
    ],
)
def test_a_plan_that_no_longer_fits_the_world_is_refused(
    saved: Stage, change: Callable[[Stage], None], words: str
) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="gold", to="dr")
    change(saved)
    with saved.open() as fleet:
        with pytest.raises(PlanChanged) as changed:
            fleet.restore(plan, confirm=plan.digest)
        assert words in str(changed.value)
        assert "plan again" in changed.value.hint or "make the plan again" in changed.value.hint
        assert len(fleet.runs()) == 1, "nothing was begun"


@pytest.mark.parametrize("flag", ["update", "replace"])
def test_what_stood_there_must_still_be_what_the_plan_showed(
    saved: Stage, fleet: Fleet, flag: str
) -> None:
    plan = fleet.plan(at="now", policy="gold", **{flag: True})
    about = {"name": "new", "namespace": "shop"}
    saved.apis["eu"].create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about})
    with pytest.raises(PlanChanged, match="eu/shop has 5 objects now, 4 when the plan was made"):
        fleet.restore(plan, confirm=plan.digest)


def test_a_namespace_made_anew_is_not_the_one_that_was_planned(saved: Stage, fleet: Fleet) -> None:
    plan = fleet.plan(at="now", policy="gold", replace=True)
    saved.apis["eu"].delete("namespaces", "shop")
    saved.put("eu", "shop", volumes=[Volume(claim="data")])
    with pytest.raises(PlanChanged, match="eu/shop was deleted or made anew since"):
        fleet.restore(plan, confirm=plan.digest)


def test_what_grew_elsewhere_does_not_matter(saved: Stage, fleet: Fleet) -> None:
    plan = fleet.plan(at="now", policy="gold", to="dr")
    saved.put("dr", "other")
    saved.put("eu", "other")
    assert drive(fleet.restore(plan, confirm=plan.digest)).state is RunState.SUCCEEDED


def test_a_plan_runs_once_unless_again_is_said(saved: Stage, fleet: Fleet) -> None:
    plan = fleet.plan(at="now", policy="gold", to="dr")
    first = drive(fleet.restore(plan, confirm=plan.digest))
    with pytest.raises(PlanAlreadyRun) as already:
        fleet.restore(plan, confirm=plan.digest)
    assert already.value.run == first.id
    again = fleet.restore(plan, confirm=plan.digest, again=True)
    assert again.id != first.id
    assert drive(again).state is RunState.SUCCEEDED


def test_replace_saves_proves_deletes_and_restores(saved: Stage, fleet: Fleet) -> None:
    before = saved.held("eu", "shop")
    bad: dict[str, dict[str, object]] = {"configmaps/settings-0": {"data": {"n": "spoilt"}}}
    saved.world.put_namespace("eu", "shop", bad, [Volume(claim="data", data="spoilt")])
    plan = fleet.plan(at="now", policy="gold", replace=True)
    assert drive(fleet.restore(plan, confirm=plan.digest)).state is RunState.SUCCEEDED
    assert saved.held("eu", "shop") == before
    assert not saved.stands("eu", "shop"), "it was deleted by way of the API server"
    kept = [fleet.point(p.name) for p in fleet.points(namespace="shop").points]
    assert len(kept) == 2, "what stood there can be had back"


def test_replace_deletes_nothing_when_what_stands_cannot_be_saved_whole(
    saved: Stage, fleet: Fleet
) -> None:
    saved.world.put_namespace("eu", "shop", {"a/b": {}}, [Volume(claim="data", skipped="hostPath")])
    plan = fleet.plan(at="now", policy="gold", replace=True)
    run = drive(fleet.restore(plan, confirm=plan.digest))
    assert run.state is RunState.FAILED
    assert saved.stands("eu", "shop")
    states = [record.state.value for record in run.steps]
    assert states == ["succeeded", "succeeded", "failed", "skipped", "skipped"]


def test_two_restores_into_one_place_the_second_is_refused(saved: Stage, fleet: Fleet) -> None:
    first = fleet.plan(at="now", policy="gold", to="dr")
    second = fleet.plan(at="1s ago", policy="gold", to="dr", accept_partial=True)
    begun = fleet.restore(first, confirm=first.digest)
    with pytest.raises((TargetBusy, BlockedByFinding)) as busy:
        fleet.restore(second, confirm=second.digest)
    if isinstance(busy.value, TargetBusy):
        assert begun.id in str(busy.value)


def test_the_tools_failure_is_raised_with_its_words(saved: Stage, fleet: Fleet) -> None:
    plan = fleet.plan(at="now", policy="gold", to="dr")
    run = fleet.restore(plan, confirm=plan.digest)
    broken = Outcome(word=Word.BROKEN, message="quota exceeded", retryable=False)
    saved.world.end_next("dr", broken)
    with pytest.raises(RunFailed, match="quota exceeded") as failed:
        run.result()
    assert run.id in failed.value.hint
    assert run.now.steps[-1].state is RunState.SUCCEEDED, "the store is hidden again all the same"


def test_leaving_the_loop_stops_the_driving_and_another_goes_on(saved: Stage) -> None:
    saved.world.set_duration(1)
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="gold", to="dr")
        run = fleet.restore(plan, confirm=plan.digest)
        for event in run.follow():
            if event.data.get("ref"):
                break
        assert not run.now.state.ended
    with saved.open() as fleet:
        assert fleet.run(run.id).result().state is RunState.SUCCEEDED
    assert len(saved.world.operations("dr")) == 1, "what had begun was found again"


def test_cancel_stops_the_tool_and_cleans_up(saved: Stage, fleet: Fleet) -> None:
    saved.world.stall()
    plan = fleet.plan(at="now", policy="gold", to="dr")
    run = fleet.restore(plan, confirm=plan.digest)
    for event in run.follow():
        if event.data.get("ref"):
            break
    assert run.cancel().state is RunState.CANCELLED
    (operation,) = saved.world.operations("dr").values()
    assert operation.word == Word.STOPPED
    assert run.now.steps[-1].state is RunState.SUCCEEDED
    with pytest.raises(RunFailed, match="cancelled"):
        run.result()


def test_a_run_that_is_not_there(fleet: Fleet) -> None:
    with pytest.raises(RunNotFound, match="no run r-0"):
        fleet.run("r-0")


def test_a_person_is_waited_for_and_confirms(fleet: Fleet) -> None:
    run = ask_a_person(fleet)
    with pytest.raises(WaitingForPerson, match="step 1, stop the writers") as waiting:
        run.result()
    assert waiting.value.hint == f"slackwater runs confirm {run.id} STEP"
    run.confirm("1", who="ann")
    assert run.result().state is RunState.SUCCEEDED
    said = [event for event in fleet.ledger.events(run.id) if event.kind == "confirmed"]
    assert [event.data["who"] for event in said] == ["ann"]
