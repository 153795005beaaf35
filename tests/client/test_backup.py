"""Backups: by policy and by hand, with a mark, and what becomes of parts that fail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slackwater.errors import BlockedByFinding, ConfigurationError
from slackwater.model.run import RunState
from slackwater.testing.memory import Mishap, Outcome, Refusal, Volume, Word

from .stage import Stage, drive


@pytest.fixture
def furnished(stage: Stage) -> Stage:
    stage.put("eu", "shop", tier="gold", volumes=[Volume(claim="data", data="1")])
    stage.put("eu", "crm", tier="gold")
    stage.put("eu", "books", tier="silver")
    return stage


def held(stage: Stage) -> dict[str, str]:
    """Which namespace each point covers."""
    with stage.open() as fleet:
        return {p.name: ",".join(p.scope.namespaces) for p in fleet.points().points}


def test_a_policy_backs_up_what_it_protects_and_nothing_else(furnished: Stage) -> None:
    with furnished.open() as fleet:
        run = drive(fleet.backup("gold"))
    assert run.state is RunState.SUCCEEDED
    assert sorted(held(furnished).values()) == ["crm", "shop"]
    assert run.labels["policy"] == "gold"


def test_points_carry_our_stamp_and_live_as_long_as_retention_may_need_them(
    furnished: Stage,
) -> None:
    with furnished.open() as fleet:
        run = drive(fleet.backup("gold", mark="noon"))
        points = fleet.points().points
    for point in points:
        assert point.stamp is not None
        assert point.expires is not None
        assert point.end is not None
        facts = (point.stamp.cluster, point.stamp.policy, point.stamp.mark, point.stamp.run)
        assert facts == ("eu", "gold", "noon", run.id)
        assert point.stamp.mark_parts == 2
        assert point.stamp.spread is not None
        assert point.expires - point.end == timedelta(days=7 + 30)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"namespace": "books"}, ["books"]),
        ({"namespace": ["books", "crm"]}, ["books", "crm"]),
        ({"cluster": "eu"}, ["books", "crm", "default", "shop"]),
        ({"selector": "tier in (gold)"}, ["crm", "shop"]),
        ({"policy": "gold", "namespace": "crm"}, ["crm"]),
    ],
)
def test_by_hand_it_is_what_was_named(furnished: Stage, asked, expected) -> None:
    with furnished.open() as fleet:
        assert drive(fleet.backup(**asked)).state is RunState.SUCCEEDED
    assert sorted(held(furnished).values()) == expected


def test_every_run_by_hand_is_a_new_one(furnished: Stage) -> None:
    with furnished.open() as fleet:
        first, second = fleet.backup(namespace="crm"), fleet.backup(namespace="crm")
        drive(first), drive(second)
    assert first.id != second.id
    assert len(held(furnished)) == 2


def test_nothing_meant_is_no_success(furnished: Stage) -> None:
    with furnished.open() as fleet:
        with pytest.raises(BlockedByFinding, match="no namespace in the clusters asked") as refused:
            fleet.backup(namespace="nowhere")
        assert "--show-labels" in refused.value.hint
        with pytest.raises(ConfigurationError, match=r'no policy "silver" \(known: gold\)'):
            fleet.backup("silver")
        assert fleet.runs() == ()


def test_a_mark_is_complete_when_every_part_is_good(furnished: Stage) -> None:
    with furnished.open() as fleet:
        drive(fleet.backup("gold", mark="noon"))
        (mark,) = fleet.ledger.marks("noon")
    assert mark.complete
    assert {str(part.workload) for part in mark.parts} == {"eu/shop", "eu/crm"}
    assert mark.spread is not None


def test_a_mark_with_a_part_that_lacks_something_is_known_as_incomplete(furnished: Stage) -> None:
    furnished.put("eu", "wiki", tier="gold", volumes=[Volume(claim="pages", skipped="hostPath")])
    with furnished.open() as fleet:
        run = drive(fleet.backup("gold", mark="noon"))
        (mark,) = fleet.ledger.marks("noon")
    assert run.state is RunState.PARTIAL
    assert [(str(p.workload), p.lacking) for p in mark.missing] == [
        ("eu/wiki", "volume wiki/pages is not held: hostPath")
    ]
    assert "requirement-missed" in {finding.code for finding in run.findings}


def test_a_silent_cluster_is_a_part_that_failed(furnished: Stage) -> None:
    furnished.change(policies={"all": {"clusters": "", "protect": [{"namespaces": ["crm"]}]}})
    furnished.stop("dr")
    with furnished.open() as fleet:
        handle = fleet.backup("all", mark="noon")
        run = drive(handle)
        (mark,) = fleet.ledger.marks("noon")
    assert [(f.code, f.cluster) for f in handle.findings] == [("no-answer", "dr")]
    assert run.state is RunState.PARTIAL
    refused = [r for r in run.steps if r.state is RunState.FAILED]
    assert [(r.step.cluster, r.step.act.title) for r in refused] == [
        ("dr", "back up what dr holds")
    ]
    assert "no answer from" in refused[0].message
    assert not mark.complete


def test_a_tool_that_cannot_plan_it_is_a_part_that_failed(furnished: Stage) -> None:
    sick = Mishap(refusal=Refusal.DENIED, requests=("list stores",), times=None)
    furnished.world.misbehave("eu", sick)
    with furnished.open() as fleet:
        run = drive(fleet.backup("gold"))
    assert run.state is RunState.FAILED
    assert all("its tool could not plan it" in r.message for r in run.steps)


def test_a_cluster_without_a_tool_is_a_part_that_failed(stage: Stage) -> None:
    stage.content["clusters"]["eu"]["backends"] = {}
    stage.change()
    stage.put("eu", "shop", tier="gold")
    with stage.open() as fleet:
        run = drive(fleet.backup("gold"))
    assert run.state is RunState.FAILED
    assert "no tool is configured" in run.steps[0].message


def test_a_control_plane_that_no_tool_can_back_up_is_only_a_finding_if_possible_says_so(
    furnished: Stage,
) -> None:
    protect = [{"namespaces": ["crm"]}, {"control-plane": "if-possible"}]
    furnished.change(policies={"whole": {"clusters": "env=prod", "protect": protect}})
    with furnished.open() as fleet:
        handle = fleet.backup("whole")
        assert drive(handle).state is RunState.SUCCEEDED
    assert [(f.code, str(f.severity)) for f in handle.findings] == [("nobody-protects", "warning")]


def test_the_tools_own_failure_is_in_the_run_with_its_words(furnished: Stage) -> None:
    broken = Outcome(word=Word.BROKEN, message="the disk of the store is full", retryable=False)
    furnished.world.end_next("eu", broken)
    with furnished.open() as fleet:
        run = drive(fleet.backup(namespace="crm"))
    assert run.state is RunState.FAILED
    failed = next(r for r in run.steps if r.state is RunState.FAILED)
    assert "the disk of the store is full" in failed.message
    assert failed.result["explanation"]["native_command"].startswith("memory show operation")


@pytest.fixture
def two_policies(furnished: Stage) -> Stage:
    """Silver protects the books, and the shop once more; in all clusters."""
    protect = [{"namespaces": ["books", "shop"], "require": ["objects"]}]
    furnished.put("dr", "books")
    gold = furnished.content["policies"]["gold"]
    furnished.change(policies={"gold": gold, "silver": {"clusters": "", "protect": protect}})
    return furnished


def test_several_policies_make_one_run_and_one_mark_and_each_keeps_its_own(
    two_policies: Stage,
) -> None:
    with two_policies.open() as fleet:
        run = drive(fleet.backup(["gold", "silver", "gold"], mark="noon"))
        points = fleet.points().points
        (mark,) = fleet.ledger.marks("noon")

    assert (run.state, run.labels["policy"]) == (RunState.SUCCEEDED, "gold, silver")
    made = [(p.origin, *p.scope.namespaces, p.stamp.policy) for p in points if p.stamp]
    assert sorted(made) == [
        ("dr", "books", "silver"),
        ("eu", "books", "silver"),
        ("eu", "crm", "gold"),
        ("eu", "shop", "gold"),
        ("eu", "shop", "silver"),
    ]
    assert mark.complete
    assert {point.stamp.mark_parts for point in points if point.stamp} == {5}


def test_a_plan_over_several_policies_brings_each_namespace_back_once_by_all_that_is_required(
    two_policies: Stage,
) -> None:
    with two_policies.open() as fleet:
        drive(fleet.backup("silver"))
        drive(fleet.backup(["gold", "silver"], mark="noon"))
        plan = fleet.plan(at="now", policy=["silver", "gold"], map={"shop": "s", "crm": "c"})
        asked = [str(choice.workload) for choice in plan.choices]

    assert sorted(asked) == ["dr/books", "eu/books", "eu/crm", "eu/shop"]
    assert (plan.policy, plan.mark) == ("silver, gold", "noon")
    with two_policies.open() as fleet:
        two_policies.apis["eu"].delete("namespaces", "books")
        alone = fleet.plan(at="now", policy="gold", map={"shop": "s", "crm": "c"})
    assert "eu/books" not in {str(choice.workload) for choice in alone.choices}


def test_what_is_named_beside_several_policies_is_backed_up_once(two_policies: Stage) -> None:
    two_policies.keep_control_plane("eu")
    with two_policies.open() as fleet:
        run = fleet.backup(["gold", "silver"], control_plane="eu").now
    made = [str(step.workload) for step in (r.step for r in run.steps) if not step.own]
    assert made.count("eu (control-plane)") == 1
