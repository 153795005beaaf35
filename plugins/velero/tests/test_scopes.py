"""What a Backup claims to cover, by its spec as Velero leaves it."""

from __future__ import annotations

import msgspec
import pytest

from slackwater.model.workload import Workload, WorkloadKind
from slackwater_velero.objects import BackupSpec
from slackwater_velero.resource_policies import Filters
from slackwater_velero.scopes import CLUSTER_OBJECTS, scope_of

SHOP = Workload(cluster="east", namespace="shop")
WHOLE = Workload(cluster="east", kind=WorkloadKind.CLUSTER_OBJECTS)
ADDED = {
    "excludedClusterScopedResources": ["volumesnapshotcontents.snapshot.storage.k8s.io"],
    "excludedNamespaceScopedResources": ["volumesnapshots.snapshot.storage.k8s.io"],
}
"""What Velero 1.18.3 writes into every spec without the older filters."""
ADDED_BESIDE_OLDER = {"excludedResources": [kind for kinds in ADDED.values() for kind in kinds]}


def scope(filters=None, **spec):
    read = msgspec.convert({"includedNamespaces": ["*"], **spec}, BackupSpec)
    return scope_of(read, filters) if filters else scope_of(read)


@pytest.mark.parametrize(
    ("spec", "limit"),
    [
        ({"labelSelector": {"matchLabels": {"a": "b"}}}, "chosen by labels"),
        ({"orLabelSelectors": [{"matchLabels": {"a": "b"}}]}, "chosen by labels"),
        ({"includedResources": ["secrets"]}, "only secrets"),
        ({"excludedResources": ["secrets"]}, "without secrets"),
        ({"includedNamespaceScopedResources": ["pods"]}, "only pods"),
        ({"excludedNamespaceScopedResources": ["pods"]}, "without pods"),
        ({"excludedResources": ["events", "pods"]}, "without pods"),
    ],
)
def test_a_filter_limits_the_scope(spec, limit):
    found = scope(**{"includedNamespaces": ["shop"], **spec})

    assert limit in found.limits
    assert not found.covers(SHOP)


@pytest.mark.parametrize(
    "spec",
    [
        ADDED,
        ADDED_BESIDE_OLDER,
        {"excludedResources": ["events", "events.events.k8s.io", "nodes"]},
        {"includedResources": ["*"]},
        {"includedNamespaceScopedResources": ["*"], **ADDED},
        {"includeClusterResources": False},
        {"labelSelector": {}},
    ],
)
def test_what_no_restore_would_bring_back_is_no_limit(spec):
    assert scope(**spec).limits == ""
    assert scope(**spec).covers(SHOP)


def test_a_namespace_that_is_labelled_to_stay_out_is_not_claimed():
    """Velero writes its name into the spec."""
    assert not scope(excludedNamespaces=["shop"]).covers(SHOP)


@pytest.mark.parametrize(
    ("spec", "claimed"),
    [
        ({}, True),
        ({"includedNamespaces": None}, True),
        (ADDED, False),
        ({**ADDED, "includedNamespaces": ["shop"]}, False),
        ({**ADDED, "includedClusterScopedResources": ["*"]}, True),
        ({**ADDED, "includedClusterScopedResources": ["storageclasses"]}, False),
        ({"includedNamespaceScopedResources": ["pods"]}, False),
        ({"excludedClusterScopedResources": ["*"]}, False),
        ({"excludedNamespaces": ["x"]}, False),
        ({"includeClusterResources": True, **ADDED_BESIDE_OLDER}, True),
        ({"includeClusterResources": True, "includedNamespaces": ["shop"]}, True),
        ({"includeClusterResources": False}, False),
        (ADDED_BESIDE_OLDER, True),
        ({**ADDED_BESIDE_OLDER, "excludedNamespaces": ["x"]}, False),
    ],
)
def test_cluster_scoped_objects_are_claimed_where_velero_takes_all_of_them(spec, claimed):
    """With its own additions Velero takes them only where it is told to: seen on 1.18.3."""
    assert scope(**spec).cluster_objects is claimed


def test_a_backup_of_cluster_scoped_objects_claims_no_namespace():
    found = scope(
        includedClusterScopedResources=["*"],
        excludedNamespaceScopedResources=["*", *ADDED["excludedNamespaceScopedResources"]],
        excludedClusterScopedResources=ADDED["excludedClusterScopedResources"],
    )

    assert (found.cluster_objects, found.namespaces, found.limits) == (True, (), "")
    assert scope(**CLUSTER_OBJECTS).covers(WHOLE)


@pytest.mark.parametrize(
    "spec",
    [
        {"includedClusterScopedResources": ["storageclasses"]},
        {"includedClusterScopedResources": ["*"], "excludedClusterScopedResources": ["crds"]},
        {"includedClusterScopedResources": ["*"], "labelSelector": {"matchLabels": {"a": "b"}}},
        {},
    ],
)
def test_some_cluster_scoped_objects_are_not_all_of_them(spec):
    assert not scope(**spec, excludedNamespaceScopedResources=["*"]).covers(WHOLE)


def test_a_policy_about_cluster_scoped_objects_limits_only_who_claims_them():
    filters = Filters(of_cluster_objects=("only chosen roles",))
    everything = {**ADDED, "includedClusterScopedResources": ["*"]}

    assert scope(filters, **everything).limits == "only chosen roles"
    assert scope(filters, **ADDED).limits == ""
    assert scope(filters, **CLUSTER_OBJECTS).limits == "only chosen roles"


def test_kinds_of_a_policy_take_back_the_claim_to_all_of_the_cluster():
    assert not scope(Filters(kinds_of_cluster=True)).cluster_objects


def test_an_unknown_filter_is_said_once():
    unknown = Filters(limits=("?",), of_cluster_objects=("?",), kinds_of_cluster=True)

    assert scope(unknown, includedClusterScopedResources=["*"]).limits == "?"
