"""What every part of the emulated server needs: one namespace of one cluster's API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi

Object = dict[str, Any]

BACKUPS = "backups.velero.io"
RESTORES = "restores.velero.io"
SCHEDULES = "schedules.velero.io"
LOCATIONS = "backupstoragelocations.velero.io"
DELETE_REQUESTS = "deletebackuprequests.velero.io"
DOWNLOAD_REQUESTS = "downloadrequests.velero.io"
STATUS_REQUESTS = "serverstatusrequests.velero.io"


@dataclass(frozen=True)
class Home:
    """The namespace in which a server lives, and its clock."""

    api: KubernetesApi
    namespace: str
    clock: Callable[[], datetime]

    def all(self, kind: str) -> list[Object]:
        """Return the objects of a kind, oldest first."""
        found = self.api.list(kind, self.namespace)
        return sorted(
            found, key=lambda each: (each["metadata"]["creationTimestamp"], name_of(each))
        )

    def find(self, kind: str, name: str) -> Object | None:
        """Return an object, or None."""
        with suppress(ApiError):
            return self.api.get(kind, name, self.namespace)
        return None

    def change(self, kind: str, found: Object, change: Object) -> Object | None:
        """Merge a change into an object; None where it is gone meanwhile."""
        try:
            return self.api.patch(kind, name_of(found), change, self.namespace)
        except ApiError as error:
            if error.code != 404:
                raise
            return None

    def delete(self, kind: str, name: str) -> None:
        """Remove an object; gone already is fine."""
        with suppress(ApiError):
            self.api.delete(kind, name, self.namespace)

    def now(self) -> str:
        """Return the time as Kubernetes writes it: whole seconds."""
        return stamp(self.clock())


def name_of(found: Object) -> str:
    """Return the name of an object."""
    return str(found["metadata"]["name"])


def phase_of(found: Object) -> str:
    """Return the phase of an object, empty where it has none."""
    return str((found.get("status") or {}).get("phase") or "")


def stamp(moment: datetime) -> str:
    """Return a time as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str | None) -> datetime | None:
    """Return the time that Kubernetes wrote."""
    return datetime.fromisoformat(text) if text else None
