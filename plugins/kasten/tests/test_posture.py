"""What doctor is told: policies, profiles, licence, points that go or never go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.workload import Scope
from slackwater_kasten.objects import Policy, PolicySpec
from slackwater_kasten.policies import cron_of, namespaces_of, native_schedules
from slackwater_kasten.posture import review_points

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "cron"),
    [
        ({"frequency": "@hourly"}, "0 * * * *"),
        ({"frequency": "@hourly", "subFrequency": {"minutes": [15, 45]}}, "15,45 * * * *"),
        ({"frequency": "@daily", "subFrequency": {"hours": [2, 14]}}, "0 2,14 * * *"),
        ({"frequency": "@weekly", "subFrequency": {"weekdays": [3]}}, "0 0 * * 3"),
        ({"frequency": "@monthly"}, "0 0 1 * *"),
        ({"frequency": "@yearly", "subFrequency": {"months": [6]}}, "0 0 1 6 *"),
        ({"frequency": "@onDemand"}, "@onDemand"),
        ({"frequency": "*/20 * * * *"}, "*/20 * * * *"),
        ({}, "@onDemand"),
    ],
)
def test_frequencies_are_times_in_utc(spec, cron):
    assert cron_of(msgspec.convert(spec, PolicySpec)) == cron


@pytest.mark.parametrize(
    ("selector", "namespaces"),
    [
        (None, ["*"]),
        ({"matchLabels": {"k10.kasten.io/appNamespace": "shop"}}, ["shop"]),
        ({"matchLabels": {"tier": "gold"}}, ["*"]),
        (
            {
                "matchExpressions": [
                    {"key": "k10.kasten.io/appNamespace", "operator": "In", "values": ["a", "b*"]}
                ]
            },
            ["a", "b*"],
        ),
    ],
)
def test_the_special_key_names_namespaces(selector, namespaces):
    spec = msgspec.convert({"selector": selector} if selector else {}, PolicySpec)
    assert list(namespaces_of(spec)) == namespaces


def test_a_policy_tells_its_last_good_run_and_its_next(clusters):
    clusters.run_policy(retention={"daily": 7, "weekly": 0})

    (schedule,) = clusters.backend().list_schedules()

    assert (schedule.name, schedule.cron, schedule.namespaces) == ("nightly", "0 0 * * *",
                                                                   ("shop",))  # fmt: skip
    assert schedule.last is not None
    assert schedule.next > schedule.last
    assert "keeps 7 daily" in schedule.message


def test_a_paused_policy_is_due_never():
    policy = msgspec.convert(
        {
            "metadata": {"name": "p"},
            "spec": {"paused": True, "frequency": "@daily", "actions": [{"action": "backup"}]},
        },
        Policy,
    )
    (schedule,) = native_schedules([policy], [], [], "east", NOW)
    assert (schedule.paused, schedule.next) == (True, None)


def test_import_policies_are_no_schedules():
    policy = msgspec.convert(
        {"metadata": {"name": "p"}, "spec": {"actions": [{"action": "import"}]}}, Policy
    )
    assert list(native_schedules([policy], [], [], "east", NOW)) == []


def test_a_run_that_calls_itself_complete_with_a_failed_backup_is_no_good_run(clusters):
    clusters.run_policy()
    (backup,) = clusters.k10.catalog.all("backupactions")
    clusters.k10.catalog.change("backupactions", backup, state="Failed")

    (schedule,) = clusters.backend().list_schedules()

    assert schedule.last is None


@pytest.mark.parametrize(
    ("state", "said"),
    [("Skipped", "another run of it was still at work"), ("Failed", "the disk is full")],
)
def test_a_policy_whose_newest_run_did_nothing_is_told(clusters, state, said):
    clusters.run_policy()
    clusters.kasten.tick(3)
    (run,) = clusters.k10.catalog.all("runactions")
    error = {"error": {"message": said}} if state == "Failed" else {}
    clusters.k10.catalog.change("runactions", run, state=state, **error)

    (finding,) = clusters.backend().check()

    assert finding.code == "policy-run"
    assert f"{state}: {said}" in finding.message


def test_an_import_policy_that_a_run_has_left_is_told(clusters):
    west, plan = clusters.elsewhere(clusters.back_up(store="vault"), store="vault")
    clusters.do(west, plan.acts[0], "r-2")

    (finding,) = west.check()

    assert finding.code == "import-policy-left"
    assert plan.acts[0].payload["policy"] in finding.way_out


def codes(clusters, **settings):
    return [finding.code for finding in clusters.backend(**settings).check()]


def test_all_is_well_where_all_is_well(clusters):
    assert codes(clusters) == []


def test_a_profile_that_is_not_valid_is_found(clusters):
    assert codes(clusters, export="missing") == ["no-profile"]


def test_immutability_is_the_time_to_react(clusters):
    clusters.put("Profile", "locked", {"type": "Location", "locationSpec": {
        "type": "ObjectStore", "objectStore": {
            "name": "exports", "endpoint": "https://s3.emulated.example",
            "protectionPeriod": "240h"}}})  # fmt: skip
    clusters.kasten.tick()

    (finding,) = clusters.backend().check()

    assert finding.code == "immutable"
    assert "240h" in finding.message


def test_a_policy_that_is_not_valid_is_found_with_k10s_reason(clusters):
    action = {"action": "backup", "backupParameters": {"profile": {"name": "gone"}}}
    clusters.put("Policy", "broken", {"frequency": "@daily", "actions": [action]})
    clusters.kasten.tick()

    found = {finding.code: finding for finding in clusters.backend().check()}

    assert "profile gone not found" in found["policy-invalid"].message
    assert "never-exports" in found


@pytest.mark.parametrize(
    ("licensing", "expected"),
    [
        ({"nodeLimit": 5, "nodeCount": 8}, ["node-limit"]),
        ({"nodeLimit": 8, "nodeCount": 5}, []),
        ({"nodeLimit": 0, "nodeCount": 5}, []),
        ({"status": "Expired"}, ["licence-expired"]),
        ({}, []),
    ],
)
def test_the_licence_is_read_from_the_newest_report(clusters, licensing, expected):
    clusters.put("Report", "r1", {}, "reporting.kio.kasten.io", results={"licensing": licensing})
    assert codes(clusters) == expected


def test_k10_that_is_not_there_is_no_error_of_ours(tmp_path):
    from slackwater.backend import Context
    from slackwater.clusters import Cluster
    from slackwater.testing.kubernetes_api import KubernetesApi, serve
    from slackwater_kasten.backend import KastenBackend
    from slackwater_kasten.plugin import discover
    from slackwater_kasten.settings import KastenSettings

    with serve(KubernetesApi("bare")) as server:
        server.kubeconfig(tmp_path / "config", context="bare")
        cluster = Cluster("bare", kubeconfig=tmp_path / "config")
        context = Context(cluster, str, tmp_path, lambda: NOW)
        backend = KastenBackend(KastenSettings(), context)

        assert not backend.describe().available
        assert [finding.code for finding in backend.check()] == ["not-installed"]
        assert discover(cluster) is None


def test_discovery_names_namespace_and_profile(clusters, tmp_path):
    from slackwater.clusters import Cluster
    from slackwater_kasten.plugin import discover

    clusters.server.kubeconfig(tmp_path / "config", context="east")
    cluster = Cluster("east", kubeconfig=tmp_path / "config")

    assert discover(cluster) == {"namespace": "kasten-io", "export": "offsite"}


def point(name, *, expires=None, begin=NOW, made_by="somebody"):
    return RecoveryPoint(
        id=PointId(tool="kasten", store="k10://x", name=name),
        phase=Phase.SUCCEEDED,
        scope=Scope(namespaces=("shop",)),
        begin=begin,
        end=begin,
        expires=expires,
        made_by=made_by,
    )


def test_a_last_point_about_to_go_is_told(voice):
    (finding,) = review_points([point("p", expires=NOW + timedelta(hours=5))], NOW, voice)
    assert finding.code == "last-point-expires"


def test_points_made_by_hand_that_never_go_are_told_together(voice):
    old = NOW - timedelta(days=200)
    points = [point(f"p{number}", begin=old + timedelta(days=number)) for number in range(3)]

    (finding,) = review_points(points, NOW, voice)

    assert (finding.code, "3 recovery points" in finding.message) == ("never-expires", True)
    assert "p0" in finding.message
