"""Two terminals at one ledger: one executes, the other follows and takes over."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slackwater.errors import TargetBusy
from slackwater.model.act import ActKind
from slackwater.model.run import RunState

from .scripted_tool import Stage, request, step
from .waiting import eventually, in_a_thread

PROGRAM = Path(__file__).with_name("another_terminal.py")


@pytest.fixture
def terminals(tmp_path):
    started = []

    def start(run):
        command = [sys.executable, str(PROGRAM), str(tmp_path), run]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def attempts(stage, run="r1"):
    return sum(record.attempt for record in stage.ledger.run(run).steps)


def test_another_process_has_its_run_executed_by_the_one_that_holds_the_lock(stage, tmp_path):
    stage.runs().submit(request(step("long", gate="end")))
    with Stage(tmp_path) as other, in_a_thread(lambda: stage.runs().drive("r1")) as first:
        eventually(lambda: attempts(stage))
        other.runs().submit(request(step("quick"), run="r2"))
        assert other.runs().drive("r2").state is RunState.SUCCEEDED
        assert not other.tools  # it only followed
        stage.open_gate("end")
    assert first[0].state is RunState.SUCCEEDED


def test_a_follower_takes_over_when_the_holder_is_killed(stage, terminals):
    stage.runs().submit(request(step("long", gate="end"), step("next", needs=("long",))))
    holder = terminals("r1")
    eventually(lambda: stage.ledger.run("r1").steps[0].ref)
    follower = terminals("r1")
    eventually(lambda: stage.runs().driven())
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    stage.open_gate("end")
    assert follower.communicate(timeout=60)[0].strip() == "succeeded"
    assert len(stage.effects()["operations"]) == 2


def test_the_holder_leaves_when_its_own_run_has_ended_and_the_follower_goes_on(stage, tmp_path):
    stage.runs().submit(request(step("short", gate="end-of-first")))
    with Stage(tmp_path) as other, in_a_thread(lambda: stage.runs().drive("r1")) as first:
        eventually(lambda: attempts(stage))
        performed = step("upload", kind=ActKind.PERFORMED, gate="end-of-second")
        other.runs().submit(request(performed, run="r2"))
        with in_a_thread(lambda: other.runs().drive("r2")) as second:
            eventually(lambda: attempts(stage, "r2"))
            stage.open_gate("end-of-first")
            eventually(lambda: first)
            eventually(lambda: attempts(stage, "r2") == 2)  # repeated by the one who stayed
            stage.open_gate("end-of-second")
    assert second[0].state is RunState.SUCCEEDED
    assert len(stage.effects()["performed"]) == 1


def test_runs_left_behind_by_the_dead_are_executed_too(stage):
    stage.runs().submit(request(step("orphan"), run="orphan"))
    stage.runs().submit(request(step("mine", gate="end")))
    with in_a_thread(lambda: stage.runs().drive("r1")):
        eventually(lambda: stage.ledger.run("orphan").state.ended)
        stage.open_gate("end")


def test_two_restores_into_one_target_do_not_run_at_once(stage):
    runs = stage.runs()
    runs.submit(request(step("a", writes=("eu/shop",)), run="first"))
    with pytest.raises(TargetBusy, match="first is writing into eu/shop") as refused:
        runs.submit(request(step("b", writes=("eu/shop", "eu/crm")), run="second"))
    assert "follow first" in refused.value.hint
    runs.submit(request(step("b", writes=("eu/crm",)), run="elsewhere"))
    runs.drive("first")
    assert runs.submit(request(step("b", writes=("eu/shop",)), run="second")).new


@pytest.mark.parametrize("place", ["eu", "eu/shop"])
def test_a_whole_cluster_is_as_busy_as_each_of_its_namespaces(stage, place):
    runs = stage.runs()
    runs.submit(request(step("a", writes=(place,)), run="first"))
    for other in ("eu", "eu/shop"):
        with pytest.raises(TargetBusy):
            runs.submit(request(step("b", writes=(other,)), run="second"))
    assert runs.submit(request(step("b", writes=("eu-2/shop",)), run="second")).new


def test_a_run_asked_for_twice_is_one(stage):
    runs = stage.runs()
    assert runs.submit(request(step("a"))).new
    runs.drive("r1")
    again = runs.submit(request(step("a")))
    assert not again.new
    assert again.run.state is RunState.SUCCEEDED


def test_following_yields_each_event_once_in_order(stage, tmp_path):
    stage.runs().submit(request(step("a"), step("b", needs=("a",))))
    with Stage(tmp_path) as other, in_a_thread(lambda: list(other.runs().follow("r1"))) as followed:
        stage.runs().drive("r1")
    numbers = [event.number for event in followed[0]]
    assert numbers == sorted(set(numbers))
    assert followed[0][0].kind == "asked"
    assert followed[0][-1].data["state"] == "succeeded"
    half = numbers[3]
    assert [e.number for e in stage.runs().follow("r1", since=half)] == numbers[4:]


def test_whoever_is_told_to_leave_leaves_what_has_begun(stage):
    stage.runs().submit(
        request(step("operated", gate="end"), step("performed", kind=ActKind.PERFORMED, gate="end"))
    )
    leave = threading.Event()
    with in_a_thread(lambda: stage.runs().drive("r1", leave=leave)) as left:
        eventually(lambda: stage.ledger.run("r1").steps[0].ref)
        leave.set()
    assert left[0].state is RunState.RUNNING
    assert [r.state for r in left[0].steps] == [RunState.RUNNING, RunState.RUNNING]
    stage.open_gate("end")
    assert stage.runs().resume("r1").state is RunState.SUCCEEDED
    assert [len(names) for names in stage.effects().values()] == [1, 1]


def test_an_interrupt_stops_the_driving_and_is_passed_on(stage):
    def interrupt(event):
        if event.step == "operated" and event.data.get("ref"):
            raise KeyboardInterrupt

    stage.runs().submit(request(step("operated")))
    with pytest.raises(KeyboardInterrupt):
        stage.runs(on_event=interrupt).drive("r1")
    assert not stage.runs().driven()
    assert stage.runs().resume("r1").state is RunState.SUCCEEDED
    assert len(stage.effects()["operations"]) == 1
