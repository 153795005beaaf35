"""Kinds so new that Velero has not noticed them: a backup without their objects is not whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from slackwater.clusters import Cluster
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.workload import Scope
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater_velero.access import Velero
from slackwater_velero.downloads import Target
from slackwater_velero.inside import judge
from slackwater_velero.voice import Voice
from slackwater_velero.young_kinds import find_young_kinds, overlooked

KIND = "demo.example.com/Tide"


@pytest.fixture
def api() -> KubernetesApi:
    api = KubernetesApi("eu")
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    api.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "tides.demo.example.com"},
            "spec": {
                "group": "demo.example.com",
                "scope": "Namespaced",
                "names": {"plural": "tides", "kind": "Tide", "singular": "tide"},
                "versions": [{"name": "v1", "served": True, "storage": True}],
            },
        }
    )
    return api


def put_tide(api: KubernetesApi) -> None:
    metadata = {"name": "spring", "namespace": "shop"}
    api.create({"apiVersion": "demo.example.com/v1", "kind": "Tide", "metadata": metadata})


def found(api: KubernetesApi, tmp_path, later: timedelta = timedelta()) -> tuple[str, ...]:
    with serve(api) as server:
        kubeconfig = server.kubeconfig(tmp_path / "kubeconfig", context="eu")
        with Cluster("eu", kubeconfig=kubeconfig, context="eu") as cluster:
            now = datetime.now(UTC) + later
            return find_young_kinds(Velero(cluster, "velero"), "shop", now)


def test_a_young_kind_with_objects_is_noted(api, tmp_path):
    put_tide(api)
    assert found(api, tmp_path) == (KIND,)


def test_a_kind_without_objects_there_is_not(api, tmp_path):
    assert found(api, tmp_path) == ()


def test_a_kind_that_velero_has_had_time_to_notice_is_not(api, tmp_path):
    put_tide(api)
    assert found(api, tmp_path, later=timedelta(minutes=7)) == ()


def test_what_may_not_be_listed_is_not_noted(api, tmp_path):
    put_tide(api)
    with serve(api, token="admin") as server:
        server.rights("few", user="ann")
        kubeconfig = server.kubeconfig(tmp_path / "kubeconfig", context="eu", token="few")
        with Cluster("eu", kubeconfig=kubeconfig, context="eu") as cluster:
            assert find_young_kinds(Velero(cluster, "velero"), "shop", datetime.now(UTC)) == ()


def test_only_objects_of_the_namespace_count():
    listed = {"demo.example.com/v1/Tide": ["crm/spring"], "v1/Secret": ["shop/login"]}
    assert list(overlooked([KIND], listed, ["shop"])) == [KIND]
    listed = {"demo.example.com/v1beta1/Tide": ["shop/spring"]}
    assert list(overlooked([KIND], listed, ["shop"])) == []


def test_a_point_that_lacks_a_noted_kind_is_partial_and_says_so():
    now = datetime.now(UTC)
    point = RecoveryPoint(
        id=PointId(tool="velero", store="s", name="p"),
        phase=Phase.SUCCEEDED,
        scope=Scope(namespaces=("shop",)),
        begin=now,
        end=now,
    )
    files = {
        Target.BACKUP_OBJECTS: json.dumps({"v1/Secret": ["shop/login"]}).encode(),
        Target.BACKUP_VOLUMES: b"[]",
        Target.BACKUP_RESULTS: b"{}",
    }
    judged = judge(point, files, Voice("eu", "velero"), [KIND])
    assert judged.phase is Phase.PARTIAL
    assert [finding.code for finding in judged.findings] == ["kind-overlooked"]
    assert judge(point, files, Voice("eu", "velero")).phase is Phase.SUCCEEDED
