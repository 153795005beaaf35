"""Plans: what a moment needs, what stands in the way, and what each wish changes in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from slackwater.errors import ConfigurationError, NoSuitableRecoveryPoint
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.step import OwnAct
from slackwater.testing.kubernetes_api import Rule
from slackwater.testing.memory import Volume, Word

from .stage import Stage, drive

HOUR = timedelta(hours=1)


@pytest.fixture
def saved(stage: Stage) -> Stage:
    """``eu/shop`` and ``eu/crm`` are in a mark, and stand as they were."""
    stage.put("eu", "shop", tier="gold", volumes=[Volume(claim="data", data="1")])
    stage.put("eu", "crm", tier="gold")
    with stage.open() as fleet:
        drive(fleet.backup("gold", mark="noon"))
    return stage


def codes(plan: RestorePlan) -> list[str]:
    return sorted(finding.code for finding in plan.findings)


def goes(plan: RestorePlan) -> dict[str, str]:
    return {str(choice.workload): str(choice.target) for choice in plan.choices}


def messages(plan: RestorePlan, code: str) -> list[str]:
    return [finding.message for finding in plan.findings if finding.code == code]


def test_now_is_served_by_the_backup_just_made(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="gold", to="dr")
    assert (plan.mark, plan.blocked, codes(plan)) == ("noon", False, [])
    assert goes(plan) == {"eu/shop": "dr/shop", "eu/crm": "dr/crm"}
    assert all(timedelta(0) <= choice.loses < HOUR for choice in plan.choices)


def test_the_store_is_shown_to_the_target_once_for_all_and_hidden_again(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="gold", to="dr")
    acts = [step.own or step.act.id for step in plan.steps]
    assert acts == [OwnAct.CHECK_TARGET, "show-store", "restore", "restore", "hide-store"]
    assert plan.steps[-1].act.always
    assert [step.needs for step in plan.steps[2:4]] == [("2", "1"), ("2", "1")]


WHERE = [
    ({"policy": "gold", "to": {"eu": "dr"}}, {"eu/shop": "dr/shop", "eu/crm": "dr/crm"}),
    ({"namespace": "shop", "to": "dr"}, {"eu/shop": "dr/shop"}),
    ({"cluster": "eu", "selector": "tier=gold", "namespace": "crm"}, {"eu/crm": "eu/crm"}),
    ({"policy": "gold", "map": {"shop": "s2"}}, {"eu/shop": "eu/s2", "eu/crm": "eu/crm"}),
    ({"namespace": "shop", "map": {"eu/shop": "s2"}, "to": "dr"}, {"eu/shop": "dr/s2"}),
]


def test_where_it_goes(saved: Stage) -> None:
    with saved.open() as fleet:
        for asked, expected in WHERE:
            assert goes(fleet.plan(at="now", **asked)) == expected, asked


WRONG = [
    ({"policy": "silver"}, 'no policy "silver" (known: gold)'),
    ({"to": "us"}, 'no cluster "us"'),
    ({"to": {"us": "dr"}}, 'no cluster "us"'),
    ({"cluster": "us"}, 'no cluster "us"'),
    ({"selector": "a in"}, "--selector"),
    ({"at": "2999-01-01 10:00"}, "is in the future"),
    ({"at": "yesterday"}, "is no moment"),
    ({"at": "2026-03-29 02:30"}, "does not exist in Europe/Berlin"),
    ({"at": "2025-10-26 02:30"}, "came twice in Europe/Berlin"),
]


def test_a_wrong_word_is_named(stage: Stage) -> None:
    with stage.open() as fleet:
        for asked, words in WRONG:
            with pytest.raises(ConfigurationError) as refused:
                fleet.plan(**{"at": "now", "zone": ZoneInfo("Europe/Berlin"), **asked})
            assert words in str(refused.value), asked


def test_nothing_meant_says_so(saved: Stage) -> None:
    saved.stop("dr")
    with saved.open() as fleet, pytest.raises(NoSuitableRecoveryPoint) as nothing:
        fleet.plan(at="now", namespace="nowhere")
    assert "dr did not answer" in str(nothing.value)


def test_the_zone_that_was_meant_is_told_when_none_was_written(saved: Stage) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    text = f"{datetime.now(berlin):%Y-%m-%d %H:%M:%S}"
    with saved.open() as fleet:
        assumed = fleet.plan(at=text, zone=berlin, namespace="shop", to="dr")
        written = fleet.plan(at=f"{text} Europe/Berlin", namespace="shop", to="dr")
    assert assumed.zone == written.zone == "Europe/Berlin"
    assert "zone-assumed" in codes(assumed)
    assert "zone-assumed" not in codes(written)
    assert "Europe/Berlin" in messages(assumed, "zone-assumed")[0]


def test_before_the_first_point_the_plan_is_blocked_and_says_why(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="1h ago", namespace="shop", to="dr")
    assert (plan.blocked, codes(plan), plan.choices) == (True, ["no-good-point"], ())


def test_what_stands_in_the_way_is_refused_with_its_count_and_the_ways_out(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop")
    (refused,) = plan.findings
    assert (plan.blocked, refused.code, refused.subject) == (True, "exists", "eu/shop")
    assert refused.message.startswith("shop exists with 4 objects: refused")
    assert all(flag in refused.way_out for flag in ("--map", "--update", "--replace"))


def test_an_empty_namespace_is_in_nobodys_way(saved: Stage) -> None:
    saved.apis["dr"].create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr")
    assert codes(plan) == [], plan.findings
    assert [(place.objects, bool(place.uid)) for place in plan.standing] == [(0, True)]


def test_update_changes_what_exists_and_says_so(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", update=True)
    assert (plan.blocked, codes(plan)) == (False, ["will-change"])


def test_replace_plans_the_way_in_full(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", replace=True)
    assert [step.own or step.act.id for step in plan.steps] == [
        OwnAct.CHECK_TARGET,
        "backup",
        OwnAct.READ_BACK,
        OwnAct.DELETE_NAMESPACE,
        "restore",
    ]
    assert not plan.blocked
    _, _, proof, deletion, restore = plan.steps
    assert proof.act.payload["whole"] is True
    assert deletion.needs == (proof.id,)
    assert deletion.id in restore.needs
    assert "restore the recovery point" in deletion.act.undo


def test_replace_is_refused_where_nothing_could_save_what_stands(saved: Stage) -> None:
    saved.put("dr", "shop")
    saved.content["clusters"]["dr"]["backends"] = {}
    saved.change()
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr", replace=True)
    assert plan.blocked
    assert "tool-not-in-target" in codes(plan)


def test_two_workloads_into_one_namespace_are_refused(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="gold", to="dr", map={"shop": "one", "crm": "one"})
    assert (plan.blocked, codes(plan)) == (True, ["two-into-one"])


def test_mappings_reach_the_tool(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(
            at="now",
            namespace="shop",
            to="dr",
            map={"shop": "s2"},
            map_class={"standard": "fast"},
            map_image={"a": "b"},
            map_claim={"shop/data": "data-2", "crm/data": "data-3"},
        )
    (restore,) = [step for step in plan.steps if step.act.id == "restore"]
    assert restore.act.payload["wanted"]["mapping"] == {
        "namespaces": {"shop": "s2"},
        "storage_classes": {"standard": "fast"},
        "images": {"a": "b"},
        "claims": {"data": "data-2"},
    }
    assert restore.writes == ("dr/s2",)


def test_a_skipped_volume_makes_the_point_not_good_and_partial_must_be_asked_for(
    stage: Stage,
) -> None:
    stage.put("eu", "wiki", tier="gold", volumes=[Volume(claim="pages", skipped="hostPath")])
    with stage.open() as fleet:
        drive(fleet.backup("gold"))
        strict = fleet.plan(at="now", policy="gold", to="dr")
        partial = fleet.plan(at="now", policy="gold", to="dr", accept_partial=True)
    assert (strict.blocked, codes(strict)) == (True, ["no-good-point"])
    assert "volume wiki/pages is not held: hostPath" in messages(strict, "no-good-point")[0]
    assert (partial.blocked, codes(partial)) == (False, ["partial-point"])
    assert partial.choices[0].gaps == ("volume wiki/pages is not held: hostPath",)


def test_a_newer_point_that_is_not_good_is_passed_over_with_its_reason(stage: Stage) -> None:
    now = datetime.now(UTC)
    stage.adopt("good", "shop", taken=now - 3 * HOUR)
    stage.adopt("bad", "shop", taken=now - HOUR, volumes=[Volume(claim="d", skipped="hostPath")])
    with stage.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr")
    assert [choice.point.name for choice in plan.choices] == ["good"]
    (said,) = messages(plan, "newer-not-good")
    assert said.startswith("bad is not good")
    assert "2h older" in said


def test_a_newer_backup_that_failed_is_named(stage: Stage) -> None:
    now = datetime.now(UTC)
    stage.adopt("good", "shop", taken=now - 3 * HOUR)
    stage.adopt("failed", "shop", taken=now - HOUR, word=Word.BROKEN)
    stage.adopt("older", "shop", taken=now - 5 * HOUR, word=Word.BROKEN)
    with stage.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr")
    assert [choice.point.name for choice in plan.choices] == ["good"]
    (said,) = messages(plan, "newer-broken")
    assert said.startswith("failed of ")
    assert not plan.blocked


def test_a_point_limited_by_a_selector_never_serves(stage: Stage) -> None:
    stage.adopt("some", "shop", taken=datetime.now(UTC) - HOUR, limits="only app=web")
    stage.put("eu", "shop")
    with stage.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr", accept_partial=True)
    assert (plan.blocked, codes(plan)) == (True, ["no-good-point"])


def test_a_workload_of_a_dead_cluster_is_found_by_the_points_that_others_show(
    saved: Stage,
) -> None:
    saved.world.show_store("dr", "eu-store", "eu-readonly", writable=False)
    saved.stop("eu")
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="gold", to="dr")
    assert (plan.blocked, goes(plan)) == (False, {"eu/shop": "dr/shop", "eu/crm": "dr/crm"})
    assert {"show-store"}.isdisjoint(step.act.id for step in plan.steps)


def test_a_workload_of_a_dead_cluster_is_remembered_and_its_store_shown(saved: Stage) -> None:
    saved.stop("eu")
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="gold", to="dr")
    assert not plan.blocked, messages(plan, "no-answer")
    assert goes(plan) == {"eu/shop": "dr/shop", "eu/crm": "dr/crm"}
    assert "show-store" in {step.act.id for step in plan.steps}
    assert "only-remembered" in codes(plan)


def test_a_silent_target_blocks(saved: Stage) -> None:
    saved.stop("dr")
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr")
    assert plan.blocked
    assert plan.pins == ()
    assert any(f.blocks and f.cluster == "dr" for f in plan.findings)


def test_the_target_is_pinned(saved: Stage) -> None:
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr")
    (pin,) = plan.pins
    uid = saved.apis["dr"].get("namespaces", "kube-system")["metadata"]["uid"]
    assert (pin.cluster, pin.url, pin.uid) == ("dr", saved.servers["dr"].url, uid)


def test_a_clock_that_is_off_is_in_the_answer(saved: Stage) -> None:
    saved.apis["eu"].clock = lambda: datetime.now(UTC) - HOUR
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr")
    (said,) = messages(plan, "clock")
    assert "behind ours" in said
    assert not plan.blocked


def test_a_clock_that_dates_points_into_the_future_is_in_the_answer(saved: Stage) -> None:
    saved.apis["eu"].clock = lambda: datetime.now(UTC) + HOUR
    with saved.open() as fleet:
        plan = fleet.plan(at=datetime.now(UTC) - HOUR, namespace="shop", to="dr")
    assert messages(plan, "no-good-point")
    (said,) = messages(plan, "clock")
    assert "ahead of ours" in said


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("argocd.argoproj.io/tracking-id", "Argo CD"),
        ("kustomize.toolkit.fluxcd.io/name", "Flux"),
        ("helm.toolkit.fluxcd.io/name", "Flux"),
    ],
)
def test_what_gitops_keeps_in_the_target_is_told(saved: Stage, key, owner) -> None:
    saved.apis["eu"].patch(
        "configmaps", "settings-0", {"metadata": {"annotations": {key: "x"}}}, "shop"
    )
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", replace=True)
    (said,) = messages(plan, "gitops")
    assert f"kept by {owner}" in said
    assert not plan.blocked


def test_what_may_not_be_listed_in_the_target_is_told(saved: Stage) -> None:
    everything_but = ("namespaces", "configmaps", "persistentvolumeclaims")
    server = saved.servers["eu"]
    server.rights("few", Rule(verbs=("get", "list"), resources=everything_but), user="ann")
    text = saved.kubeconfig.read_text().replace("token-of-eu", "few")
    saved.kubeconfig.write_text(text)
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", update=True)
        careful = fleet.plan(at="now", namespace="shop", replace=True)
    (said,) = messages(plan, "not-allowed-to-look")
    assert "secrets" in said
    assert not plan.blocked, "what exists may be changed anyway"
    assert "not-allowed-to-look" in {f.code for f in careful.findings if f.blocks}


def test_the_plan_of_one_wish_reads_only_what_it_needs(saved: Stage) -> None:
    now = datetime.now(UTC)
    for number in range(30):
        saved.adopt(f"old-{number:02}", "shop", taken=now - HOUR - timedelta(minutes=number))
    with saved.open() as fleet:
        read: list[str] = []
        backend = fleet.connections.backend("eu", "memory")
        original = backend.get_recovery_point

        def counted(point) -> RecoveryPoint:
            read.append(point.name)
            return original(point)

        backend.get_recovery_point = counted  # type: ignore[method-assign]
        fleet.plan(at="5m ago", namespace="shop", to="dr")
    assert read == ["old-00"]


def test_durations_come_from_history_and_there_is_none_at_first(saved: Stage) -> None:
    with saved.open() as fleet:
        first = fleet.plan(at="now", namespace="shop", to="dr")
        drive(fleet.restore(first, confirm=first.digest))
        second = fleet.plan(at="now", namespace="crm", to="dr")
    assert {step.expected for step in first.steps} == {None}
    assert all(step.expected is not None for step in second.steps)


def test_what_a_policy_protects_beside_namespaces_is_not_left_out_without_a_word(
    saved: Stage,
) -> None:
    protect = [{"namespaces": ["shop"]}, {"cluster-objects": "required"}]
    saved.change(policies={"whole": {"clusters": "env=prod", "protect": protect}})
    with saved.open() as fleet:
        plan = fleet.plan(at="now", policy="whole", to="dr")
    (found,) = plan.findings
    assert (found.code, found.subject) == ("left-out", "eu (cluster-objects)")
    assert "no recovery point holds it" in found.message


def test_a_namesake_in_the_target_is_in_the_way_and_not_meant(saved: Stage) -> None:
    saved.put("dr", "shop")
    with saved.open() as fleet:
        plan = fleet.plan(at="now", namespace="shop", to="dr")
        own = fleet.plan(at="now", namespace="shop", to="dr", cluster="dr")
    assert (goes(plan), codes(plan)) == ({"eu/shop": "dr/shop"}, ["exists"])
    assert codes(own) == ["no-good-point"]


def test_a_plan_changes_nothing(saved: Stage) -> None:
    before = saved.world.fingerprint()
    with saved.open() as fleet:
        fleet.plan(at="now", policy="gold", replace=True)
        assert len(fleet.runs()) == 1
    verbs = {call.verb for server in saved.servers.values() for call in server.calls}
    assert verbs <= {"get", "list"}
    assert saved.world.fingerprint() == before
