"""What follows a control plane in one plan: other clusters, other tools, steps that look again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slackwater import Fleet
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.run import RunState
from slackwater.model.step import OwnAct
from slackwater.testing.memory import Held, Mishap, Refusal

from .stage import Stage, drive
from .turning_back import acts, begin, chosen, go_on


def beside_eu(stage: Stage) -> Stage:
    """A third cluster, ``us``, with a namespace that is saved and then lost with its cluster."""
    stage.add_cluster("us", env="test")
    stage.world.show_store("us", "us-store")
    stage.put("us", "ledger")
    stage.put("dr", "wiki")
    with stage.open() as fleet:
        drive(fleet.backup(namespace=["ledger", "wiki"]))
        fleet.points()
        fleet.plan(at="now", namespace=["ledger", "wiki"])  # reads their contents
    return stage


def test_a_fleet_of_three_to_one_moment(kept: Stage) -> None:
    beside_eu(kept)
    kept.put("eu", "wrong")
    kept.world.put_namespace("dr", "wiki", {"configmaps/settings-0": {"data": {"n": "spoilt"}}})
    kept.stop("us")
    with kept.open() as fleet:
        plan = fleet.plan(
            at="now",
            cluster=["eu", "dr", "us"],
            namespace=["shop", "wiki", "ledger"],
            control_plane="eu",
            to={"us": "dr"},
            replace=True,
        )
        assert chosen(plan) == {
            "eu (control-plane)": ("eu (control-plane)", "memory-archive", False),
            "eu/shop": ("eu/shop", "memory-archive", True),
            "dr/wiki": ("dr/wiki", "memory", False),
            "us/ledger": ("dr/ledger", "memory", False),
        }
        assert not plan.blocked
        handle = begin(fleet, plan)
        states = {r.step.own or r.step.act.id: r.state for r in handle.now.steps}
        assert states["restore"] is RunState.SUCCEEDED, "the others do not wait for the person"
        go_on(handle)
        kept.show_what_stands("eu")
        run = go_on(handle)
    assert run.state is RunState.SUCCEEDED
    assert "wrong" not in kept.world.namespaces("eu")
    wiki, ledger = kept.held("dr", "wiki"), kept.held("dr", "ledger")
    assert wiki is not None
    assert ledger is not None
    assert (len(wiki.objects), len(ledger.objects)) == (3, 3)


@pytest.fixture
def into_eu(kept: Stage) -> Stage:
    """What ``us`` held is to come into ``eu``, whose control plane is turned back before."""
    return beside_eu(kept)


def plan_into_eu(fleet: Fleet, **more: Any) -> RestorePlan:
    wish = {"cluster": "us", "namespace": "ledger", "to": {"us": "eu"}, **more}
    return fleet.plan(at="now", control_plane="eu", **wish)


def test_later_steps_look_again_at_what_they_rest_on(into_eu: Stage) -> None:
    with into_eu.open() as fleet:
        plan = plan_into_eu(fleet)
        assert acts(plan)[-4:] == [OwnAct.LOOK_AGAIN, "show-store", "restore", "hide-store"]
        handle = begin(fleet, plan)
        go_on(handle)
        into_eu.show_what_stands("eu")
        assert go_on(handle).state is RunState.SUCCEEDED
    assert into_eu.held("eu", "ledger") is not None


def stands_again(stage: Stage) -> None:
    stage.put("eu", "ledger")


def gone(stage: Stage) -> None:
    with stage.world.open() as shelves:
        for key in shelves.all("point", Held):
            if key.startswith("us-store/"):
                shelves.remove("point", key)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (stands_again, "eu/ledger has 3 objects (3 configmaps) since the control plane was turned"),
        (gone, "is not in us-store"),
    ],
)
def test_a_later_step_that_cannot_bear_what_it_finds_fails_with_the_reason(
    into_eu: Stage, change: Callable[[Stage], None], words: str
) -> None:
    with into_eu.open() as fleet:
        handle = begin(fleet, plan_into_eu(fleet))
        go_on(handle)
        change(into_eu)
        run = go_on(handle)
    assert run.state is RunState.PARTIAL
    states = {r.step.own or r.step.act.id: (r.state, r.message) for r in run.steps}
    assert states[OwnAct.LIST_AGAIN][0] is RunState.SUCCEEDED
    assert states[OwnAct.LOOK_AGAIN][0] is RunState.FAILED
    assert words in states[OwnAct.LOOK_AGAIN][1]
    assert states["restore"][0] is RunState.SKIPPED


def test_a_tool_that_is_not_well_afterwards_stops_what_comes_later(into_eu: Stage) -> None:
    with into_eu.open() as fleet:
        handle = begin(fleet, plan_into_eu(fleet))
        go_on(handle)
        into_eu.world.misbehave(
            "eu", Mishap(refusal=Refusal.UNAVAILABLE, times=None, tool="memory")
        )
        run = go_on(handle)
    listed = next(r for r in run.steps if r.step.own is OwnAct.LIST_AGAIN)
    assert listed.state is RunState.FAILED
    assert run.steps[-1].state is RunState.SKIPPED
