"""A recorded manifest in, a recovery point out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, shortfalls
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.stores import Manifest
from slackwater_etcdctl.translation import Translator
from slackwater_etcdctl.voice import Voice

RECORDED = Path(__file__).parent / "recorded" / "manifest.json"
CONTROL_PLANE = Workload(cluster="prod-eu", kind=WorkloadKind.CONTROL_PLANE)
NAMESPACE = Workload(cluster="prod-eu", namespace="shop")


@pytest.fixture
def recorded():
    """Return the recorded manifest, with facts changed."""

    def read(**facts):
        body = json.loads(RECORDED.read_text())
        body["facts"] |= facts
        return Manifest.model_validate(body)

    return read


@pytest.fixture
def translate():
    translator = Translator(Voice("prod-eu"), "vault", "s3://dr/etcd")

    def point(manifest, *lost):
        there = {each.key: each.size for each in manifest.artefacts if each.part not in lost}
        return translator.point(manifest, there)

    return point


def test_a_recorded_manifest_is_a_good_point(recorded, translate):
    point = translate(recorded())

    assert point.id == PointId(tool="etcdctl", store="s3://dr/etcd", name=recorded().name)
    assert point.phase is Phase.SUCCEEDED
    assert point.origin == "prod-eu"
    assert point.begin == datetime(2026, 11, 22, 10, 40, 25, 870735, tzinfo=UTC)
    assert point.begin < point.end
    assert point.contents.summary == "revision 6, 5 keys, 20 KiB"
    assert shortfalls(point, CONTROL_PLANE, ()) == ()


def test_a_namespace_cannot_be_taken_out_of_it(recorded, translate):
    assert not translate(recorded()).covers(NAMESPACE)


def test_a_strangers_point_has_no_origin(recorded, translate):
    point = translate(recorded(stamp=None))

    assert (point.stamp, point.origin) == (None, "")


def test_a_doubt_makes_a_point_partial_and_not_good(recorded, translate):
    point = translate(recorded(doubts=["taken without quorum"]))

    assert point.phase is Phase.PARTIAL
    assert shortfalls(point, CONTROL_PLANE, ()) == ("taken without quorum",)


def test_what_nobody_has_verified_is_not_good(recorded, translate):
    point = translate(recorded(verified=False))

    assert point.contents is None
    assert shortfalls(point, CONTROL_PLANE, ())


def test_a_snapshot_that_is_gone_from_the_store_is_no_point_to_restore(recorded, translate):
    point = translate(recorded(), "snapshot.db")

    assert (point.phase, point.contents) == (Phase.FAILED, None)
    assert shortfalls(point, CONTROL_PLANE, ())
    assert [finding.code for finding in point.findings] == ["artefact-lost"]


def test_a_snapshot_of_another_size_than_written_is_gone(recorded):
    manifest = recorded()
    there = {each.key: each.size - 1 for each in manifest.artefacts}
    point = Translator(Voice("prod-eu"), "vault", "s3://dr/etcd").point(manifest, there)

    assert point.phase is Phase.FAILED


def test_a_companion_that_is_missing_is_named(recorded, translate):
    lost = {"name": "pki", "missing": "/etc/kubernetes/pki: No such file or directory"}
    (finding,) = translate(recorded(companions=[lost])).findings

    assert finding.message.startswith("pki is not in it: /etc/kubernetes/pki")


def test_an_alarm_of_that_time_is_told(recorded, translate):
    (finding,) = translate(recorded(alarms=["memberID:1 alarm:NOSPACE"])).findings

    assert "NOSPACE" in finding.message


def test_what_a_newer_version_added_is_passed_over(recorded, translate):
    assert translate(recorded(mood="good")).phase is Phase.SUCCEEDED


@pytest.mark.parametrize("change", [{"revision": "many"}, {"cluster_id": None}])
def test_facts_that_are_not_ours_make_an_unknown_point(recorded, translate, change):
    point = translate(recorded(**change))

    assert point.phase is Phase.UNKNOWN
    assert [finding.code for finding in point.findings] == ["manifest-strange"]


def test_a_manifest_without_a_snapshot_is_unknown(recorded, translate):
    bare = recorded().model_copy(update={"artefacts": ()})

    assert translate(bare).phase is Phase.UNKNOWN
