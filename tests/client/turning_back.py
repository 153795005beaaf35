"""Turning a whole cluster back: a fleet whose control planes are kept, and how runs go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from slackwater import Fleet
from slackwater.client import RunHandle
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.run import Run, RunState
from slackwater.model.step import OwnAct
from slackwater.testing.memory import Volume

from .stage import Stage, drive

WHOLE: Mapping[str, Any] = {
    "whole": {
        "clusters": "env=prod",
        "protect": [
            {"namespaces": "tier=gold"},
            {"control-plane": "required"},
            {"cluster-objects": "if-possible"},
        ],
    }
}


@pytest.fixture
def kept(stage: Stage) -> Stage:
    """``eu`` with two namespaces and its control plane in one mark; more came into it later."""
    stage.keep_control_plane("eu", "dr")
    stage.change(policies=WHOLE)
    stage.put("eu", "shop", tier="gold", volumes=[Volume(claim="data", data="1")])
    stage.put("eu", "crm", tier="gold")
    stage.world.put_namespace("eu", "", {"ClusterRole/reader": {}})
    with stage.open() as fleet:
        assert drive(fleet.backup("whole", mark="noon")).state is RunState.SUCCEEDED
    stage.put("eu", "later")
    return stage


def acts(plan: RestorePlan) -> list[str]:
    return [step.own or step.act.id for step in plan.steps]


def codes(plan: RestorePlan) -> set[str]:
    return {finding.code for finding in plan.findings}


def said(plan: RestorePlan, code: str) -> str:
    return "; ".join(f.message + " → " + f.way_out for f in plan.findings if f.code == code)


def chosen(plan: RestorePlan) -> dict[str, tuple[str, str, bool]]:
    return {str(c.workload): (str(c.target), c.point.id.tool, c.covered) for c in plan.choices}


def waiting(run: Run) -> str:
    """The one step that waits for a person."""
    (step,) = [record.step.id for record in run.steps if record.state is RunState.WAITING]
    return step


def begin(fleet: Fleet, plan: RestorePlan) -> RunHandle:
    handle = fleet.restore(plan, confirm=plan.digest)
    drive(handle)
    return handle


def go_on(handle: RunHandle) -> Run:
    handle.confirm(waiting(handle.now), who="somebody")
    return drive(handle)


GUIDED = ["fetch", "stop-writers", "apply", "start-writers", OwnAct.LIST_AGAIN]
