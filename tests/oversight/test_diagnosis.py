"""What endangers the fleet: found by looking at what stands, not at what was meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slackwater.catalogue.gathering import Catalogue, Source
from slackwater.model.finding import Finding
from slackwater.model.request import Store
from slackwater.oversight import Diagnosis
from slackwater.oversight.store_visibility import review_stores
from slackwater.testing.distributions import make_distribution
from slackwater.testing.kubernetes_api import Rule
from slackwater.testing.memory import Mishap, NativeScheduleRecord, Refusal, Volume

from ..client.stage import Stage, drive

NOW = datetime.now(UTC)


@pytest.fixture
def calm(stage: Stage) -> Stage:
    """A fleet about which there is nothing to say."""
    stage.world.show_store("dr", "eu-store", "of-eu", writable=False)
    stage.world.show_store("eu", "dr-store", "of-dr", writable=False)
    return stage


def look(stage: Stage, **asked: object) -> Diagnosis:
    with stage.open() as fleet:
        return fleet.doctor(**asked)


def codes(diagnosis: Diagnosis) -> list[tuple[str, str, str]]:
    return sorted((f.code, f.cluster, f.subject) for f in diagnosis.findings)


def only(diagnosis: Diagnosis) -> Finding:
    (finding,) = diagnosis.findings
    return finding


def test_a_calm_fleet_has_no_findings_and_its_tools_describe_themselves(calm: Stage) -> None:
    diagnosis = look(calm)
    assert codes(diagnosis) == []
    assert not diagnosis.at_risk
    assert [(c, d.tool, d.version) for c, d in diagnosis.descriptions] == [
        ("eu", "memory", "1.0"),
        ("dr", "memory", "1.0"),
    ]


def test_a_namespace_in_no_recovery_point_is_a_risk(calm: Stage) -> None:
    calm.put("eu", "shop", volumes=[Volume(claim="data")])
    diagnosis = look(calm)
    assert diagnosis.at_risk
    assert codes(diagnosis) == [
        ("namespace-unprotected", "eu", "shop"),
        ("volume-unprotected", "eu", "shop/data (10 GiB, class standard)"),
    ]


def test_a_good_backup_ends_it(calm: Stage) -> None:
    calm.put("eu", "shop", volumes=[Volume(claim="data")])
    with calm.open() as fleet:
        drive(fleet.backup(namespace="shop"))
    assert codes(look(calm)) == []


def test_an_empty_namespace_is_no_gap(calm: Stage) -> None:
    calm.put("eu", "empty", objects=0)
    assert codes(look(calm)) == []


def test_a_skipped_volume_has_one_line_with_the_tool_s_reason(calm: Stage) -> None:
    calm.put("eu", "wiki", volumes=[Volume(claim="pages", skipped="hostPath is not copied")])
    with calm.open() as fleet:
        drive(fleet.backup(namespace="wiki"))
    finding = only(look(calm))
    assert finding.code == "volume-unprotected"
    assert finding.message.startswith("in no recovery point; sw-eu-wiki-")
    assert finding.message.endswith("skipped it: hostPath is not copied")


def test_a_point_limited_by_a_selector_covers_nothing(calm: Stage) -> None:
    calm.put("eu", "shop")
    calm.adopt("some", "shop", taken=NOW - timedelta(hours=1), limits="only app=web")
    assert only(look(calm)).code == "namespace-unprotected"


def test_the_same_namespace_of_another_cluster_covers_nothing(calm: Stage) -> None:
    calm.put("dr", "shop")
    calm.adopt("theirs", "shop", taken=NOW - timedelta(hours=1))
    assert codes(look(calm)) == [("namespace-unprotected", "dr", "shop")]


def test_what_may_not_be_listed_is_not_taken_for_protected(calm: Stage) -> None:
    calm.put("eu", "shop", volumes=[Volume(claim="data")])
    calm.adopt("all", "shop", taken=NOW - timedelta(hours=1))
    server = calm.servers["eu"]
    server.rights("few", Rule(verbs=("get", "list"), resources=("namespaces",)), user="ann")
    calm.kubeconfig.write_text(calm.kubeconfig.read_text().replace("token-of-eu", "few"))
    found = {(f.code, f.subject) for f in look(calm).findings}
    assert ("coverage-unknown", "persistentvolumeclaims") in found


def test_a_silent_cluster_costs_only_itself_and_says_when_it_was_seen_last(calm: Stage) -> None:
    with calm.open(clock=lambda: NOW - timedelta(hours=3)) as fleet:
        fleet.points()
    calm.stop("dr")
    with calm.open(clock=lambda: NOW) as fleet:
        diagnosis = fleet.doctor()
    said = [f for f in diagnosis.findings if f.cluster == "dr"]
    assert [f.code for f in said] == ["no-answer"]
    assert "Connection refused" in said[0].message
    assert said[0].message.endswith("last seen 3h ago")
    assert {name for name, _ in diagnosis.descriptions} == {"eu"}


def test_a_silent_tool_is_told_apart_from_its_cluster(calm: Stage) -> None:
    calm.world.misbehave("dr", Mishap(refusal=Refusal.UNAVAILABLE, times=None))
    assert ("no-answer", "dr", "dr/memory") in codes(look(calm))


def test_each_pair_without_a_visible_store_has_a_line_with_the_way_out(stage: Stage) -> None:
    diagnosis = look(stage)
    assert [(f.code, f.cluster, f.way_out) for f in diagnosis.findings] == [
        ("store-not-shown", "dr", "memory show store eu-store --to dr --read-only"),
        ("store-not-shown", "eu", "memory show store dr-store --to eu --read-only"),
    ]


def test_two_writers_of_one_store_are_found_once(calm: Stage) -> None:
    calm.world.show_store("dr", "eu-store", "of-eu", writable=True)
    finding = only(look(calm))
    assert finding.code == "two-writers"
    assert "dr and eu both may write to eu-store" in finding.message


def test_many_may_write_to_a_store_that_is_made_for_it(calm: Stage) -> None:
    def vault(cluster: str) -> Store:
        known = {"tool": "memory", "identity": "vault", "name": "vault", "cluster": cluster}
        return Store(**known, writable=True, available=True, for_many=True)

    sources = tuple(Source(cluster, "memory", NOW) for cluster in ("dr", "eu"))
    catalogue = Catalogue(sources=sources, stores=(vault("dr"), vault("eu")))
    with calm.open() as fleet:
        assert list(review_stores(catalogue, fleet.connections)) == []


def test_a_store_that_is_known_and_does_not_answer(calm: Stage) -> None:
    calm.world.break_store("dr", "of-eu")
    assert {f.code for f in look(calm).findings} == {"store-unavailable", "store-not-available"}


@pytest.mark.parametrize(("hours", "way"), [(1, "ahead of"), (-1, "behind")])
def test_a_clock_an_hour_off(calm: Stage, hours: int, way: str) -> None:
    calm.apis["eu"].clock = lambda: datetime.now(UTC) + timedelta(hours=hours)
    finding = only(look(calm))
    assert (finding.code, finding.cluster) == ("clock", "eu")
    assert f"s {way} ours" in finding.message


def test_a_paused_schedule_of_the_tool_itself(calm: Stage) -> None:
    nightly = NativeScheduleRecord(name="their-nightly", cron="0 3 * * *", paused=True)
    calm.world.put_schedule("eu", nightly)
    finding = only(look(calm))
    assert (finding.code, finding.subject) == ("schedule-paused", 'schedule "their-nightly"')


def test_a_broken_plugin_is_a_line_and_the_others_work(calm: Stage) -> None:
    make_distribution(calm.plugins, "slackwater-broken", "0.1", {"broken": "no.such.module"})
    diagnosis = look(calm)
    finding = only(diagnosis)
    assert (finding.code, finding.subject) == ("plugin-unusable", "slackwater-broken 0.1")
    assert len(diagnosis.descriptions) == 2


def test_one_cluster_is_looked_at_alone(calm: Stage) -> None:
    calm.put("eu", "shop")
    assert codes(look(calm, cluster="dr")) == []
    assert codes(look(calm, cluster="eu")) == [("namespace-unprotected", "eu", "shop")]


def test_looking_changes_nothing(calm: Stage) -> None:
    before = calm.world.fingerprint()
    look(calm)
    assert calm.world.fingerprint() == before
    assert {call.verb for s in calm.servers.values() for call in s.calls} <= {"get", "list"}
