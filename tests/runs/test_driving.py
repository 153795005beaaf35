"""What happens to runs while they are driven: order, limits, retries, time-outs, cancelling."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta

import pytest

from slackwater.errors import LedgerError, RunError, RunNotFound
from slackwater.ledger import Ledger
from slackwater.model.act import ActKind
from slackwater.model.restore_plan import Pin
from slackwater.model.run import RunKind, RunState
from slackwater.runs import Runs

from .scripted_tool import QUICK, Stage, request, states, step, workload
from .waiting import eventually, in_a_thread

PERFORMED, PERSON = ActKind.PERFORMED, ActKind.PERSON


def drive(stage, *steps, timing=QUICK, **given):
    runs = stage.runs(timing)
    runs.submit(request(*steps, **given))
    return runs.drive("r1")


def record(run, name):
    return next(record for record in run.steps if record.step.id == name)


def order(stage, what="running"):
    told = stage.ledger.events("r1")
    return [e.step for e in told if e.data.get("state") == what and e.data.get("attempt") == 1]


def test_steps_wait_for_what_they_need_and_for_nothing_else(stage):
    run = drive(stage, step("c", needs=("a", "b")), step("b", needs=("a",)), step("a"))
    assert run.state is RunState.SUCCEEDED
    assert list(dict.fromkeys(order(stage))) == ["a", "b", "c"]


def test_performed_acts_run_side_by_side(stage):
    stage.runs().submit(request(*(step(n, kind=PERFORMED, gate="end") for n in "abcd")))
    with in_a_thread(lambda: stage.runs().drive("r1")):
        eventually(lambda: stage.backend("eu", "tool").running == 4)
        stage.open_gate("end")


def test_a_tools_own_limit_holds_over_all_runs(stage):
    stage.backend("eu", "tool").limits = {"uploads": 2}
    for name in ("r1", "r2"):
        steps = [step(f"{name}{n}", kind=PERFORMED, limit="uploads") for n in range(4)]
        stage.runs().submit(request(*steps, run=name))
    stage.runs().submit(request(step("last", needs=()), run="r3"))
    stage.runs().drive("r1")
    stage.runs().drive("r2")
    assert stage.backend("eu", "tool").most <= 2
    assert stage.ledger.run("r2").state is RunState.SUCCEEDED


def test_operations_are_counted_against_the_limit_until_they_end(stage):
    stage.backend("eu", "tool").limits = {"restores": 1}
    here = {"limit": "restores", "gate": "end"}
    stage.runs().submit(request(step("a", **here), step("b", **here), step("us", cluster="us")))
    with in_a_thread(lambda: stage.runs().drive("r1")) as came:
        eventually(lambda: record(stage.ledger.run("r1"), "us").state.ended)
        assert record(stage.ledger.run("r1"), "b").state is RunState.PENDING
        stage.open_gate("end")
    assert came[0].state is RunState.SUCCEEDED


def test_where_a_tool_cannot_say_its_limit_one_act_runs_at_a_time(stage):
    def fail():
        raise PermissionError("not described")

    stage.backend("eu", "tool").describe = fail
    run = drive(stage, *(step(n, kind=PERFORMED, limit="uploads") for n in "abc"))
    assert run.state is RunState.SUCCEEDED
    assert stage.backend("eu", "tool").most == 1


@pytest.mark.parametrize("kind", [ActKind.OPERATED, PERFORMED])
def test_what_fails_in_passing_is_tried_again_under_the_same_key(stage, kind):
    run = drive(stage, step("a", kind=kind, stumbles=3))
    assert run.state is RunState.SUCCEEDED
    assert (record(run, "a").attempt, record(run, "a").generation) == (4, 1)
    assert sum(len(names) for names in stage.effects().values()) == 1


def test_patience_with_what_fails_in_passing_has_an_end(stage):
    timing = dataclasses.replace(QUICK, patience=0.05)
    run = drive(stage, step("a", stumbles=10**6), timing=timing)
    assert run.state is RunState.FAILED
    assert "given up after" in record(run, "a").message
    assert "not to be had" in record(run, "a").message


def test_a_failure_worth_another_try_gets_a_new_name(stage):
    run = drive(stage, step("a", fails=2))
    assert run.state is RunState.SUCCEEDED
    assert record(run, "a").generation == 3
    assert len(stage.effects()["operations"]) == 3


def test_new_names_are_tried_a_few_times_only(stage):
    run = drive(stage, step("a", fails=10))
    assert run.state is RunState.FAILED
    assert len(stage.effects()["operations"]) == QUICK.generations


def test_a_failure_not_worth_another_try_ends_the_step_with_the_tools_own_words(stage):
    run = drive(stage, step("a", phases=["running", "failed"]))
    failed = record(run, "a")
    assert (run.state, failed.state, failed.generation) == (RunState.FAILED, RunState.FAILED, 1)
    assert failed.message == "broken by script"
    assert failed.result["explanation"]["native_command"] == "tool logs"
    assert run.message == "a: broken by script"


def test_a_refusal_ends_the_step_at_once(stage):
    run = drive(stage, step("a", error="no right to do this"), step("b", needs=("a",)))
    assert states(run) == {"a": "failed", "b": "skipped"}
    assert record(run, "a").message == "no right to do this"
    assert record(run, "b").message == "a: failed"


def test_a_mistake_in_a_plugin_ends_its_step_and_no_more(stage):
    stage.backend("us", "tool").start = lambda act, key: {}["nothing"]
    run = drive(stage, step("a", cluster="us"), step("b"))
    assert states(run) == {"a": "failed", "b": "succeeded"}
    assert "unexpected KeyError" in record(run, "a").message


def test_partly_succeeded_and_failed_are_kept_apart_and_the_first_lets_go_on(stage):
    run = drive(stage, step("a", phases=["partially succeeded"]), step("b", needs=("a",)))
    assert states(run) == {"a": "partial", "b": "succeeded"}
    assert run.state is RunState.PARTIAL


def test_unknown_states_are_waited_for(stage):
    run = drive(stage, step("a", phases=["unknown", "unknown", "running", "succeeded"]))
    assert run.state is RunState.SUCCEEDED


def test_unknown_is_never_success_and_ends_with_the_time_out(stage):
    run = drive(stage, step("a", phases=["unknown"], timeout=0.05))
    assert run.state is RunState.FAILED
    assert "no end after" in record(run, "a").message
    assert "UNKNOWN" in record(run, "a").message
    assert list((stage.world_folder / "operations").glob("*.cancelled"))


def test_an_operation_that_ended_while_nobody_drove_is_no_time_out(stage):
    leave = threading.Event()
    runs = stage.runs()
    runs.submit(request(step("a", gate="end", timeout=3600.0)))
    with in_a_thread(lambda: runs.drive("r1", leave=leave)) as _:
        eventually(lambda: stage.ledger.run("r1").steps[0].ref)
        leave.set()
    stage.open_gate("end")
    later = stage.clock() + timedelta(days=2)
    stage.clock = lambda: later
    stage.world_folder.joinpath("counts", f"looks-{stage.effects()['operations'][0]}").write_text(
        "..."
    )
    assert stage.runs().drive("r1").state is RunState.SUCCEEDED


def test_a_performed_act_is_stopped_by_its_time_out(stage):
    run = drive(stage, step("a", kind=PERFORMED, gate="never", timeout=0.05))
    assert run.state is RunState.FAILED
    assert "no end after" in record(run, "a").message


def test_an_operation_that_is_gone_after_it_was_seen_has_failed(stage):
    stage.runs().submit(request(step("a", gate="never")))
    with in_a_thread(lambda: stage.runs().drive("r1")) as came:
        eventually(lambda: stage.ledger.run("r1").steps[0].tool_phase)
        (stage.world_folder / "operations" / stage.effects()["operations"][0]).unlink()
    assert came[0].state is RunState.FAILED
    assert "is gone; it was last seen as RUNNING" in record(came[0], "a").message


def test_an_operation_may_be_invisible_for_a_while_after_its_start(stage):
    tool = stage.backend("eu", "tool")
    see, looks = tool.get_operations, []

    def late(refs):
        looks.append(refs)
        return see(refs) if len(looks) > 2 else {}

    tool.get_operations = late
    timing = dataclasses.replace(QUICK, appear=30.0)
    assert drive(stage, step("a"), timing=timing).state is RunState.SUCCEEDED


def test_an_operation_that_never_appears_has_failed(stage):
    stage.backend("eu", "tool").get_operations = lambda refs: {}
    run = drive(stage, step("a"))
    assert "never appeared" in record(run, "a").message


def test_operations_of_one_backend_are_looked_at_together(stage):
    tool = stage.backend("eu", "tool")
    see, looks = tool.get_operations, []
    tool.get_operations = lambda refs: looks.append(len(refs)) or see(refs)
    drive(stage, *(step(f"s{n}", phases=["running"] * 3 + ["succeeded"]) for n in range(20)))
    assert max(looks) > 10
    assert len(looks) < 40


def test_trouble_in_looking_says_nothing_about_the_operation(stage):
    tool = stage.backend("eu", "tool")
    see, looks = tool.get_operations, []

    def refuse(refs):
        looks.append(refs)
        if len(looks) < 4:
            raise PermissionError("the token has expired")
        return see(refs)

    tool.get_operations = refuse
    assert drive(stage, step("a")).state is RunState.SUCCEEDED


def test_a_person_is_waited_for_and_nothing_else_is(stage):
    runs = stage.runs()
    runs.submit(request(step("stop", kind=PERSON), step("a"), step("b", needs=("stop",))))
    run = runs.drive("r1")
    assert run.state is RunState.WAITING
    assert states(run) == {"stop": "waiting for a person", "a": "succeeded", "b": "pending"}
    runs.confirm("r1", "stop", "ada")
    run = runs.drive("r1")
    assert run.state is RunState.SUCCEEDED
    assert record(run, "stop").result == {"confirmed_by": "ada"}


def test_nobody_can_confirm_what_does_not_ask(stage):
    run = drive(stage, step("a"), step("stop", kind=PERSON, needs=("a",)))
    assert run.state is RunState.WAITING
    with pytest.raises(RunError, match=r"waits for nobody .*stop"):
        stage.runs().confirm("r1", "a", "ada")


def test_cancelling_stops_what_runs_skips_the_rest_and_cleans_up(stage):
    runs = stage.runs()
    runs.submit(
        request(
            step("operated", gate="never"),
            step("performed", kind=PERFORMED, gate="never"),
            step("stop", kind=PERSON),
            step("next", needs=("operated",)),
            step("clean", always=True, needs=("operated", "performed"), kind=PERFORMED),
            step("clean-nothing", always=True, needs=("next",)),
        )
    )
    with in_a_thread(lambda: runs.drive("r1")) as came:
        eventually(lambda: stage.ledger.run("r1").steps[0].ref)
        eventually(lambda: stage.backend("eu", "tool").running)
        stage.runs().cancel("r1")
    assert came[0].state is RunState.CANCELLED
    assert states(came[0]) == {
        "operated": "cancelled",
        "performed": "cancelled",
        "stop": "cancelled",
        "next": "skipped",
        "clean": "succeeded",
        "clean-nothing": "skipped",
    }


def test_what_a_tool_takes_back_by_removing_it_was_cancelled(stage):
    runs = stage.runs()
    runs.submit(request(step("a", gate="never", waits=True), step("b", needs=("a",))))
    with in_a_thread(lambda: runs.drive("r1")) as came:
        eventually(lambda: record(stage.ledger.run("r1"), "a").tool_phase)
        runs.cancel("r1")
    assert states(came[0]) == {"a": "cancelled", "b": "skipped"}
    assert came[0].state is RunState.CANCELLED


def test_what_cannot_be_cancelled_is_waited_for_before_the_clean_up(stage):
    runs = stage.runs()
    runs.submit(
        request(
            step("a", gate="end", refuses=True),
            step("b", needs=("a",)),
            step("clean", always=True, needs=("a",)),
        )
    )
    with in_a_thread(lambda: runs.drive("r1")) as came:
        eventually(lambda: stage.ledger.run("r1").steps[0].ref)
        runs.cancel("r1")
        eventually(lambda: record(stage.ledger.run("r1"), "b").state is RunState.SKIPPED)
        assert record(stage.ledger.run("r1"), "clean").state is RunState.PENDING
        stage.open_gate("end")
    assert states(came[0]) == {"a": "succeeded", "b": "skipped", "clean": "succeeded"}
    assert came[0].state is RunState.CANCELLED


def test_nothing_is_started_for_a_run_cancelled_before_anybody_drove_it(stage):
    runs = stage.runs()
    runs.submit(request(step("a"), step("clean", always=True, needs=("a",))))
    runs.cancel("r1")
    run = runs.drive("r1")
    assert run.state is RunState.CANCELLED
    assert stage.effects() == {"operations": [], "performed": []}


def test_a_run_waiting_for_a_person_can_be_cancelled(stage):
    runs = stage.runs()
    runs.submit(request(step("stop", kind=PERSON)))
    assert runs.drive("r1").state is RunState.WAITING
    runs.cancel("r1")
    assert runs.drive("r1").state is RunState.CANCELLED


def test_an_ended_run_can_neither_be_resumed_nor_cancelled(stage):
    runs = stage.runs()
    drive(stage, step("a"))
    with pytest.raises(RunError, match="nothing to resume") as refused:
        runs.resume("r1")
    assert "runs show r1" in refused.value.hint
    with pytest.raises(RunError, match="has ended: succeeded"):
        runs.cancel("r1")
    assert runs.drive("r1").state is RunState.SUCCEEDED


def test_an_unknown_run_is_said_to_be_unknown(stage):
    for act in (stage.runs().drive, stage.runs().cancel, stage.runs().resume):
        with pytest.raises(RunNotFound, match="no run nowhere"):
            act("nowhere")
    with pytest.raises(RunNotFound):
        list(stage.runs().follow("nowhere"))


def test_nothing_is_done_in_another_cluster_than_the_pinned_one(stage):
    pin = Pin(cluster="eu", url="https://eu", ca_hash="ca", uid="uid-eu")
    stage.world_folder.joinpath("eu.moved").touch()
    run = drive(stage, step("a"), step("b", kind=PERFORMED), step("us", cluster="us"), pins=(pin,))
    assert states(run) == {"a": "failed", "b": "failed", "us": "succeeded"}
    assert "is another cluster now" in record(run, "a").message
    assert stage.effects()["performed"] == []
    assert len(stage.effects()["operations"]) == 1


def test_a_failing_observer_touches_no_run(stage, caplog):
    def fail(event):
        raise ValueError("observer")

    stage.runs().submit(request(step("a")))
    assert stage.runs(on_event=fail).drive("r1").state is RunState.SUCCEEDED
    assert "an observer of runs failed" in caplog.text


def test_progress_of_performed_acts_is_told(stage):
    stage.runs().submit(request(step("a", kind=PERFORMED, gate="end")))
    with in_a_thread(lambda: stage.runs().drive("r1")):
        told = eventually(lambda: [e for e in stage.ledger.events("r1") if e.kind == "progress"])
        stage.open_gate("end")
    assert told[0].data == {"done": 1, "total": 2, "unit": "objects", "tool_phase": ""}


def test_a_backup_of_several_workloads_of_which_one_fails_is_partial(stage):
    run = drive(
        stage,
        step("a", workload=workload("shop")),
        step("b", workload=workload("crm"), phases=["failed"]),
        kind=RunKind.BACKUP,
    )
    assert run.state is RunState.PARTIAL


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((step("a"), step("a")), "same id"),
        ((step("a", needs=("b",)),), "no such steps: b"),
        ((step("a", needs=("b",)), step("b", needs=("a",))), "need each other"),
    ],
)
def test_what_is_no_graph_is_refused(stage, steps, said):
    with pytest.raises(RunError, match=said):
        stage.runs().submit(request(*steps))
    assert stage.ledger.runs() == ()


def test_a_full_disk_ends_the_driving_and_loses_nothing(stage, tmp_path):
    def fill(event):
        if event.step == "s40" and event.data.get("ref"):
            with stage.ledger.database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA max_page_count = 1")

    stage.runs().submit(request(*(step(f"s{n}", fails=1) for n in range(80))))
    with pytest.raises(LedgerError, match="the disk is full"):
        stage.runs(on_event=fill).drive("r1")
    with Stage(tmp_path) as later:
        assert later.runs().resume("r1").state is RunState.SUCCEEDED
        assert len(later.effects()["operations"]) == 160


def test_a_run_is_followed_on_a_ledger_that_can_only_be_read(stage):
    drive(stage, step("a"))
    with Ledger.open(stage.ledger.path, clock=stage.clock, read_only=True) as reading:
        runs = Runs(reading, stage, stage.clock)
        assert [event.kind for event in runs.follow("r1")][-1] == "run"
        assert runs.drive("r1").state is RunState.SUCCEEDED
        with pytest.raises(LedgerError, match="is read-only"):
            runs.submit(request(step("b"), run="r2"))
