"""The least rights are written once; the README and the YAML say the same, and they are enough."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from slackwater.errors import PermissionDenied
from slackwater.model.act import Key
from slackwater.model.request import PointQuery
from slackwater.testing.kubernetes_api import Rule
from slackwater_kasten.rights import IN_CLUSTER, IN_NAMESPACE, bindings, roles

README = Path(__file__).parent.parent / "README.md"
KEY = Key(run="r-9", step="one")
VERIFYING = tuple(
    Rule(("list",), ("configmaps", "deployments"), ("", "apps"), namespace=namespace)
    for namespace in ("drill", "back")
)
"""What verifying a restore lists is what was restored: not the plugin's to say."""


def row(need):
    optional = " (optional)" if need.optional else ""
    return f"| `{need}` | {', '.join(need.verbs)} | {need.purpose}{optional} |"


def test_the_readme_lists_exactly_the_rights_of_the_table():
    lines = README.read_text().splitlines()
    start = lines.index("## Rights")
    listed = [line for line in lines[start:] if line.startswith("| `")]

    assert listed == [row(need) for need in (*IN_NAMESPACE, *IN_CLUSTER)]


def test_roles_hold_exactly_the_rights_of_the_table():
    role, cluster_role = yaml.safe_load_all(roles("backup"))

    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "backup")
    for document, needs in ((role, IN_NAMESPACE), (cluster_role, IN_CLUSTER)):
        given = [(r["apiGroups"][0], r["resources"][0], *r["verbs"]) for r in document["rules"]]
        assert given == [(need.kind.group, need.resource, *need.verbs) for need in needs]


def test_bindings_name_the_account_with_its_namespace():
    for document in yaml.safe_load_all(bindings("kasten-io", "tools/slackwater")):
        (subject,) = document["subjects"]
        assert (subject["namespace"], subject["name"]) == ("tools", "slackwater")


def test_the_module_prints_what_can_be_applied():
    command = [sys.executable, "-m", "slackwater_kasten.rights", "backup", "tools/slackwater"]

    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    kinds = [document["kind"] for document in yaml.safe_load_all(printed)]
    assert kinds == ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]


def granted(*, without=None):
    """The rules of the table, but for one verb on one resource."""
    for needs, where in ((IN_NAMESPACE, "kasten-io"), (IN_CLUSTER, None)):
        for need in needs:
            verbs = tuple(v for v in need.verbs if (v, need.resource) != without)
            yield Rule(
                verbs=verbs, resources=(need.resource,), groups=(need.kind.group,), namespace=where
            )


def everything(clusters, token):
    """A backup with its export, a look, a cancellation, a restore, a deletion."""
    backend = clusters.backend(token=token)
    backend.describe()
    clusters.drive(backend, backend.plan_backup(clusters.request()))
    (point,) = backend.list_recovery_points(PointQuery())
    backend.get_recovery_point(point.id)
    backend.list_schedules()
    backend.list_stores()
    clusters.drive(backend, backend.plan_restore(clusters.restore(point, onto="drill")), "r-2")
    clusters.api.delete("namespaces", "shop")
    (point,) = backend.list_recovery_points(PointQuery())
    unbound = backend.plan_restore(clusters.restore(point, onto="back"))
    results = clusters.drive(backend, unbound, "r-3")
    ref = backend.start(unbound.acts[1], Key(run="r-4", step="restore"))
    backend.cancel_operation(ref)
    backend.explain_operation(ref)
    clusters.drive(backend, backend.plan_deletion(point.id), "r-5")
    return results


def test_the_rights_of_the_table_are_enough(clusters):
    clusters.server.rights("least", *granted(), *VERIFYING, user="least")

    results = everything(clusters, "least")

    assert results["verify"]["findings"] == []
    backend = clusters.backend(token="least")
    assert not [f for f in backend.check() if f.code == "right-missing"]


def test_the_rights_of_the_table_are_enough_for_another_cluster(clusters):
    point = clusters.back_up()
    stores = tuple(clusters.backend().list_stores())
    clusters.kasten.hand_over("east", "west", "sw-r", backup=point.name.partition("@")[2])
    looking = Rule(("list",), ("configmaps", "deployments"), ("", "apps"), namespace="shop")
    clusters.servers["west"].rights("least", *granted(), looking, user="least")
    west = clusters.backend("west", token="least", receive={"east": "sw-r"})
    plan = west.plan_restore(clusters.restore(point, "west", stores=stores))

    results = clusters.drive(west, plan, "r-2")

    assert not [each for each in results.values() if isinstance(each, Exception)]
    assert results["verify"]["findings"] == []
    assert results["remove-import"] == {"removed": True}
    assert len(list(west.list_recovery_points(PointQuery()))) == 1


def without(clusters, verb, resource):
    """A backend whose login lacks one right of the table."""
    clusters.server.rights("less", *granted(without=(verb, resource)), *VERIFYING, user="less")
    return clusters.backend(token="less")


def test_each_missing_right_is_found_by_check(clusters):
    for needs in (IN_NAMESPACE, IN_CLUSTER):
        for need in needs:
            for verb in need.verbs:
                findings = without(clusters, verb, need.resource).check()

                said = [f for f in findings if f.code == "right-missing"]
                assert any(f"not allowed to {verb} {need}" in f.message for f in said)
                assert all(finding.way_out for finding in said)
                assert need.optional or any(finding.blocks for finding in said)


def back_up(clusters, backend):
    backend.start(backend.plan_backup(clusters.request()).acts[0], KEY)


def export(clusters, backend):
    for act in backend.plan_backup(clusters.request("crm")).acts:
        clusters.do(backend, act, "r-9")


def look_inside(clusters, backend):
    (point,) = backend.list_recovery_points(PointQuery())
    backend.get_recovery_point(point.id)


def restore(clusters, backend):
    (point,) = backend.list_recovery_points(PointQuery())
    for act in backend.plan_restore(clusters.restore(point, onto="drill")).acts:
        clusters.do(backend, act, "r-9")


def delete(clusters, backend):
    (point,) = backend.list_recovery_points(PointQuery())
    backend.start(backend.plan_deletion(point.id).acts[0], KEY)


@pytest.mark.parametrize(
    ("verb", "resource", "doing"),
    [
        ("create", "backupactions", back_up),
        ("list", "backupactions", back_up),
        ("list", "profiles", back_up),
        ("create", "exportactions", export),
        ("list", "restorepointcontents", look_inside),
        ("get", "restorepointcontents/details", look_inside),
        ("create", "namespaces", restore),
        ("create", "restoreactions", restore),
        ("list", "persistentvolumeclaims", restore),
        ("delete", "restorepointcontents", delete),
    ],
)
def test_what_is_refused_names_the_right(clusters, verb, resource, doing):
    clusters.back_up()
    with pytest.raises(PermissionDenied, match=f"not allowed to {verb} {resource}"):
        doing(clusters, without(clusters, verb, resource))
