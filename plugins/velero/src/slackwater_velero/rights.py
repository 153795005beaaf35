"""The rights that this backend needs: one table, from which both the check and the YAML are made.

``python -m slackwater_velero.rights [NAMESPACE] [SUBJECT]`` prints a Role, a ClusterRole and
their bindings for a ServiceAccount; the README shows the same roles.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from slackwater.backend import needed_rights
from slackwater.backend.needed_rights import Need, Place
from slackwater.clusters import Right
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

NAME = "slackwater-velero"
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
    chosen = sys.argv[1] if len(sys.argv) > 1 else "velero"
    account = sys.argv[2] if len(sys.argv) > 2 else "slackwater"
    sys.stdout.write(f"{roles(chosen)}---\n{bindings(chosen, account)}")
