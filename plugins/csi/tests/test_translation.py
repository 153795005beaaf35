"""Objects in, model out: what a snapshot's status means, and what a manifest says of a point."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from slackwater.clusters import Resource
from slackwater.model.operation import OperationRef, Phase
from slackwater.model.recovery_point import Requirement, shortfalls
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.stores import Manifest
from slackwater_csi.listing import translated
from slackwater_csi.objects import Content, Snapshot
from slackwater_csi.states import Word, operation_of, state_of
from slackwater_csi.stripping import moved, stripped
from slackwater_csi.translation import Translator
from slackwater_csi.voice import Voice
from slackwater_csi.vouching import Vouchers

RECORDED = Path(__file__).parent / "recorded"
NOW = datetime(2026, 11, 22, 13, 10, tzinfo=UTC)
REF = OperationRef(tool="csi", cluster="home", handle="snapshots/shop/ab12cd34/1")


def read(name, into, **change):
    content = json.loads((RECORDED / f"{name}.json").read_text())
    for path, value in change.items():
        *way, last = path.split("__")
        here = content
        for word in way:
            here = here[word]
        here[last] = value
    return msgspec.convert(content, into)


@pytest.fixture
def content():
    return read("content", Content)


def state(content, **change):
    return state_of(read("snapshot", Snapshot, **change), {content.name: content})


def test_the_times_of_both_sides_are_read(content):
    snapshot = read("snapshot", Snapshot)

    assert snapshot.taken == datetime(2026, 11, 22, 13, 0, 5, tzinfo=UTC)
    assert content.taken == datetime(2026, 11, 22, 13, 0, 5, 125000, tzinfo=UTC)
    assert (snapshot.size, content.handle) == (1 << 30, "0f6d8c1e-c7a4")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, Word.READY),
        ({"status": None}, Word.UNSEEN),
        ({"status__readyToUse": False}, Word.WORKING),
        ({"status__readyToUse": None}, Word.WORKING),
        ({"status__readyToUse": "Marinating"}, Word.STRANGE),
        ({"status__readyToUse": False, "status__error": {"message": "no"}}, Word.COMPLAINING),
        ({"status__error": {"message": "old, taken back"}}, Word.READY),
        ({"metadata__deletionTimestamp": "2026-11-22T13:01:00Z"}, Word.LEAVING),
        ({"metadata__uid": "another-life"}, Word.STRANGE),
        ({"metadata__namespace": "another"}, Word.STRANGE),
        ({"status__boundVolumeSnapshotContentName": "another"}, Word.STRANGE),
    ],
)
def test_ready_is_only_what_says_so_and_is_bound_both_ways(content, change, word):
    assert state(content, **change).word is word


@pytest.mark.parametrize("unbound", [{"name": "x", "namespace": "shop", "uid": ""}, {"name": "x"}])
def test_a_content_without_the_uid_is_not_bound(unbound):
    content = read("content", Content, spec__volumeSnapshotRef=unbound)

    assert state(content).word is Word.STRANGE


def test_a_content_that_names_no_snapshot_holds_nothing():
    assert state(read("content", Content, status={"readyToUse": True})).word is Word.STRANGE


def operation(content, now, expected=1, **change):
    snapshot = read("snapshot", Snapshot, **change)
    return operation_of(REF, expected, [snapshot], {content.name: content}, now)


def test_the_deadline_is_that_of_the_snapshots_own_annotation(content):
    began = datetime(2026, 11, 22, 13, 0, 4, tzinfo=UTC)
    waiting = {"status__readyToUse": False}

    in_time = operation(content, began + timedelta(seconds=600), **waiting)
    late = operation(content, began + timedelta(seconds=601), **waiting)

    assert (in_time.phase, late.phase) == (Phase.RUNNING, Phase.FAILED)
    assert late.retryable


@pytest.mark.parametrize(
    ("expected", "seconds", "said"),
    [
        (1, 11, "waits for"),
        (1, 13, "no controller"),
        (5, 19, "waits for"),
        (5, 21, "no controller"),
    ],
)
def test_a_controller_is_given_the_time_that_it_takes(content, expected, seconds, said):
    made = datetime(2026, 11, 22, 13, 0, 4, tzinfo=UTC)
    snapshots = [read("snapshot", Snapshot, status=None) for _ in range(expected)]
    found = operation_of(REF, expected, snapshots, {}, made + timedelta(seconds=seconds))
    assert found.phase is Phase.PENDING
    assert said in found.message


def test_ready_in_the_end_is_ready_however_late(content):
    assert operation(content, NOW + timedelta(days=1)).phase is Phase.SUCCEEDED


def test_fewer_than_were_made_is_a_failure(content):
    assert operation(content, NOW, expected=2).phase is Phase.FAILED


class NoDoubts(Vouchers):
    def doubts(self, facts):
        return {}


def no_doubts(facts):
    return NoDoubts(())


@pytest.fixture
def translator():
    return Translator(Voice("home"), "uid-of-home", "vault", "s3://vault")


@pytest.fixture
def manifest():
    return Manifest.model_validate_json((RECORDED / "manifest.json").read_text())


def test_a_manifest_is_a_point_with_its_contents(translator, manifest):
    point = translated(translator, manifest, no_doubts)

    assert (point.phase, point.origin) == (Phase.PARTIAL, "home")
    assert point.scope.namespaces == ("shop",)
    assert [(v.claim, v.held) for v in point.contents.volumes] == [("data", True), ("old", False)]
    assert point.contents.objects_in("shop") == 14
    assert point.begin < point.end
    assert "in their own storage system" in point.contents.summary


def test_a_snapshot_is_never_good_where_off_cluster_is_required(translator, manifest):
    point = translated(translator, manifest, no_doubts)
    workload = Workload(cluster="home", kind=WorkloadKind.VOLUME, namespace="shop", name="data")

    lacking = shortfalls(point, workload, (Requirement.OFF_CLUSTER,))

    assert lacking == ("volume shop/data lies only in its own storage system",)


def test_a_manifest_of_something_else_is_unknown_and_listed(translator, manifest, codes):
    point = translated(
        translator, manifest.model_copy(update={"facts": {"kind": "etcd"}}), no_doubts
    )

    assert (point.phase, codes(point.findings)) == (Phase.UNKNOWN, ["manifest-strange"])


def test_a_point_of_another_cluster_cannot_be_written_from_here(manifest):
    other = Translator(Voice("other"), "uid-of-other", "vault", "s3://vault")

    assert [place.writable for place in translated(other, manifest, no_doubts).places] == [False]


def test_a_snapshot_by_others_is_a_point_of_one_volume(translator, content, codes):
    snapshot = read("snapshot", Snapshot, metadata__annotations={}, metadata__labels={})

    listed, looked_into = translator.adopted(snapshot), translator.adopted(snapshot, content)

    assert (listed.phase, listed.contents, listed.stamp) == (Phase.SUCCEEDED, None, None)
    assert listed.begin == listed.end == snapshot.taken
    assert looked_into.contents.volumes[0].off_cluster is False
    assert codes(looked_into.findings) == ["no-manifest"]


def test_a_mismatch_shows_when_the_content_is_looked_at(translator, content):
    snapshot = read("snapshot", Snapshot, metadata__uid="another-life")
    bound = msgspec.structs.replace(content)

    assert translator.adopted(snapshot, bound).phase is Phase.UNKNOWN


CLAIM = {
    "metadata": {
        "name": "data",
        "uid": "1",
        "finalizers": ["kubernetes.io/pvc-protection"],
        "ownerReferences": [{"kind": "StatefulSet"}],
        "annotations": {"pv.kubernetes.io/bind-completed": "yes", "mine": "kept"},
    },
    "spec": {"volumeName": "pv-1", "dataSource": {"name": "x"}, "accessModes": ["ReadWriteOnce"]},
    "status": {"phase": "Bound"},
}


def test_a_claim_comes_back_without_its_old_volume():
    assert stripped(Resource("", "v1", "persistentvolumeclaims"), CLAIM) == {
        "metadata": {"name": "data", "annotations": {"mine": "kept"}},
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }


def test_who_is_bound_by_a_role_moves_along():
    roles = Resource("rbac.authorization.k8s.io", "v1", "rolebindings")
    subjects = [{"name": "a", "namespace": "shop"}, {"name": "b", "namespace": "ops"}]

    after = moved(roles, {"metadata": {}, "subjects": subjects}, "shop", "drill")

    assert [each["namespace"] for each in after["subjects"]] == ["drill", "ops"]


def test_a_headless_service_stays_headless():
    services = Resource("", "v1", "services")
    body = {"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "ports": []}}

    assert stripped(services, body)["spec"]["clusterIP"] == "None"
