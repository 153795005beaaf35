"""Filters of a backup that nothing in the backup shows, on real servers."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from slackwater.model.request import PointQuery
from slackwater.model.workload import Workload

pytestmark = pytest.mark.real

VOLUMES = """
version: v1
volumePolicies:
- conditions: {volumeTypes: [nfs]}
  action: {type: skip}
"""
KINDS = "{version: v1, includeExcludePolicy: {excludedNamespaceScopedResources: [secrets]}}"
NAMES = """
version: v1
namespacedFilterPolicies:
- namespaces: ["%s"]
  resourceFilters:
  - kinds: [configmaps]
    names: [kept]
"""


def config_map(name, namespace, **data):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def secret(name, namespace):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def next_second():
    """Kubernetes' times are whole seconds; a policy has to be older than a backup to count."""
    begun = datetime.now(UTC).replace(microsecond=0)
    while datetime.now(UTC).replace(microsecond=0) == begun:
        time.sleep(0.01)


def scopes(real, cluster):
    return {p.name: p.scope for p in real[cluster].list_recovery_points(PointQuery())}


def test_what_a_resource_policy_left_out_is_never_whole(real, fresh_namespace):
    shop = Workload(cluster="", namespace=fresh_namespace)
    policies = {"volumes": VOLUMES, "kinds": KINDS, "names": NAMES % fresh_namespace}
    made = [config_map(f"{k}-{real.tag}", "velero", p=text) for k, text in policies.items()]
    held = [config_map("kept", fresh_namespace), secret("lost", fresh_namespace)]
    real.apply("east", *made, *held)
    next_second()
    names = {
        policy: real.back_up(
            policy,
            includedNamespaces=[fresh_namespace],
            resourcePolicy={"kind": "configmap", "name": f"{policy}-{real.tag}"},
        )
        for policy in policies
    }

    found = scopes(real, "east")
    assert found[names["volumes"]].covers(shop)
    assert "without secrets" in found[names["kinds"]].limits
    assert f"only chosen objects in {fresh_namespace}" in found[names["names"]].limits
    held = {
        policy: real["east"].get_recovery_point(point.id).contents.objects_in(fresh_namespace)
        for point in real["east"].list_recovery_points(PointQuery())
        for policy, name in names.items()
        if point.name == name
    }
    assert held["volumes"] > held["kinds"] > held["names"] == 1, "Velero did leave them out"

    real.show_in_west()
    assert "lies in the cluster that made" in scopes(real, "west")[names["volumes"]].limits

    next_second()
    real.apply("east", config_map(f"volumes-{real.tag}", "velero", p=KINDS))
    assert "was written to" in scopes(real, "east")[names["volumes"]].limits
    real.testbed["east"].kubectl("delete", "configmap", f"kinds-{real.tag}", "-n", "velero")
    assert "is gone" in scopes(real, "east")[names["kinds"]].limits


def test_objects_of_the_cluster_are_claimed_where_velero_took_them(real, fresh_namespace):
    storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"}
    real.apply(
        "east",
        {**storage, "metadata": {"name": f"class-{real.tag}"}, "provisioner": "x.example"},
        config_map("kept", fresh_namespace),
    )
    specs = {
        "silent": {},
        "asked": {"includeClusterResources": True},
        "new": {"includedClusterScopedResources": ["*"]},
    }
    names = {name: real.back_up(name, **spec) for name, spec in specs.items()}

    points = {p.name: p for p in real["east"].list_recovery_points(PointQuery())}
    claimed = {name: points[made].scope.cluster_objects for name, made in names.items()}
    held = {
        name: real["east"].get_recovery_point(points[made].id).contents.objects_in("")
        for name, made in names.items()
    }
    assert claimed == {"silent": False, "asked": True, "new": True}
    assert held["silent"] < held["asked"] == held["new"]
