"""What every part of the emulation needs: one API, the storage behind it, and what goes wrong.

Data is text in an annotation of a PersistentVolume: there are no disks here. Snapshots of it lie in
a storage that Kubernetes does not see, by handles, as in a real one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi

Object = dict[str, Any]

DRIVER = "emulated.csi.slackwater.dev"


@dataclass
class Faults:
    """What can be made to go wrong.

    ``fail_next``: the next snapshot always ends in this error. ``complain_next``: so does its first
    try only. ``stalled``: no snapshot gets ready. ``no_controller``: snapshot-controller does not
    run. ``no_sidecar``: no csi-snapshotter runs beside the driver. ``at_most``: so many contents
    get on in one step (throttled by the client's QPS, measured: 2 s for each by default).
    ``unchecked``: the driver has no ListSnapshots, and shows any handle as ready (documented).
    """

    fail_next: str = ""
    complain_next: str = ""
    stalled: bool = False
    no_controller: bool = False
    no_sidecar: bool = False
    at_most: int | None = None
    unchecked: bool = False

    def take(self, name: str) -> str:
        """Return the words of a fault that is due, once."""
        words = str(getattr(self, name))
        setattr(self, name, "")
        return words

    def clear(self) -> None:
        """Let everything go well again."""
        self.__init__()  # type: ignore[misc]  # back to the defaults, whatever they are


@dataclass
class Storage:
    """The storage system of a driver: snapshots by their handles, with the data that they hold."""

    snapshots: dict[str, str] = field(default_factory=dict)
    doomed: dict[str, str] = field(default_factory=dict)
    """Contents that always fail, with the words."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def take(self, data: str) -> str:
        """Keep data; return the handle."""
        handle = f"snap-{next(self._numbers):04}"
        self.snapshots[handle] = data
        return handle

    def delete(self, handle: str) -> None:
        """Remove a snapshot; gone already is fine (CSI: DeleteSnapshot is idempotent)."""
        self.snapshots.pop(handle, None)


@dataclass
class World:
    """One cluster, its storage and its faults."""

    api: KubernetesApi
    storage: Storage = field(default_factory=Storage)
    faults: Faults = field(default_factory=Faults)

    def all(self, kind: str, namespace: str = "") -> Sequence[Object]:
        """Return the objects of a kind, oldest first; none where it is not served."""
        with suppress(KeyError):
            found = self.api.list(kind, namespace)
            return sorted(found, key=lambda each: each["metadata"]["creationTimestamp"])
        return ()

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object, or None."""
        with suppress(ApiError, KeyError):
            return self.api.get(kind, name, namespace)
        return None

    def change(self, kind: str, found: Object, change: Object) -> None:
        """Merge a change into an object; gone is fine."""
        metadata = found["metadata"]
        with suppress(ApiError, KeyError):
            self.api.patch(kind, metadata["name"], change, metadata.get("namespace", ""))

    def status(self, kind: str, found: Object, change: Object) -> None:
        """Merge a change into the status of an object; gone is fine."""
        metadata = found["metadata"]
        with suppress(ApiError, KeyError):
            self.api.patch(
                kind,
                metadata["name"],
                {"status": change},
                metadata.get("namespace", ""),
                subresource="status",
            )

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Remove an object; gone is fine."""
        with suppress(ApiError, KeyError):
            self.api.delete(kind, name, namespace)

    def create(self, content: Object) -> None:
        """Create an object, if there is none of the name."""
        with suppress(ApiError):
            self.api.create(content)

    def say(self, about: Object, reason: str, message: str) -> None:
        """Write a warning event about an object, once."""
        metadata = about["metadata"]
        name = f"{metadata['name'][:200]}.{reason.lower()}"
        involved = {"kind": about["kind"], "name": metadata["name"]}
        self.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": metadata["namespace"]},
                "involvedObject": {**involved, "namespace": metadata["namespace"]},
                "type": "Warning",
                "reason": reason,
                "message": message,
            }
        )


def stamp(moment: datetime) -> str:
    """Return a time as Kubernetes writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def nanoseconds(moment: datetime) -> int:
    """Return a time as contents have it."""
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
