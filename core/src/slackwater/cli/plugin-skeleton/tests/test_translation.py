"""What the tool says in, the model out."""

from __future__ import annotations

import pytest

from slackwater.model.operation import Phase
from slackwater_skeleton.tool import Told
from slackwater_skeleton.translation import recovery_point

TOLD = {"name": "nightly-1", "namespace": "shop", "state": "done", "began": "2026-11-21T13:00:00Z"}


def translated(**changes):
    told = Told.model_validate({**TOLD, **changes})
    return recovery_point(told, "https://skeleton.example", "prod-eu")


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("waiting", Phase.PENDING),
        ("running", Phase.RUNNING),
        ("done", Phase.SUCCEEDED),
        ("failed", Phase.FAILED),
        ("marinating", Phase.UNKNOWN),
    ],
)
def test_every_state_has_its_phase_and_a_new_one_is_unknown(state, phase):
    assert (translated(state=state).phase, translated(state=state).tool_phase) == (phase, state)


def test_what_nobody_has_looked_at_is_not_known():
    assert translated().contents is None
    assert translated(objects=2).contents.objects == {"shop": 2}


def test_where_a_point_comes_from_is_not_made_up():
    assert translated().origin == ""
