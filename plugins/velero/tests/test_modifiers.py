"""Storage classes and images are changed by rules that Velero reads; the emulator applies them."""

from __future__ import annotations

import pytest
import yaml

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import RestoreMapping, RestoreRequest
from slackwater.model.workload import Scope, Workload
from slackwater_velero.emulator.modifying import BadRules, modified, read_rules
from slackwater_velero.modifiers import modifier_rules


def rules(**mapping):
    point = RecoveryPoint(
        id=PointId(tool="velero", store="s3://h/b", name="b"),
        phase=Phase.SUCCEEDED,
        scope=Scope(namespaces=("shop",)),
    )
    wish = RestoreRequest(
        workload=Workload(cluster="eu", namespace="shop"),
        point=point,
        target="dr",
        mapping=RestoreMapping(**mapping),
    )
    return modifier_rules(wish)


def applied(found, kind, **mapping):
    return modified(found, kind, read_rules({"data": {"any": rules(**mapping)}}))


def claim(storage_class):
    return {"metadata": {"namespace": "shop"}, "spec": {"storageClassName": storage_class}}


def pods(image, *more):
    containers = [{"name": str(n), "image": each} for n, each in enumerate((image, *more))]
    return {"containers": containers, "initContainers": [{"name": "i", "image": image}]}


def test_no_mapping_needs_no_rules():
    assert rules(namespaces={"shop": "drill"}) == ""


def test_a_storage_class_is_mapped_on_claims_only_where_it_was():
    mapping = {"fast": "slow"}

    changed = applied(claim("fast"), "persistentvolumeclaims", storage_classes=mapping)
    other = applied(claim("faster"), "persistentvolumeclaims", storage_classes=mapping)

    assert changed["spec"]["storageClassName"] == "slow"
    assert other["spec"]["storageClassName"] == "faster"


def test_two_classes_may_be_swapped():
    mapping = {"fast": "slow", "slow": "fast"}

    for before, after in mapping.items():
        changed = applied(claim(before), "persistentvolumeclaims", storage_classes=mapping)
        assert changed["spec"]["storageClassName"] == after


def test_claim_templates_of_stateful_sets_are_mapped():
    templates = [{"spec": {"storageClassName": "other"}}, {"spec": {"storageClassName": "fast"}}]
    found = {"metadata": {"namespace": "shop"}, "spec": {"volumeClaimTemplates": templates}}

    changed = applied(found, "statefulsets.apps", storage_classes={"fast": "slow"})

    classes = [t["spec"]["storageClassName"] for t in changed["spec"]["volumeClaimTemplates"]]
    assert classes == ["other", "slow"]


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [
        ("pods", lambda spec: {"spec": spec}),
        ("deployments.apps", lambda spec: {"spec": {"template": {"spec": spec}}}),
        ("daemonsets.apps", lambda spec: {"spec": {"template": {"spec": spec}}}),
        ("jobs.batch", lambda spec: {"spec": {"template": {"spec": spec}}}),
        (
            "cronjobs.batch",
            lambda spec: {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}},
        ),
    ],
)
def test_images_are_mapped_wherever_pods_are_described(kind, wrap):
    found = {"metadata": {"namespace": "shop"}, **wrap(pods("a.example/web:1", "b.example/x:2"))}

    changed = applied(found, kind, images={"a.example/web:1": "mirror/web:1"})

    expected = pods("mirror/web:1", "b.example/x:2")
    assert changed == {"metadata": {"namespace": "shop"}, **wrap(expected)}


def test_rules_are_what_velero_can_read():
    read = yaml.safe_load(rules(storage_classes={"fast": "slow"}))

    assert read["version"] == "v1"
    for rule in read["resourceModifierRules"]:
        assert set(rule) == {"conditions", "patches"}
        assert set(rule["conditions"]) == {"groupResource", "matches"}


@pytest.mark.parametrize("data", [{}, {"a": "version: v1", "b": "version: v1"}, {"a": "nonsense"}])
def test_the_emulator_refuses_what_velero_refuses(data):
    with pytest.raises(BadRules):
        read_rules({"data": data})
