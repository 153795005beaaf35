"""The least rights are written once; the README and the YAML say the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from slackwater_velero.rights import IN_CLUSTER, IN_NAMESPACE, bindings, roles

README = Path(__file__).parent.parent / "README.md"


def row(need):
    optional = " (optional)" if need.optional else ""
    return f"| `{need.kind}` | {', '.join(need.verbs)} | {need.purpose}{optional} |"


def test_the_readme_lists_exactly_the_rights_of_the_table():
    lines = README.read_text().splitlines()
    start = lines.index("## Rights")
    listed = [line for line in lines[start:] if line.startswith("| `")]

    assert listed == [row(need) for need in (*IN_NAMESPACE, *IN_CLUSTER)]


def test_roles_hold_exactly_the_rights_of_the_table():
    role, cluster_role = yaml.safe_load_all(roles("backup"))

    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "backup")
    assert cluster_role["kind"] == "ClusterRole"
    for document, needs in ((role, IN_NAMESPACE), (cluster_role, IN_CLUSTER)):
        given = {(r["apiGroups"][0], r["resources"][0], *r["verbs"]) for r in document["rules"]}
        assert given == {(need.kind.group, need.kind.plural, *need.verbs) for need in needs}


def test_bindings_name_the_account_with_its_namespace():
    for document in yaml.safe_load_all(bindings("velero", "tools/slackwater")):
        (subject,) = document["subjects"]
        assert (subject["namespace"], subject["name"]) == ("tools", "slackwater")


def test_the_module_prints_what_can_be_applied():
    command = [sys.executable, "-m", "slackwater_velero.rights", "backup", "tools/slackwater"]

    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    kinds = [document["kind"] for document in yaml.safe_load_all(printed)]
    assert kinds == ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]


def test_no_right_reaches_beyond_what_is_read_or_written():
    for need in (*IN_NAMESPACE, *IN_CLUSTER):
        assert "*" not in need.verbs
        assert need.kind.plural != "*"
