"""Requests that the server answers at once: for downloads, and for its own status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from slackwater_velero.emulator.cloud import backup_files, restore_files
from slackwater_velero.emulator.objects import (
    BACKUPS,
    DOWNLOAD_REQUESTS,
    LOCATIONS,
    RESTORES,
    STATUS_REQUESTS,
    Home,
    Object,
    phase_of,
    stamp,
)

VERSION = "v1.18.3"
URL_LIVES = timedelta(minutes=10)
_PLUGINS = (
    ("velero.io/aws", "ObjectStore"),
    ("velero.io/pvc-backupper", "BackupItemActionV2"),
    ("velero.io/change-storage-class", "RestoreItemAction"),
)


@dataclass
class Requests:
    """Answers requests of one server. ``sign`` makes a URL of a location and a key."""

    home: Home
    sign: Callable[[Object, str], str]

    def tick(self) -> None:
        """Answer what was not answered while the server was away."""
        for kind, answer in (
            (DOWNLOAD_REQUESTS, self.answer_download),
            (STATUS_REQUESTS, self.answer_status),
        ):
            for request in self.home.all(kind):
                answer(request)

    def answer_status(self, request: Object) -> None:
        """Tell the version and the plugins."""
        if phase_of(request):
            return
        plugins = [{"name": name, "kind": kind} for name, kind in _PLUGINS]
        status = {
            "phase": "Processed",
            "serverVersion": VERSION,
            "plugins": plugins,
            "processedTimestamp": self.home.now(),
        }
        self.home.change(STATUS_REQUESTS, request, {"status": status})

    def answer_download(self, request: Object) -> None:
        """Sign a URL, whether or not there is such a file; stay silent where there is no backup."""
        if phase_of(request):
            return
        target = request["spec"]["target"]
        name = self._backup_name(target)
        backup = self.home.find(BACKUPS, name) if name else None
        where = backup["spec"].get("storageLocation", "") if backup else ""
        location = self.home.find(LOCATIONS, where)
        status = {"expiration": stamp(self.home.clock() + URL_LIVES)}
        if location is not None:
            files = {**backup_files(target["name"]), **restore_files(target["name"])}
            status |= {
                "phase": "Processed",
                "downloadURL": self.sign(location, files[target["kind"]]),
            }
        self.home.change(DOWNLOAD_REQUESTS, request, {"status": status})

    def _backup_name(self, target: Object) -> str:
        if not target["kind"].startswith("Restore"):
            return str(target["name"])
        restore = self.home.find(RESTORES, target["name"])
        return str(restore["spec"].get("backupName", "")) if restore else ""
