"""The rights that this backend needs: one table, from which both the check and the YAML are made.

``python -m slackwater_velero.rights [NAMESPACE] [SUBJECT]`` prints a Role, a ClusterRole and
their bindings for a ServiceAccount; the README shows the same roles.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from slackwater.clusters import Resource, Right
from slackwater_velero.resources import (
    BACKUPS,
    CLAIMS,
    CONFIG_MAPS,
    DAEMON_SETS,
    DATA_DOWNLOADS,
    DATA_UPLOADS,
    DEFINITIONS,
    DELETE_REQUESTS,
    DEPLOYMENTS,
    DOWNLOAD_REQUESTS,
    LOCATIONS,
    NAMESPACES,
    POD_VOLUME_BACKUPS,
    POD_VOLUME_RESTORES,
    PODS,
    REPOSITORIES,
    RESTORES,
    SCHEDULES,
    SECRETS,
    STATUS_REQUESTS,
    VOLUMES,
)


@dataclass(frozen=True)
class Need:
    """Verbs on one kind, and what they are for. ``optional``: something is only seen less well."""

    kind: Resource
    verbs: tuple[str, ...]
    purpose: str
    optional: bool = False


IN_NAMESPACE = (
    Need(
        BACKUPS, ("get", "list", "create", "patch", "delete"), "backups; their stamps and records"
    ),
    Need(RESTORES, ("get", "list", "create"), "restores"),
    Need(SCHEDULES, ("get", "list"), "Velero's own schedules"),
    Need(LOCATIONS, ("get", "list", "create", "patch", "delete"), "stores, shown for a restore"),
    Need(DELETE_REQUESTS, ("get", "list", "create"), "deletion of recovery points"),
    Need(DOWNLOAD_REQUESTS, ("get", "create", "delete"), "contents, results and logs"),
    Need(STATUS_REQUESTS, ("get", "create", "delete"), "whether the server answers"),
    Need(REPOSITORIES, ("list", "delete"), "records of a store that was shown for a restore"),
    *(
        Need(
            kind, ("list",), "volumes that did not arrive, and whose movers are gone", optional=True
        )
        for kind in (
            POD_VOLUME_BACKUPS,
            POD_VOLUME_RESTORES,
            DATA_UPLOADS,
            DATA_DOWNLOADS,
            PODS,
        )
    ),
    Need(
        CONFIG_MAPS,
        ("get", "create", "patch", "delete"),
        "changes on the way of a restore; resource policies",
    ),
    Need(SECRETS, ("get",), "CA certificates that a location names", optional=True),
    Need(DEPLOYMENTS, ("get",), "the server's version and flags", optional=True),
    Need(DAEMON_SETS, ("get",), "whether volumes can be read", optional=True),
)
"""In Velero's own namespace."""

IN_CLUSTER = (
    Need(NAMESPACES, ("get",), "telling this cluster from every other", optional=True),
    Need(CLAIMS, ("list",), "volumes that will be passed over", optional=True),
    Need(VOLUMES, ("list",), "volumes that will be passed over", optional=True),
    Need(DEFINITIONS, ("list",), "kinds that Velero has not noticed yet", optional=True),
)
"""Everywhere. Verifying a restore also lists what was restored, which takes ``list`` on that."""


def rights(namespace: str) -> Iterator[tuple[Right, Need]]:
    """Yield each single right with the need it comes from."""
    for needs, where in ((IN_NAMESPACE, namespace), (IN_CLUSTER, "")):
        for need in needs:
            for verb in need.verbs:
                yield Right(verb, need.kind.group, need.kind.plural, where), need


def roles(namespace: str) -> str:
    """Return a Role and a ClusterRole with exactly these rights, as YAML."""
    documents = (
        _role("Role", {"name": "slackwater-velero", "namespace": namespace}, IN_NAMESPACE),
        _role("ClusterRole", {"name": "slackwater-velero"}, IN_CLUSTER),
    )
    return yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=None, width=100)


def bindings(namespace: str, account: str) -> str:
    """Return the bindings of both roles to a ServiceAccount ``namespace/name``, as YAML."""
    home, _, name = account.rpartition("/")
    subject = {"kind": "ServiceAccount", "name": name, "namespace": home or namespace}
    documents = (
        _binding("Role", {"name": "slackwater-velero", "namespace": namespace}, subject),
        _binding("ClusterRole", {"name": "slackwater-velero"}, subject),
    )
    return yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=None, width=100)


def _role(kind: str, metadata: dict[str, str], needs: tuple[Need, ...]) -> dict[str, object]:
    rules = [
        {"apiGroups": [need.kind.group], "resources": [need.kind.plural], "verbs": [*need.verbs]}
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
    chosen = sys.argv[1] if len(sys.argv) > 1 else "velero"
    account = sys.argv[2] if len(sys.argv) > 2 else "slackwater"
    sys.stdout.write(f"{roles(chosen)}---\n{bindings(chosen, account)}")
