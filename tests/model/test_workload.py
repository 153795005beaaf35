"""What a recovery point claims of a workload, by its scope."""

from __future__ import annotations

import pytest

from slackwater.model.workload import Scope, Workload, WorkloadKind

SHOP = Workload(cluster="eu", namespace="shop")
DATA = Workload(cluster="eu", kind=WorkloadKind.VOLUME, namespace="shop", name="data")
OBJECTS = Workload(cluster="eu", kind=WorkloadKind.CLUSTER_OBJECTS)
WHOLE = Workload(cluster="eu", kind=WorkloadKind.CONTROL_PLANE)
IMAGES = Workload(cluster="eu", kind=WorkloadKind.IMAGES, namespace="shop")


@pytest.mark.parametrize(
    ("scope", "claimed"),
    [
        (Scope(namespaces=("shop",)), {SHOP, DATA}),
        (Scope(namespaces=("s*",), excluded=("shop",)), set()),
        (Scope(volumes=(("shop", "data"),)), {DATA}),
        (Scope(cluster_objects=True), {OBJECTS}),
        (Scope(control_plane=True), {WHOLE}),
        (Scope(namespaces=("*",), cluster_objects=True), {SHOP, DATA, OBJECTS}),
    ],
)
def test_a_scope_claims_what_can_be_restored_out_of_it_by_itself(scope, claimed):
    every = (SHOP, DATA, OBJECTS, WHOLE, IMAGES)
    assert {workload for workload in every if scope.touches(workload)} == claimed
    limited = scope.model_copy(update={"limits": "only with a label"})
    assert not any(limited.covers(workload) for workload in every)
