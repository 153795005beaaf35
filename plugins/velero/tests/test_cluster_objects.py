"""Cluster-scoped objects: what their backup holds, what comes back, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, Requirement, Stamp, shortfalls
from slackwater.model.request import BackupRequest, Existing, RestoreRequest
from slackwater.model.workload import Workload, WorkloadKind
from slackwater_velero.cluster_objects import is_restored
from slackwater_velero.verification import of_cluster

OF_EAST = Workload(cluster="east", kind=WorkloadKind.CLUSTER_OBJECTS)
ROLES = "clusterroles.rbac.authorization.k8s.io"
CLASSES = "storageclasses.storage.k8s.io"
WEBHOOKS = "validatingwebhookconfigurations.admissionregistration.k8s.io"
RBAC = "rbac.authorization.k8s.io/v1"


def put(emulated, version, kind, name, **rest):
    labels = rest.pop("labels", {})
    metadata = {"name": name, "labels": labels}
    emulated.api.create({"apiVersion": version, "kind": kind, "metadata": metadata, **rest})


@pytest.fixture
def cluster(emulated):
    """A cluster with objects of its own, of Kubernetes', and with volumes."""
    built_in = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    put(emulated, "storage.k8s.io/v1", "StorageClass", "fast", provisioner="a.example")
    put(emulated, RBAC, "ClusterRole", "theirs", rules=[])
    put(emulated, RBAC, "ClusterRole", "system:node", labels=built_in, rules=[])
    group = "admissionregistration.k8s.io"
    emulated.define("ValidatingWebhookConfiguration", group, scope="Cluster")
    put(emulated, "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "gate")
    emulated.define("Realm", "example.org", scope="Cluster")
    put(emulated, "example.org/v1", "Realm", "north")
    return emulated


@pytest.fixture
def backend(cluster):
    return cluster.backend(volumes="move-data")


@pytest.fixture
def point(cluster, backend):
    """The point that our own backup of the cluster's objects makes."""
    request = BackupRequest(
        workload=OF_EAST,
        require=(Requirement.OBJECTS,),
        due=datetime(2026, 11, 21, 13, tzinfo=UTC),
        stamp=Stamp(cluster="east", cluster_uid="u"),
    )
    made = cluster.drive(backend, backend.plan_backup(request))["backup"]
    return backend.get_recovery_point(PointId(tool="velero", store="", name=made.point))


def planned(backend, point, existing=Existing.KEEP):
    request = RestoreRequest(workload=OF_EAST, point=point, target="east", existing=existing)
    return backend.plan_restore(request)


def test_their_backup_holds_them_and_is_good(point):
    assert point.contents is not None
    assert set(point.contents.objects) == {""}
    assert shortfalls(point, OF_EAST, (Requirement.OBJECTS, Requirement.VOLUMES)) == ()


def test_volumes_are_no_gaps_of_it(point):
    """Every PersistentVolume is listed there, without its data: that is in the namespaces'."""
    assert point.phase is Phase.SUCCEEDED
    assert point.contents.volumes == ()
    assert not point.findings


def test_a_young_kind_of_the_cluster_is_noted_on_the_backup(cluster, backend, point):
    noted = cluster.api.get("backups.velero.io", point.name, "velero")["metadata"]["annotations"]

    assert "example.org/Realm" in noted["slackwater.dev/young-kinds"].split(",")


def test_what_is_lacking_comes_back_and_nothing_else(cluster, backend, point):
    for kind, name in ((ROLES, "theirs"), (CLASSES, "fast"), (WEBHOOKS, "gate")):
        cluster.api.delete(kind, name)
    cluster.api.delete(ROLES, "system:node")
    cluster.api.delete("customresourcedefinitions.apiextensions.k8s.io", "realms.example.org")
    cluster.api.delete("namespaces", "shop")
    volumes = {each["metadata"]["name"] for each in cluster.api.list("persistentvolumes")}

    results = cluster.drive(backend, planned(backend, point))

    assert results["restore"].phase is Phase.SUCCEEDED
    assert cluster.api.get(ROLES, "theirs")["rules"] == []
    assert cluster.api.get(CLASSES, "fast")["provisioner"] == "a.example"
    assert cluster.api.get("realms.example.org", "north")
    assert cluster.api.list(WEBHOOKS) == []
    assert "system:node" not in [each["metadata"]["name"] for each in cluster.api.list(ROLES)]
    assert "shop" not in [each["metadata"]["name"] for each in cluster.api.list("namespaces")]
    assert {v["metadata"]["name"] for v in cluster.api.list("persistentvolumes")} == volumes
    assert results["verify"]["missing"] == []


def test_what_leads_to_programs_is_named_with_the_way_to_bring_it_back(cluster, backend, point):
    cluster.api.delete(WEBHOOKS, "gate")

    verified = cluster.drive(backend, planned(backend, point))["verify"]

    [left] = [each for each in verified["findings"] if each["code"] == "left-out"]
    assert "ValidatingWebhookConfiguration/gate" in left["message"]
    assert "kind: Restore" in left["way_out"]
    assert left["severity"] == "warning"


def test_what_stands_already_is_kept_and_counted(cluster, backend, point):
    cluster.api.patch(CLASSES, "fast", {"provisioner": "b.example"})

    verified = cluster.drive(backend, planned(backend, point))["verify"]

    assert cluster.api.get(CLASSES, "fast")["provisioner"] == "b.example"
    [kept] = [each for each in verified["findings"] if each["code"] == "kept"]
    assert "StorageClass/fast" in kept["message"]
    assert kept["severity"] == "info"


def test_what_stands_already_is_changed_where_that_is_asked_for(cluster, backend, point):
    cluster.api.patch(CLASSES, "fast", {"provisioner": "b.example"})

    cluster.drive(backend, planned(backend, point, Existing.UPDATE))

    assert cluster.api.get(CLASSES, "fast")["provisioner"] == "a.example"


def test_what_did_not_come_back_is_missed(cluster, backend, point):
    plan = planned(backend, point)
    verify = next(act for act in plan.acts if act.id == "verify")
    cluster.api.delete(CLASSES, "fast")

    result = cluster.drive(backend, plan.model_copy(update={"acts": (verify,)}))["verify"]

    assert result["missing"] == ["StorageClass/fast"]
    assert [each["code"] for each in result["findings"]] == ["objects-missing"]


def test_a_released_volume_is_no_gap_of_a_whole_cluster(cluster, backend):
    cluster.api.seed(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": "released"},
            "spec": {"hostPath": {"path": "/old"}},
        }
    )
    cluster.put("Backup", "theirs", {"includeClusterResources": True, "snapshotMoveData": True})
    cluster.velero.tick(10)

    point = backend.get_recovery_point(PointId(tool="velero", store="", name="theirs"))

    assert "released" not in {volume.volume for volume in point.contents.volumes}
    assert any(volume.claim == "scratch" and not volume.held for volume in point.contents.volumes)


@pytest.mark.parametrize(
    ("kind", "name", "comes"),
    [
        ("v1/Namespace", "shop", False),
        ("v1/Node", "n1", False),
        ("apiregistration.k8s.io/v1/APIService", "v1beta1.metrics.k8s.io", False),
        (f"{RBAC}/ClusterRole", "system:node", False),
        (f"{RBAC}/ClusterRole", "admin", False),
        (f"{RBAC}/ClusterRole", "theirs", True),
        (f"{RBAC}/ClusterRoleBinding", "velero", False),
        ("apiextensions.k8s.io/v1/CustomResourceDefinition", "backups.velero.io", False),
        ("apiextensions.k8s.io/v1/CustomResourceDefinition", "realms.example.org", True),
        ("storage.k8s.io/v1/StorageClass", "fast", True),
    ],
)
def test_what_belongs_to_a_cluster_for_itself_is_not_expected_in_another(kind, name, comes):
    assert is_restored(kind, name) is comes
    assert of_cluster({kind: [name]}) == ({kind: [name]} if comes else {})
