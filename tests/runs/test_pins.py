"""Which cluster is it, when its API server is down because the step is about it?"""

from __future__ import annotations

import pytest

from slackwater.model.act import ActKind
from slackwater.model.restore_plan import Pin
from slackwater.model.run import RunState
from slackwater.model.step import OwnAct
from slackwater.runs import Timing

from .scripted_tool import request, states, step

HASTY = Timing(follow=0.01, again_first=0.002, again_longest=0.01, patience=0.05, identity=0.0)
PIN = Pin(cluster="eu", url="https://eu", ca_hash="ca", uid="uid-eu", control_plane="old")
UNSEEN = PIN.model_copy(update={"ca_hash": "", "control_plane": "", "seen": False})


def performed(name, **given):
    return step(name, kind=ActKind.PERFORMED, **given)


def apart(name, **given):
    """A step that is about the control plane."""
    return performed(name, without_api=True, **given)


def check():
    return apart("check", own=OwnAct.CHECK_TARGET, tool="")


def drive(stage, *steps, pin=PIN):
    runs = stage.runs(HASTY)
    runs.submit(request(*steps, pins=(pin,)))
    return runs.drive("r1")


def said(run, name):
    return next(record.message for record in run.steps if record.step.id == name)


@pytest.fixture
def down(stage):
    stage.set_api(up=False)
    return stage


def test_only_what_may_do_without_the_api_server_does(down):
    down.put_store("old")
    run = drive(down, apart("a"), performed("b"))
    assert states(run) == {"a": "succeeded", "b": "failed"}
    assert "eu is down" in said(run, "b")


def test_the_store_must_be_the_pinned_one(down):
    down.put_store("somebody else's")
    run = drive(down, apart("a"))
    assert run.state is RunState.FAILED
    assert "its store was old, is somebody else's" in said(run, "a")
    assert down.effects()["performed"] == []


def test_it_must_be_so_though_the_api_server_answers(stage):
    stage.put_store("somebody else's")
    run = drive(stage, apart("a"), performed("b"))
    assert states(run) == {"a": "failed", "b": "succeeded"}


def test_or_the_one_that_this_run_said_it_would_make(down):
    down.put_store("old")
    run = drive(
        down,
        apart("prepare", announces="new"),
        apart("swap", needs=("prepare",), restores="new"),
        apart("look", needs=("swap",)),
        apart("strange", needs=("look",), restores="another"),
        apart("never", needs=("strange",)),
    )
    assert [record.state.value for record in run.steps] == ["succeeded"] * 4 + ["failed"]


def test_where_nothing_answers_nothing_is_done(down):
    run = drive(down, apart("a"))
    assert "neither its API server nor the store of its control plane answers" in said(run, "a")
    assert down.effects()["performed"] == []


def test_but_what_was_checked_in_this_run_may_be_stopped_by_it(down):
    down.put_store("old")
    first = drive(
        down,
        check(),
        step("stop", kind=ActKind.PERSON, needs=("check",)),
        apart("swap", needs=("stop",)),
    )
    assert first.state is RunState.WAITING
    (down.world_folder / "eu.store").unlink()
    runs = down.runs(HASTY)
    runs.confirm("r1", "stop", "ada")
    assert runs.drive("r1").state is RunState.SUCCEEDED


def test_or_what_a_person_has_looked_at(down):
    runs = down.runs(HASTY)
    steps = (step("hosts", kind=ActKind.PERSON), apart("a", needs=("hosts",)))
    runs.submit(request(*steps, pins=(UNSEEN,)))
    assert runs.drive("r1").state is RunState.WAITING
    runs.confirm("r1", "hosts", "ada")
    assert runs.drive("r1").state is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, "succeeded"),
        ({"ca_hash": "ca"}, "succeeded"),
        ({"uid": ""}, "succeeded"),
        ({"uid": "uid-us"}, "failed"),
        ({"ca_hash": "that of us"}, "failed"),
    ],
)
def test_an_api_server_that_was_not_seen_is_compared_as_soon_as_it_answers(stage, known, state):
    pin = UNSEEN.model_copy(update=known)
    assert states(drive(stage, performed("a"), pin=pin)) == {"a": state}
