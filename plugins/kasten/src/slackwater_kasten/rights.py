"""The rights that this backend needs: one table, from which both the check and the YAML are made.

``python -m slackwater_kasten.rights [NAMESPACE] [SUBJECT]`` prints a Role, a ClusterRole and
their bindings for a ServiceAccount; the README shows the same roles.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from slackwater.backend import needed_rights
from slackwater.backend.needed_rights import Need, Place
from slackwater.clusters import Right
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


NAME = "slackwater-kasten"
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


def places(namespace: str) -> tuple[Place, ...]:
    """Return the whole table, for an installation in a namespace."""
    return Place(IN_NAMESPACE, namespace), Place(IN_CLUSTER)


def rights(namespace: str) -> Iterator[tuple[Right, Need]]:
    """Yield each single right with the need it comes from."""
    return needed_rights.single_rights(places(namespace))


def roles(namespace: str) -> str:
    """Return a Role and a ClusterRole with exactly these rights, as YAML."""
    return needed_rights.roles(NAME, places(namespace))


def bindings(namespace: str, account: str) -> str:
    """Return the bindings of both roles to a ServiceAccount ``namespace/name``, as YAML."""
    return needed_rights.bindings(NAME, places(namespace), account, home=namespace)


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "kasten-io"
    account = sys.argv[2] if len(sys.argv) > 2 else "slackwater"
    sys.stdout.write(f"{roles(chosen)}---\n{bindings(chosen, account)}")
