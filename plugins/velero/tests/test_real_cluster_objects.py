"""Cluster-scoped objects, and the kinds of one namespace, into another cluster; on real servers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, Requirement, Stamp, shortfalls
from slackwater.model.request import BackupRequest, RestoreRequest
from slackwater.model.workload import Workload, WorkloadKind

pytestmark = pytest.mark.real

OF_EAST = Workload(cluster="east", kind=WorkloadKind.CLUSTER_OBJECTS)
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def thing(version, kind, name, **rest):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **rest}


def definition(kind, group, scope):
    plural = f"{kind.lower()}s"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": ANYTHING},
    }
    spec = {
        "group": group,
        "scope": scope,
        "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
        "versions": [version],
    }
    return thing(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}", spec=spec
    )


def define(real, *definitions):
    real.apply("east", *definitions)
    for each in definitions:
        real.testbed["east"].wait_for("crd", each["metadata"]["name"], established)
    real.learn_kinds()


def established(found):
    conditions = found.get("status", {}).get("conditions", ())
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def webhook(name):
    rule = {
        "apiGroups": ["nobody.example"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["nothings"],
    }
    hook = {
        "name": "gate.example.org",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Ignore",
        "clientConfig": {"url": "https://127.0.0.1:1/x"},
        "rules": [rule],
    }
    version = "admissionregistration.k8s.io/v1"
    return thing(version, "ValidatingWebhookConfiguration", name, webhooks=[hook])


def planned(real, workload, name):
    [store] = [each for each in real["east"].list_stores() if each.writable]
    identity = PointId(tool="velero", store=store.identity, name=name)
    point = real["east"].get_recovery_point(identity)
    request = RestoreRequest(workload=workload, point=point, target="west", stores=(store,))
    return real["west"].plan_restore(request)


def test_objects_of_the_cluster_come_back_in_another_and_no_others(real, fresh_namespace):
    tag, west = real.tag, real.testbed["west"]
    group = f"{tag}.example.org"
    define(real, definition("Realm", group, "Cluster"))
    volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}
    real.apply(
        "east",
        thing(f"{group}/v1", "Realm", f"realm-{tag}", north=True),
        thing("storage.k8s.io/v1", "StorageClass", f"class-{tag}", provisioner="x.example"),
        thing("rbac.authorization.k8s.io/v1", "ClusterRole", f"role-{tag}", rules=[]),
        thing("v1", "Node", f"node-{tag}"),
        thing(
            "v1",
            "PersistentVolume",
            f"volume-{tag}",
            spec={**volume, "hostPath": {"path": "/nowhere"}, "storageClassName": ""},
        ),
        webhook(f"gate-{tag}"),
    )
    other = {"provisioner": "other.example"}
    real.apply("west", thing("storage.k8s.io/v1", "StorageClass", f"stands-{tag}", **other))
    real.apply(
        "east", thing("storage.k8s.io/v1", "StorageClass", f"stands-{tag}", provisioner="x.example")
    )
    request = BackupRequest(
        workload=OF_EAST,
        require=(Requirement.OBJECTS,),
        due=datetime.now(UTC),
        stamp=Stamp(cluster="east", cluster_uid="u"),
    )
    made = real.drive("east", real["east"].plan_backup(request))["backup"]
    point = real["east"].get_recovery_point(PointId(tool="velero", store="", name=made.point))
    assert (point.phase, set(point.contents.objects)) == (Phase.SUCCEEDED, {""})
    assert shortfalls(point, OF_EAST, (Requirement.OBJECTS, Requirement.VOLUMES)) == ()
    assert not [finding for finding in point.findings if finding.code == "volume-skipped"]

    real.show_in_west()
    results = real.drive("west", planned(real, OF_EAST, made.point))

    assert results["verify"]["missing"] == [], results["verify"]
    severities = {each["code"]: each["severity"] for each in results["verify"]["findings"]}
    assert severities == {"left-out": "warning", "kept": "info"}
    assert west.get(f"realms.{group}", f"realm-{tag}")["north"] is True
    assert west.get("storageclass", f"class-{tag}")
    assert west.get("clusterrole", f"role-{tag}")
    assert west.get("storageclass", f"stands-{tag}")["provisioner"] == "other.example"
    assert west.get("namespace", fresh_namespace) is None
    assert west.get("node", f"node-{tag}") is None
    assert west.get("pv", f"volume-{tag}") is None
    assert west.get("validatingwebhookconfiguration", f"gate-{tag}") is None
    [left] = [each for each in results["verify"]["findings"] if each["code"] == "left-out"]
    assert f"gate-{tag}" in left["message"]
    west.kubectl("create", "-f", "-", stdin=left["way_out"].split("<<'EOF'\n")[1].rsplit("EOF")[0])
    assert west.wait_for("validatingwebhookconfiguration", f"gate-{tag}", bool)


def test_one_namespace_of_a_strangers_whole_backup_comes_with_its_kinds(real, fresh_namespace):
    tag, west = real.tag, real.testbed["west"]
    ours, others = f"{tag}.example.org", f"{tag}.other.example"
    define(real, definition("Widget", ours, "Namespaced"), definition("Gadget", others, "Cluster"))
    widget = {
        "apiVersion": f"{ours}/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": fresh_namespace},
        "size": 3,
    }
    real.apply("east", widget, thing(f"{others}/v1", "Gadget", f"gadget-{tag}"))
    whole = real.back_up("whole", includeClusterResources=True)

    real.show_in_west()
    workload = Workload(cluster="east", namespace=fresh_namespace)
    results = real.drive("west", planned(real, workload, whole))

    assert results["choose-kinds"]["definitions"] == [f"widgets.{ours}"]
    assert results["verify"]["missing"] == [], results["verify"]
    assert west.get(f"widgets.{ours}", "w", fresh_namespace)["size"] == 3
    assert west.get("crd", f"widgets.{ours}")
    assert west.get("crd", f"gadgets.{others}") is None
    assert west.kubectl("get", "configmap", "-n", "velero", "-o", "name").count("sw-kinds-") == 0
