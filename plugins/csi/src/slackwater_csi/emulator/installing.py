"""Installs the emulated snapshot controllers and a CSI driver into emulated clusters."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi
from slackwater.testing.kubernetes_api.store import Change
from slackwater.testing.pace import paced
from slackwater_csi import labels
from slackwater_csi.emulator.definitions import (
    CONTENTS,
    GROUP_CONTENTS,
    GROUP_SNAPSHOTS,
    SNAPSHOTS,
    definitions,
    group_definitions,
)
from slackwater_csi.emulator.grouping import Grouping
from slackwater_csi.emulator.provisioning import CLAIMS, Provisioning
from slackwater_csi.emulator.snapshotting import Snapshotting
from slackwater_csi.emulator.world import DRIVER, Faults, Object, Storage, World

CLASS = "emulated"
"""The name of the class for snapshots, and of the one for groups."""
STORAGE_CLASS = "emulated"
_HELD = frozenset((SNAPSHOTS, CONTENTS, GROUP_SNAPSHOTS, GROUP_CONTENTS))
"""What is held by finalizers until its data is gone."""


class CsiServer:
    """snapshot-controller, csi-snapshotter, csi-provisioner and a driver in one cluster."""

    def __init__(self, api: KubernetesApi) -> None:
        self.world = World(api)
        self._groups = Grouping(self.world)
        self._snapshots = Snapshotting(self.world)
        self._claims = Provisioning(self.world)
        self._lock = threading.RLock()
        self._alive = True
        # Not by the API's own subscriptions: they end in an error once a kind is not served.
        self._quiet = [api.store.subscribe(self._on_change)]

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self.world.faults

    @property
    def storage(self) -> Storage:
        """The storage system of the driver."""
        return self.world.storage

    def tick(self, times: int = 1) -> None:
        """Take everything so many steps further; nothing while paused."""
        for _ in range(times):
            with self._lock:
                if self._alive:
                    self._groups.tick()
                    self._snapshots.tick()
                    self._claims.tick()

    def pause(self) -> None:
        """Stand still."""
        self._alive = False

    def resume(self) -> None:
        """Go on."""
        self._alive = True

    def close(self) -> None:
        """Stop watching the API."""
        for stop in self._quiet:
            stop()
        self._quiet.clear()

    def _on_change(self, change: Change) -> None:
        """Deletions are worked on at once (measured: within a second)."""
        found = change.last.decoded()
        if change.table == CLAIMS and change.kind == "DELETED":
            self._claims.on_deletion(found)
        if change.table not in _HELD:
            return
        asked = change.table == CONTENTS and change.kind == "ADDED"
        if asked or (change.kind == "MODIFIED" and "deletionTimestamp" in found["metadata"]):
            with self._lock:
                if self._alive:
                    self._groups.settle()
                    self._snapshots.settle()


class Installation:
    """The controllers in several clusters; ``settings`` lack the store, which the user names."""

    tool = "csi"
    settings: Mapping[str, object] = {"objects": True}

    def __init__(self, servers: Mapping[str, CsiServer]) -> None:
        self.servers = servers

    def tick(self, times: int = 1) -> None:
        """Take every cluster so many steps further."""
        for server in self.servers.values():
            server.tick(times)

    def pause(self, cluster: str) -> None:
        """Let the controllers of a cluster stand still."""
        self.servers[cluster].pause()

    def resume(self, cluster: str) -> None:
        """Let them go on."""
        self.servers[cluster].resume()

    kill = pause
    start = resume


@contextmanager
def install(
    apis: Mapping[str, KubernetesApi], *, pace: float | None = 0.2, groups: bool = False
) -> Iterator[Installation]:
    """Install into every API until the block is left. ``pace`` is the time of one step in seconds,
    taken by a thread; None: only ``tick`` works. ``groups``: group snapshots are served as well.
    """
    with ExitStack() as stack:
        servers: dict[str, CsiServer] = {}
        for name, api in apis.items():
            add_objects(api, groups=groups)
            servers[name] = CsiServer(api)
            stack.callback(servers[name].close)
        installation = Installation(servers)
        stack.enter_context(paced(installation.tick, pace, "emulated CSI"))
        yield installation


def add_objects(api: KubernetesApi, *, groups: bool = False) -> None:
    """Create what the installation of snapshots and of a driver creates."""
    for definition in (*definitions(), *(group_definitions() if groups else ())):
        api.create(definition)
    api.create(snapshot_class(CLASS, default=True))
    if groups:
        api.create(group_class(CLASS))
    add_storage_class(api, STORAGE_CLASS)


def snapshot_class(
    name: str, *, driver: str = DRIVER, default: bool = False, policy: str = "Delete"
) -> Object:
    """Return a VolumeSnapshotClass."""
    notes = {labels.DEFAULT_CLASS: "true"} if default else {}
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": name, "annotations": notes},
        "driver": driver,
        "deletionPolicy": policy,
    }


def group_class(name: str, *, version: str = "v1", driver: str = DRIVER) -> Object:
    """Return a VolumeGroupSnapshotClass."""
    return {
        "apiVersion": f"groupsnapshot.storage.k8s.io/{version}",
        "kind": "VolumeGroupSnapshotClass",
        "metadata": {"name": name},
        "driver": driver,
        "deletionPolicy": "Delete",
    }


def add_storage_class(
    api: KubernetesApi, name: str, *, provisioner: str = DRIVER, waits: bool = False
) -> None:
    """Put a storage class; one that is there stays."""
    mode = "WaitForFirstConsumer" if waits else "Immediate"
    try:
        api.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "provisioner": provisioner,
                "volumeBindingMode": mode,
            }
        )
    except ApiError as error:
        if error.code != 409:
            raise
