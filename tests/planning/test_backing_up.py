"""How long a tool keeps what it is asked to make. The rest is tested through the Python API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slackwater.model.policy import Policy
from slackwater.planning.backing_up import keep_for

from .points import NOON


def policy(**rules: object) -> Policy:
    protect = [{"namespaces": "tier=gold"}]
    return Policy.model_validate({"name": "p", "clusters": "", "protect": protect, **rules})


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ({"keep": {"daily": 7}}, 7 + 30),
        ({"keep": {"last": 3, "weekly": 4}}, 28 + 30),
        ({"keep": {"last": 3}, "schedule": {"cron": "0 3 * * *"}}, 3 + 30),
        ({"keep": {"within": "90d"}}, 90 + 30),
    ],
)
def test_the_longest_horizon_of_the_keep_rule_and_thirty_days(rules, days: int) -> None:
    assert keep_for(policy(**rules), NOON) == timedelta(days=days)


def test_without_a_keep_rule_the_tool_s_own_default_holds() -> None:
    assert keep_for(policy(), NOON) is None
    assert keep_for(None, NOON) is None
