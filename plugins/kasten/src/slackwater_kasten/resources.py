"""The kinds of objects that are read and written, and how a new one begins.

``actions`` and ``apps`` are served by K10's aggregated API: create, get, list and delete, no
update, no patch, no watch. ``config`` and ``reporting`` are ordinary custom resources.
"""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.clusters import NAMESPACES, PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES, Resource

ACTIONS_GROUP = "actions.kio.kasten.io"
APPS_GROUP = "apps.kio.kasten.io"
CONFIG_GROUP = "config.kio.kasten.io"
VERSION = "v1alpha1"

BACKUP_ACTIONS = Resource(ACTIONS_GROUP, VERSION, "backupactions")
EXPORT_ACTIONS = Resource(ACTIONS_GROUP, VERSION, "exportactions")
RESTORE_ACTIONS = Resource(ACTIONS_GROUP, VERSION, "restoreactions")
IMPORT_ACTIONS = Resource(ACTIONS_GROUP, VERSION, "importactions")
RUN_ACTIONS = Resource(ACTIONS_GROUP, VERSION, "runactions")
RETIRE_ACTIONS = Resource(ACTIONS_GROUP, VERSION, "retireactions", namespaced=False)
CANCEL_ACTIONS = Resource(ACTIONS_GROUP, VERSION, "cancelactions")
RESTORE_POINTS = Resource(APPS_GROUP, VERSION, "restorepoints")
CONTENTS = Resource(APPS_GROUP, VERSION, "restorepointcontents", namespaced=False)
POLICIES = Resource(CONFIG_GROUP, VERSION, "policies")
PROFILES = Resource(CONFIG_GROUP, VERSION, "profiles")
TRANSFORM_SETS = Resource(CONFIG_GROUP, VERSION, "transformsets")
REPORTS = Resource("reporting.kio.kasten.io", VERSION, "reports")
SECRETS = Resource("", "v1", "secrets")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
CLAIMS = PERSISTENT_VOLUME_CLAIMS
CLASSES = STORAGE_CLASSES
SPACES = NAMESPACES

KINDS = {
    BACKUP_ACTIONS: "BackupAction",
    EXPORT_ACTIONS: "ExportAction",
    RESTORE_ACTIONS: "RestoreAction",
    IMPORT_ACTIONS: "ImportAction",
    RUN_ACTIONS: "RunAction",
    RETIRE_ACTIONS: "RetireAction",
    CANCEL_ACTIONS: "CancelAction",
    RESTORE_POINTS: "RestorePoint",
    POLICIES: "Policy",
    PROFILES: "Profile",
    SPACES: "Namespace",
}


def manifest(
    kind: Resource,
    name: str,
    namespace: str = "",
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **content: object,
) -> dict[str, object]:
    """Return a new object; ``content`` is what stands beside metadata (``spec``, ``data``)."""
    version = f"{kind.group}/{kind.version}" if kind.group else kind.version
    metadata: dict[str, object] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": version, "kind": KINDS[kind], "metadata": metadata, **content}
