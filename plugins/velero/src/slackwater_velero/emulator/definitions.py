"""The thirteen kinds of Velero 1.18, as far as an API server has to know them."""

from __future__ import annotations

from slackwater_velero.emulator.objects import Object

_KINDS = {
    "v1": (
        ("Backup", "backups"),
        ("BackupRepository", "backuprepositories"),
        ("BackupStorageLocation", "backupstoragelocations"),
        ("DeleteBackupRequest", "deletebackuprequests"),
        ("DownloadRequest", "downloadrequests"),
        ("PodVolumeBackup", "podvolumebackups"),
        ("PodVolumeRestore", "podvolumerestores"),
        ("Restore", "restores"),
        ("Schedule", "schedules"),
        ("ServerStatusRequest", "serverstatusrequests"),
        ("VolumeSnapshotLocation", "volumesnapshotlocations"),
    ),
    "v2alpha1": (("DataDownload", "datadownloads"), ("DataUpload", "datauploads")),
}
_SHORT = {"BackupStorageLocation": ["bsl"], "ServerStatusRequest": ["ssr"]}


def definitions() -> list[Object]:
    """Return the CustomResourceDefinitions. None of them has a status subresource."""
    return [
        _definition(version, kind, plural)
        for version, kinds in _KINDS.items()
        for kind, plural in kinds
    ]


def _definition(version: str, kind: str, plural: str) -> Object:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.velero.io"},
        "spec": {
            "group": "velero.io",
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": _SHORT.get(kind, []),
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": anything},
                }
            ],
        },
    }
