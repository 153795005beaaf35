"""The kinds of objects that are read and written, and how a new one begins.

Group ``velero.io``; no kind has a status subresource, so status can be written by accident: we
never send one, and change objects by merge patch only.
"""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.clusters import Resource

GROUP = "velero.io"

BACKUPS = Resource(GROUP, "v1", "backups")
RESTORES = Resource(GROUP, "v1", "restores")
SCHEDULES = Resource(GROUP, "v1", "schedules")
LOCATIONS = Resource(GROUP, "v1", "backupstoragelocations")
DELETE_REQUESTS = Resource(GROUP, "v1", "deletebackuprequests")
DOWNLOAD_REQUESTS = Resource(GROUP, "v1", "downloadrequests")
STATUS_REQUESTS = Resource(GROUP, "v1", "serverstatusrequests")
REPOSITORIES = Resource(GROUP, "v1", "backuprepositories")
POD_VOLUME_BACKUPS = Resource(GROUP, "v1", "podvolumebackups")
POD_VOLUME_RESTORES = Resource(GROUP, "v1", "podvolumerestores")
DATA_UPLOADS = Resource(GROUP, "v2alpha1", "datauploads")
DATA_DOWNLOADS = Resource(GROUP, "v2alpha1", "datadownloads")
PODS = Resource("", "v1", "pods")
CONFIG_MAPS = Resource("", "v1", "configmaps")
SECRETS = Resource("", "v1", "secrets")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
DAEMON_SETS = Resource("apps", "v1", "daemonsets")
NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
CLAIMS = Resource("", "v1", "persistentvolumeclaims")
VOLUMES = Resource("", "v1", "persistentvolumes", namespaced=False)
DEFINITIONS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False)

_KINDS = {
    BACKUPS: "Backup",
    RESTORES: "Restore",
    LOCATIONS: "BackupStorageLocation",
    DELETE_REQUESTS: "DeleteBackupRequest",
    DOWNLOAD_REQUESTS: "DownloadRequest",
    STATUS_REQUESTS: "ServerStatusRequest",
    CONFIG_MAPS: "ConfigMap",
    SECRETS: "Secret",
}


def manifest(
    kind: Resource,
    name: str,
    namespace: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **content: object,
) -> dict[str, object]:
    """Return a new object; ``content`` is what stands beside metadata (``spec``, ``data``)."""
    version = f"{kind.group}/{kind.version}" if kind.group else kind.version
    metadata: dict[str, object] = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": version, "kind": _KINDS[kind], "metadata": metadata, **content}
