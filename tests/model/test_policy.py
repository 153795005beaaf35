from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from slackwater.model.policy import Demand, Objectives, Policy, Protect
from slackwater.model.recovery_point import Requirement


def _policy(*protect: Protect, **fields) -> Policy:
    return Policy(name="gold", clusters="env=prod", protect=protect, **fields)


SHOP = Protect(namespaces=("shop", "team-*"))


def test_defaults():
    policy = _policy(SHOP)

    assert policy.tolerance == timedelta(minutes=15)
    assert policy.fallback is False
    assert policy.objectives == Objectives()
    assert (policy.schedule, policy.keep, policy.prefer) == (None, None, ())


def test_clusters_are_selected_by_label():
    policy = _policy(SHOP)

    assert policy.selects({"env": "prod"})
    assert not policy.selects({"env": "test"})
    assert _policy(SHOP).model_copy(update={"clusters": ""}).selects({})


@pytest.mark.parametrize(
    ("namespaces", "exclude", "wanted"),
    [
        (["shop"], (), {"shop"}),
        (["team-*"], (), {"team-a", "team-b"}),
        (["*"], ["team-b", "sh*"], {"team-a"}),
        ("tier=gold", (), {"shop", "team-a"}),
        ("tier=gold", "team", {"shop"}),
        ("", (), {"shop", "team-a", "team-b"}),
        (["*"], "tier=gold", {"team-b"}),
    ],
)
def test_namespaces_are_chosen_by_name_or_by_label(namespaces, exclude, wanted):
    item = Protect(namespaces=namespaces, exclude=exclude)
    there = {
        "shop": {"tier": "gold"},
        "team-a": {"tier": "gold", "team": "a"},
        "team-b": {"team": "b"},
    }

    assert {name for name, labels in there.items() if item.wants(name, labels)} == wanted


def test_objects_and_volumes_are_required_unless_said_otherwise():
    assert _policy(SHOP).required_of("shop", {}) == (Requirement.OBJECTS, Requirement.VOLUMES)


def test_requirements_of_all_items_hold_together():
    policy = _policy(
        Protect(namespaces=["*"], require=["objects"]),
        Protect(namespaces=["shop"], require=["off-cluster", "objects"]),
    )

    assert policy.required_of("shop", {}) == (Requirement.OBJECTS, Requirement.OFF_CLUSTER)
    assert policy.required_of("crm", {}) == (Requirement.OBJECTS,)


def test_a_namespace_of_no_item_is_not_protected():
    assert _policy(SHOP).required_of("crm", {}) is None
    assert _policy(Protect(control_plane="required")).required_of("shop", {}) is None


def test_the_strictest_demand_holds():
    policy = _policy(
        Protect(control_plane="if-possible"),
        Protect.model_validate({"control-plane": "required"}),
        Protect(cluster_objects="if-possible"),
    )

    assert policy.control_plane is Demand.REQUIRED
    assert policy.cluster_objects is Demand.IF_POSSIBLE
    assert _policy(SHOP).control_plane is None


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({}, "expected one of namespaces, control-plane, cluster-objects"),
        (
            {"namespaces": ["a"], "control-plane": "required"},
            "expected one of namespaces, control-plane, cluster-objects",
        ),
        (
            {"control-plane": "required", "require": ["objects"]},
            "require and exclude go with namespaces only",
        ),
        ({"namespaces": []}, "an empty list of namespaces protects nothing"),
        ({"namespaces": "*"}, 'names are written as a list: ["*"]'),
        ({"namespaces": "a=("}, "this is no selector"),
        ({"namespaces": ["Shop"]}, "expected a selector such as"),
        ({"namespaces": [1]}, "expected a selector such as"),
        ({"namespaces": 5}, "expected a selector such as"),
        ({"namespaces": ["a"], "require": []}, "at least 1 item"),
    ],
)
def test_an_item_that_says_nothing_or_two_things_is_refused(item, message):
    with pytest.raises(ValidationError) as caught:
        Protect.model_validate(item)

    assert message in str(caught.value)


def test_a_policy_protects_something():
    with pytest.raises(ValidationError):
        _policy()


def test_a_policy_survives_json():
    policy = _policy(
        Protect(namespaces="tier=gold", exclude=["a"], require=["off-cluster"]),
        Protect(control_plane="required"),
        schedule={"cron": "0 2 * * *", "jitter": "5m", "window": "22:00-06:00"},
        keep={"daily": 7, "within": "36h"},
        objectives={"rpo": "1d", "rto": "30m"},
    )

    assert Policy.model_validate_json(policy.model_dump_json()) == policy
