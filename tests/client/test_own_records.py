"""What backup tools keep for themselves in a target: in nobody's way, and never lost unsaid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slackwater import Fleet
from slackwater.errors import PlanChanged
from slackwater.model.finding import Severity
from slackwater.model.restore_plan import RestorePlan
from slackwater.planning.revalidation import require_unchanged
from slackwater.testing.kubernetes_api import Refuse, Rule

from .stage import Stage, drive

POINTS, STORAGE = "points.memory.test", "storage.memory.test"
"""The in-memory tool has all of the first group for itself, and ``images`` of the second."""


@pytest.fixture
def saved(stage: Stage) -> Stage:
    """``eu/shop`` is in a recovery point; ``dr`` serves what a tool keeps its books in."""
    stage.put("eu", "shop", tier="gold")
    with stage.open() as fleet:
        drive(fleet.backup("gold"))
    for group, plural, kind in (
        (POINTS, "points", "Point"),
        (STORAGE, "images", "Image"),
        (STORAGE, "pools", "Pool"),
    ):
        stage.apis["dr"].create(_definition(group, plural, kind))
    return stage


@pytest.fixture
def fleet(saved: Stage) -> Iterator[Fleet]:
    with saved.open() as fleet:
        yield fleet


def _definition(group: str, plural: str, kind: str) -> dict[str, object]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"plural": plural, "kind": kind},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def keep(stage: Stage, group: str, kind: str, name: str) -> None:
    about = {"name": name, "namespace": "shop"}
    stage.apis["dr"].create({"apiVersion": f"{group}/v1", "kind": kind, "metadata": about})


def codes(plan: RestorePlan) -> list[str]:
    return [finding.code for finding in plan.findings]


def test_a_namespace_with_nothing_but_own_records_is_empty(saved: Stage, fleet: Fleet) -> None:
    saved.put("dr", "shop", objects=0)
    keep(saved, POINTS, "Point", "nightly-1")
    keep(saved, STORAGE, "Image", "image-1")
    plan = fleet.plan(at="now", policy="gold", to="dr")
    assert (plan.blocked, codes(plan)) == (False, [])
    assert not any(step.own == "delete-namespace" for step in plan.steps)


def test_what_a_person_made_is_not_hidden_by_them(saved: Stage, fleet: Fleet) -> None:
    saved.put("dr", "shop", objects=0)
    keep(saved, POINTS, "Point", "nightly-1")
    keep(saved, STORAGE, "Pool", "theirs")
    plan = fleet.plan(at="now", policy="gold", to="dr")
    (found,) = [finding for finding in plan.findings if finding.code == "exists"]
    assert found.message == f"shop exists with 1 object: refused (1 pools.{STORAGE})"


@pytest.mark.parametrize("replace", [False, True])
def test_a_tool_that_went_on_with_its_books_changes_no_plan(
    saved: Stage, fleet: Fleet, replace: bool
) -> None:
    saved.put("dr", "shop", objects=3 if replace else 0)
    plan = fleet.plan(at="now", policy="gold", to="dr", replace=replace)
    keep(saved, POINTS, "Point", "made-since")
    if not replace:
        keep(saved, STORAGE, "Image", "made-since")
    require_unchanged(plan, fleet.connections)


def test_what_may_be_lost_with_a_namespace_is_told_before_it_is_deleted(
    saved: Stage, fleet: Fleet
) -> None:
    saved.put("dr", "shop")
    keep(saved, POINTS, "Point", "nightly-1")
    keep(saved, STORAGE, "Image", "image-1")
    plan = fleet.plan(at="now", policy="gold", to="dr", replace=True)
    (found,) = [finding for finding in plan.findings if finding.code == "records-go-too"]
    assert found.severity is Severity.WARNING
    assert f"1 images.{STORAGE} (image-1, …)" in found.message
    (deletion,) = [step for step in plan.steps if step.own == "delete-namespace"]
    assert f"deletes 1 images.{STORAGE} there, which backup tools keep" in deletion.act.effects
    keep(saved, STORAGE, "Image", "made-since")
    with pytest.raises(PlanChanged, match="dr/shop has 5 objects now, 4 when"):
        require_unchanged(plan, fleet.connections)


def test_as_many_others_are_a_change_too(saved: Stage, fleet: Fleet) -> None:
    saved.put("dr", "shop")
    plan = fleet.plan(at="now", policy="gold", to="dr", replace=True)
    saved.apis["dr"].delete("configmaps", "settings-0", "shop")
    keep(saved, STORAGE, "Pool", "theirs")
    with pytest.raises(PlanChanged, match="dr/shop has other objects now than when"):
        require_unchanged(plan, fleet.connections)


def test_a_tool_that_is_down_blocks_no_other_by_its_books(saved: Stage, fleet: Fleet) -> None:
    saved.put("dr", "shop", objects=0)
    saved.servers["dr"].faults.add("*", f"/apis/{POINTS}", Refuse(503), times=None)
    plan = fleet.plan(at="now", policy="gold", to="dr")
    assert (plan.blocked, codes(plan)) == (False, [])


def test_records_that_may_be_lost_are_not_taken_for_none_where_nobody_may_look(
    saved: Stage, fleet: Fleet
) -> None:
    saved.put("dr", "shop", objects=0)
    looking = Rule(("get", "list"), ("namespaces", "configmaps", "pods"), ("",))
    saved.servers["dr"].rights("token-of-dr", looking, user="somebody")
    plan = fleet.plan(at="now", policy="gold", to="dr")
    (found,) = [finding for finding in plan.findings if finding.code == "not-allowed-to-look"]
    assert f"images.{STORAGE}" in found.message
    assert f"points.{POINTS}" not in found.message
