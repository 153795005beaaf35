"""What resource policies leave out; and that a policy which is not known is never whole."""

from __future__ import annotations

import pytest

from slackwater.errors import TransientBackendError
from slackwater.model.request import PointQuery
from slackwater.model.workload import Workload
from slackwater.testing.kubernetes_api import Cut, Rule
from slackwater_velero.resource_policies import read_filters

SHOP = Workload(cluster="", namespace="shop")
EARLIER, MADE, ENDED = (f"2026-11-21T13:00:0{n}Z" for n in (0, 1, 5))

SKIP = """
version: v1
volumePolicies:
- conditions: {storageClass: [scratch]}
  action: {type: skip}
"""
KINDS = """
version: v1
includeExcludePolicy:
  excludedNamespaceScopedResources: [secrets]
"""
NAMES = """
version: v1
namespacedFilterPolicies:
- namespaces: [shop]
  resourceFilters:
  - kinds: [configmaps]
    names: [prices]
"""


@pytest.mark.parametrize(
    ("policy", "limits", "of_cluster", "kinds_of_cluster"),
    [
        (SKIP, "", "", False),
        (KINDS, "without secrets", "", False),
        (NAMES, "only chosen objects in shop", "", False),
        (
            "{includeExcludePolicy: {includedNamespaceScopedResources: [pods]}}",
            "only pods",
            "",
            False,
        ),
        ("{includeExcludePolicy: {excludedNamespaceScopedResources: [events]}}", "", "", False),
        ("{includeExcludePolicy: {excludedClusterScopedResources: [crds]}}", "", "", True),
        (
            "{clusterScopedFilterPolicy: {resourceFilters: [{kinds: [clusterroles], names: [a]}]}}",
            "",
            "only chosen objects among clusterroles",
            False,
        ),
        (
            "{clusterScopedFilterPolicy: {resourceFilters: [{kinds: [persistentvolumes]}]}}",
            "only chosen objects among persistentvolumes",
            "only chosen objects among persistentvolumes",
            False,
        ),
    ],
)
def test_every_section_that_leaves_something_out_says_so(
    policy, limits, of_cluster, kinds_of_cluster
):
    filters = read_filters("theirs", {"policy": policy})

    def said(words):
        return [f"{words} (by its resource policy theirs)"] if words else []

    assert list(filters.limits) == said(limits)
    assert list(filters.of_cluster_objects) == said(of_cluster)
    assert filters.kinds_of_cluster is kinds_of_cluster


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"one": SKIP, "two": SKIP},
        {"policy": "["},
        {"policy": "a word"},
        {"policy": ""},
        {"policy": "version: v1\nfilterOfTomorrow: {}"},
        {"policy": "includeExcludePolicy: [secrets]"},
    ],
)
def test_what_cannot_be_read_is_not_known(data):
    assert "is not known" in read_filters("theirs", data).limits[0]


@pytest.fixture
def listed(emulated):
    """List the one backup, whose policy is as it is said; ``written`` are its writes."""

    def listing(policy=SKIP, *, written=(EARLIER,), created=MADE, generation=1, token=None, **spec):
        if policy is not None:
            fields = [{"manager": "kubectl", "time": time} for time in written]
            emulated.api.seed(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": "theirs",
                        "namespace": "velero",
                        "creationTimestamp": EARLIER,
                        "managedFields": fields,
                    },
                    "data": {"policy": policy},
                }
            )
        spec = {
            "includedNamespaces": ["shop"],
            "resourcePolicy": {"kind": "configmap", "name": "theirs"},
            "storageLocation": "default",
            **spec,
        }
        times = {"startTimestamp": MADE, "completionTimestamp": ENDED}
        status = {"phase": "Completed", **times}
        made = {"creationTimestamp": created, "generation": generation}
        emulated.put("Backup", "b", spec, status, **made)
        [point] = emulated.backend(token=token).list_recovery_points(PointQuery())
        return point.scope

    return listing


def test_a_policy_about_volumes_leaves_the_point_whole(listed):
    """What it skips is in the contents, volume by volume."""
    assert listed(SKIP).covers(SHOP)


def test_a_backup_that_took_less_than_a_second_is_known_by_its_changes(listed):
    """A Backup is changed while it is made, and comes whole where it is synced."""
    assert listed(SKIP, created=ENDED, generation=4).covers(SHOP)


@pytest.mark.parametrize(("policy", "words"), [(KINDS, "secrets"), (NAMES, "in shop")])
def test_a_policy_that_filters_objects_limits_the_point(listed, policy, words):
    scope = listed(policy)

    assert words in scope.limits
    assert not scope.covers(SHOP)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"policy": None}, "is gone"),
        ({"written": (EARLIER, ENDED)}, "was written to"),
        ({"written": (MADE,)}, "was written to"),
        ({"written": ()}, "was written to"),
        ({"created": ENDED}, "lies in the cluster"),
        ({"created": "2026-11-21T14:00:00Z"}, "lies in the cluster"),
    ],
)
def test_a_policy_that_may_have_been_another_is_not_known(listed, case, words):
    scope = listed(**case)

    assert "is not known" in scope.limits
    assert words in scope.limits
    assert not scope.covers(SHOP)


def test_a_policy_that_may_not_be_read_is_not_known(listed, emulated):
    velero = Rule(verbs=("*",), resources=("*",), groups=("velero.io",))
    emulated.server.rights("reader", velero, user="reader")

    assert "may not be read" in listed(token="reader").limits


@pytest.mark.parametrize(
    "spec",
    [
        {"excludedResources": ["events"]},
        {"includeClusterResources": True},
        {"resourcePolicy": {"kind": "Secret", "name": "theirs"}},
        {"resourcePolicy": None},
    ],
)
def test_a_policy_that_velero_would_not_have_let_filter_is_not_asked_for(listed, spec):
    assert listed(None, **spec).covers(SHOP)


def test_a_cluster_that_does_not_answer_is_no_policy_that_is_gone(listed, emulated):
    emulated.server.faults.add("get", "/configmaps/theirs", Cut(), times=None)

    with pytest.raises(TransientBackendError):
        listed()


def test_one_policy_is_read_once_for_a_whole_list(emulated):
    reference = {"kind": "configmap", "name": "theirs"}
    status = {"phase": "Completed", "startTimestamp": MADE, "completionTimestamp": ENDED}
    for number in range(5):
        spec = {"includedNamespaces": ["shop"], "resourcePolicy": reference}
        emulated.put("Backup", f"b-{number}", spec, status, creationTimestamp=MADE)

    points = list(emulated.backend().list_recovery_points(PointQuery()))

    assert all("is gone" in point.scope.limits for point in points)
    asked = [call for call in emulated.server.calls if "/configmaps/theirs" in str(call)]
    assert (len(points), len(asked)) == (5, 1)
