"""One namespace of a larger backup brings the definitions that its objects need, and no others."""

from __future__ import annotations

import pytest
import yaml

from slackwater.errors import TransientBackendError
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId
from slackwater.model.request import RestoreRequest
from slackwater.model.workload import Workload
from slackwater.testing.kubernetes_api.workloads import put
from slackwater_velero.emulator import location
from slackwater_velero.kind_acts import definitions_for, only_these

LISTED = {
    "apiextensions.k8s.io/v1/CustomResourceDefinition": [
        "gadgets.other.example",
        "sprockets.example.org",
        "widgets.example.org",
    ],
    "apps/v1/Deployment": ["shop/web"],
    "example.org/v1/Widget": ["shop/w"],
    "other.example/v1/Gadget": ["crm/g"],
    "v1/ConfigMap": ["shop/prices"],
}


def test_definitions_are_chosen_by_the_groups_of_the_objects():
    assert definitions_for(LISTED, "shop") == ("sprockets.example.org", "widgets.example.org")
    assert definitions_for(LISTED, "crm") == ("gadgets.other.example",)
    assert definitions_for(LISTED, "books") == ()


def test_no_definition_is_not_all_of_them():
    [chosen] = yaml.safe_load(only_these(()))["clusterScopedFilterPolicy"]["resourceFilters"]

    assert len(chosen["names"]) == 1
    assert "." in chosen["names"][0]


DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
THEIRS = ("gadgets.other.example", "widgets.example.org")


@pytest.fixture
def whole(emulated):
    """A stranger's backup of the whole cluster; then the shop and all definitions are lost."""
    emulated.define("Widget", "example.org")
    emulated.define("Gadget", "other.example")
    put(emulated.api, "example.org/v1", "Widget", "shop", "w", size=3)
    put(emulated.api, "other.example/v1", "Gadget", "crm", "g")
    emulated.put("Backup", "theirs", {"includeClusterResources": True})
    emulated.velero.tick(10)
    emulated.api.delete("namespaces", "shop")
    emulated.api.delete("namespaces", "crm")
    for name in THEIRS:
        emulated.api.delete(DEFINITIONS, name)
    return emulated


def planned(backend, namespace):
    point = backend.get_recovery_point(PointId(tool="velero", store="", name="theirs"))
    workload = Workload(cluster="east", namespace=namespace)
    return backend.plan_restore(RestoreRequest(workload=workload, point=point, target="east"))


def standing(emulated):
    return {each["metadata"]["name"] for each in emulated.api.list(DEFINITIONS)}


def test_one_namespace_of_a_whole_cluster_is_restored_with_its_kinds(whole):
    backend = whole.backend()

    results = whole.drive(backend, planned(backend, "shop"))

    assert results["restore"].phase is Phase.SUCCEEDED
    assert whole.api.get("widgets.example.org", "w", "shop")["size"] == 3
    assert results["verify"]["missing"] == []
    assert standing(whole) & set(THEIRS) == {"widgets.example.org"}
    left = [each["metadata"]["name"] for each in whole.api.list("configmaps", "velero")]
    assert not any(name.startswith("sw-") for name in left)


def test_a_namespace_without_custom_resources_brings_no_kinds(whole):
    backend = whole.backend()

    whole.drive(backend, planned(backend, "books"))

    assert not standing(whole) & set(THEIRS)


def test_a_list_that_cannot_be_had_now_is_asked_for_again(whole):
    backend = whole.backend()
    plan = planned(backend, "shop")
    whole.velero.cloud.folder(location("default", "east")).bucket.down = True

    with pytest.raises(TransientBackendError):
        whole.drive(backend, plan)
