"""The rights that this backend needs: one table, from which both the check and the YAML are made.

``python -m slackwater_csi.rights NAMESPACE/ACCOUNT [objects] [hooks]`` prints a ClusterRole and its
binding for a ServiceAccount; with ``objects`` and ``hooks`` for those settings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from slackwater.backend import needed_rights
from slackwater.backend.needed_rights import Need, Place
from slackwater.clusters import Resource, Right
from slackwater_csi.resources import (
    CLAIMS,
    CLASSES,
    CONTENTS,
    DEPLOYMENTS,
    EVENTS,
    EXEC,
    PODS,
    SNAPSHOTS,
    SPACES,
    STATEFUL_SETS,
    STORAGE,
    VOLUMES,
    GroupKinds,
)

_GROUPS = GroupKinds("v1")  # rights do not tell versions apart
_ALL = Resource("*", "", "*")


NAME = "slackwater-csi"
NEEDS = (
    Need(SNAPSHOTS, ("get", "list", "create", "patch", "delete"), "snapshots"),
    Need(CONTENTS, ("get", "list", "create", "patch", "delete"), "keeping, showing, deleting them"),
    Need(CLASSES, ("get", "list"), "which drivers have snapshots"),
    Need(CLAIMS, ("get", "list", "create", "delete"), "what is backed up; restores"),
    Need(VOLUMES, ("get", "list", "patch"), "which driver a volume has; exchanges in place"),
    Need(SPACES, ("get", "create"), "telling clusters apart; targets of restores"),
    Need(STORAGE, ("get", "list"), "whether a claim can be made"),
)
GROUPS = (
    Need(_GROUPS.snapshots, ("get", "list", "create", "delete"), "groups", optional=True),
    Need(_GROUPS.contents, ("get", "patch", "delete"), "groups", optional=True),
    Need(_GROUPS.classes, ("list",), "groups", optional=True),
)
"""Only where the cluster serves group snapshots."""
IN_PLACE = (
    Need(PODS, ("list",), "exchanging volumes in place", optional=True),
    Need(DEPLOYMENTS, ("get", "list", "patch"), "exchanging volumes in place", optional=True),
    Need(STATEFUL_SETS, ("get", "list", "patch"), "exchanging volumes in place", optional=True),
    Need(EVENTS, ("list",), "explaining what is stuck", optional=True),
)
HOOKS = (
    Need(PODS, ("patch",), "hooks"),
    Need(EXEC, ("get", "create"), "hooks"),
)
"""Only with ``hooks: true``."""
OBJECTS = (Need(_ALL, ("list", "create", "patch"), "the objects of namespaces"),)
"""Only with ``objects: true``."""


def needs(*, objects: bool, groups: bool, hooks: bool = False) -> tuple[Need, ...]:
    """Return what is needed with these settings, in this cluster."""
    wanted = ((True, NEEDS), (True, IN_PLACE), (groups, GROUPS), (hooks, HOOKS), (objects, OBJECTS))
    return tuple(need for asked, part in wanted if asked for need in part)


def rights(wanted: tuple[Need, ...]) -> Iterator[tuple[Right, Need]]:
    """Yield each single right with the need it comes from."""
    return needed_rights.single_rights([Place(wanted)])


def role(*, objects: bool, hooks: bool = False) -> str:
    """Return a ClusterRole with exactly these rights, as YAML."""
    return needed_rights.roles(NAME, [Place(needs(objects=objects, groups=True, hooks=hooks))])


def binding(account: str) -> str:
    """Return the binding of the role to a ServiceAccount ``namespace/name``, as YAML."""
    return needed_rights.bindings(NAME, [Place(())], account)


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "slackwater/slackwater"
    wanted = sys.argv[2:]
    granted = role(objects="objects" in wanted, hooks="hooks" in wanted)
    sys.stdout.write(f"{granted}---\n{binding(chosen)}")
