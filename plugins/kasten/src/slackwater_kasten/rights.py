"""The rights that this backend needs: one table, from which both the check and the YAML are made.

``python -m slackwater_kasten.rights [NAMESPACE] [SUBJECT]`` prints a Role, a ClusterRole and
their bindings for a ServiceAccount; the README shows the same roles.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from slackwater.clusters import Resource, Right
from slackwater_kasten.resources import (
    BACKUP_ACTIONS,
    CANCEL_ACTIONS,
    CLAIMS,
    CLASSES,
    CONTENTS,
    DEPLOYMENTS,
    EXPORT_ACTIONS,
    IMPORT_ACTIONS,
    POLICIES,
    PROFILES,
    REPORTS,
    RESTORE_ACTIONS,
    RESTORE_POINTS,
    RETIRE_ACTIONS,
    RUN_ACTIONS,
    SECRETS,
    SPACES,
    TRANSFORM_SETS,
)

DETAILS = "details"


@dataclass(frozen=True)
class Need:
    """Verbs on one kind, and what they are for. ``optional``: something is only seen less well."""

    kind: Resource
    verbs: tuple[str, ...]
    purpose: str
    optional: bool = False
    part: str = ""

    @property
    def resource(self) -> str:
        """The resource as RBAC names it: ``restorepoints/details``."""
        return f"{self.kind.plural}/{self.part}" if self.part else self.kind.plural

    def __str__(self) -> str:
        return f"{self.resource}.{self.kind.group}" if self.kind.group else self.resource


IN_NAMESPACE = (
    Need(EXPORT_ACTIONS, ("get", "list", "create"), "exports"),
    Need(EXPORT_ACTIONS, ("get",), "what failed within an export", optional=True, part=DETAILS),
    Need(RUN_ACTIONS, ("get", "list", "create"), "imports; when policies ran last"),
    Need(POLICIES, ("get", "list", "create", "patch", "delete"), "K10's own policies; imports"),
    Need(PROFILES, ("get", "list"), "where exports lie"),
    Need(SECRETS, ("get",), "receive strings of other clusters' exports"),
    Need(TRANSFORM_SETS, ("get",), "TransformSets of the settings", optional=True),
    Need(REPORTS, ("list",), "the licence and its limit of nodes", optional=True),
    Need(DEPLOYMENTS, ("list",), "K10's version", optional=True),
)
"""In K10's own namespace."""

IN_CLUSTER = (
    Need(BACKUP_ACTIONS, ("get", "list", "create"), "backups"),
    Need(RESTORE_ACTIONS, ("get", "list", "create"), "restores"),
    Need(CANCEL_ACTIONS, ("create",), "stopping what has begun"),
    Need(IMPORT_ACTIONS, ("list",), "what was imported"),
    Need(EXPORT_ACTIONS, ("list",), "why policies have not exported", optional=True),
    Need(RETIRE_ACTIONS, ("list",), "how far deletions are"),
    Need(RESTORE_POINTS, ("get", "list", "create", "delete"), "showing contents for a restore"),
    Need(CONTENTS, ("get", "list", "delete"), "recovery points; deleting them"),
    Need(CONTENTS, ("get",), "what a recovery point holds", part=DETAILS),
    Need(BACKUP_ACTIONS, ("get",), "what failed within a backup", optional=True, part=DETAILS),
    Need(RESTORE_ACTIONS, ("get",), "what failed within a restore", optional=True, part=DETAILS),
    Need(SPACES, ("get", "list", "create"), "targets of restores; telling clusters apart"),
    Need(CLAIMS, ("list",), "what a restore would overwrite"),
    Need(CLASSES, ("get",), "whether a storage class that is mapped to is there", optional=True),
)
"""Everywhere: applications are in namespaces of their own. Verifying a restore also lists what was
restored, which takes ``list`` on that."""


def rights(namespace: str) -> Iterator[tuple[Right, Need]]:
    """Yield each single right with the need it comes from."""
    for needs, where in ((IN_NAMESPACE, namespace), (IN_CLUSTER, "")):
        for need in needs:
            for verb in need.verbs:
                yield Right(verb, need.kind.group, need.kind.plural, where, need.part), need


def roles(namespace: str) -> str:
    """Return a Role and a ClusterRole with exactly these rights, as YAML."""
    documents = (
        _role("Role", {"name": "slackwater-kasten", "namespace": namespace}, IN_NAMESPACE),
        _role("ClusterRole", {"name": "slackwater-kasten"}, IN_CLUSTER),
    )
    return yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=None, width=100)


def bindings(namespace: str, account: str) -> str:
    """Return the bindings of both roles to a ServiceAccount ``namespace/name``, as YAML."""
    home, _, name = account.rpartition("/")
    subject = {"kind": "ServiceAccount", "name": name, "namespace": home or namespace}
    documents = (
        _binding("Role", {"name": "slackwater-kasten", "namespace": namespace}, subject),
        _binding("ClusterRole", {"name": "slackwater-kasten"}, subject),
    )
    return yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=None, width=100)


def _role(kind: str, metadata: dict[str, str], needs: tuple[Need, ...]) -> dict[str, object]:
    rules = [
        {"apiGroups": [need.kind.group], "resources": [need.resource], "verbs": [*need.verbs]}
        for need in needs
    ]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "rules": rules,
    }


def _binding(kind: str, metadata: dict[str, str], subject: dict[str, str]) -> dict[str, object]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": kind,
            "name": metadata["name"],
        },
        "subjects": [subject],
    }


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "kasten-io"
    account = sys.argv[2] if len(sys.argv) > 2 else "slackwater"
    sys.stdout.write(f"{roles(chosen)}---\n{bindings(chosen, account)}")
