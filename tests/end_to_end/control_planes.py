"""A fleet whose control planes are backed up too, and what their etcd holds, key by key."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from slackwater.model.recovery_point import RecoveryPoint
from slackwater_testbed.fleet import etcdctl_settings, restore_settings, store_entry
from slackwater_testbed.wire import Wire

from .road import Object, Road

if TYPE_CHECKING:
    from slackwater_testbed.control_plane import ControlPlane
    from slackwater_testbed.etcd import EtcdCluster
    from slackwater_testbed.objectstore import ObjectStore

BUMP = 1_000_000_000
STORE = "vault"
WRITTEN_ALL_THE_TIME = (
    "/registry/leases/",
    "/registry/events/",
    "/registry/masterleases/",
    "/registry/peerserverleases/",
    "/registry/velero.io/",
)
"""What a cluster writes by itself every few seconds, whether anybody does anything or not."""


@dataclass
class WholeRoad(Road):
    """A road by which control planes come back too, from an encrypted store in the S3 server."""

    by_hand: Collection[str] = ()
    """Clusters on whose hosts a person works; on the others, commands of the fleet file do."""

    @property
    def prepared(self) -> Path:
        """The folder for new data directories: the only one that may hold plain bytes."""
        return self.folder / "prepared"

    def backends(self, cluster: str) -> Object:
        """Return Velero, and etcd with how it is turned back."""
        here = self.testbed[cluster]
        restore = restore_settings(here, self.prepared)
        if cluster in self.by_hand:
            restore = guided(restore)
        etcd = {**etcdctl_settings(here.etcd, store=STORE), "restore": restore}
        return {**super().backends(cluster), "etcdctl": etcd}

    def stores(self) -> Object:
        """Return the store of all control planes; its bucket is this road's own."""
        return {STORE: store_entry(self.testbed.objectstore, bucket=self._bucket)}

    @property
    def vault(self) -> Path:
        """The folder that the store's bucket is."""
        return self.testbed.objectstore.make_bucket(self._bucket)

    @property
    def _bucket(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", f"vault-{self.folder.name}").strip("-")


def guided(restore: Object) -> Object:
    """Return the same restore, for a person who has systemd on each host."""
    members = [
        {key: value for key, value in member.items() if key != "commands"}
        for member in restore["members"]
    ]
    return {
        "mode": "guided",
        "style": "systemd",
        "prepare_in": restore["prepare_in"],
        "members": members,
    }


def digest_of(plan: Path) -> str:
    """Return the digest of a plan that was saved."""
    return str(yaml.safe_load(plan.read_text())["digest"])


def held(cluster: ControlPlane, revision: int = 0) -> dict[str, str]:
    """Return every key of a cluster's etcd with its value, as it was at a revision, or as it is."""
    asked = [f"--rev={revision}"] if revision else []
    answer = json.loads(cluster.etcd.etcdctl("get", "", "--prefix", *asked, "-w", "json"))
    return {b64decode(each["key"]).decode(): each["value"] for each in answer["kvs"]}


def differences(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return the names of keys that are not the same in both."""
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def lasting(keys: Collection[str]) -> set[str]:
    """Return those of some names of keys that only change when somebody changes them."""
    return {key for key in keys if not key.startswith(WRITTEN_ALL_THE_TIME)}


def revision_of(point: RecoveryPoint) -> int:
    """Return the revision of etcd that a recovery point holds."""
    assert point.contents is not None
    found = re.search(r"revision (\d+)", point.contents.summary)
    assert found
    return int(found.group(1))


def cached(cluster: ControlPlane, path: str) -> set[str]:
    """Return ``namespace/name`` of what an API server lists from its watch cache."""
    answer = json.loads(cluster.kubectl("get", "--raw", f"{path}?resourceVersion=0"))
    items = [each["metadata"] for each in answer["items"]]
    return {f"{each.get('namespace', '')}/{each['name']}" for each in items}


def stored(cluster: ControlPlane, kind: str) -> set[str]:
    """Return ``namespace/name`` of what etcd itself holds of a core kind."""
    prefix = f"/registry/{kind}/"
    found = (key.removeprefix(prefix) for key in held(cluster) if key.startswith(prefix))
    return {name if "/" in name else f"/{name}" for name in found}


@dataclass(frozen=True)
class Alone:
    """One control plane without Velero, where a road asks for the clusters of a testbed."""

    plane: ControlPlane
    objectstore: ObjectStore

    def __iter__(self) -> Iterator[ControlPlane]:
        yield self.plane

    def __getitem__(self, name: str) -> ControlPlane:
        assert name == self.plane.name
        return self.plane

    def start(self) -> None:
        """Start again what does not run."""
        self.objectstore.start()
        self.plane.start()


@dataclass
class LonelyRoad(WholeRoad):
    """A road over one control plane; members and store can stand behind other addresses."""

    settings: Object = field(default_factory=dict)
    endpoint: str = ""
    etcd: EtcdCluster | None = None
    """Another etcd than the control plane's own."""

    def backends(self, cluster: str) -> Object:
        """Return etcd alone, with what the test says otherwise."""
        etcd = super().backends(cluster)["etcdctl"]
        if self.etcd:
            etcd = etcdctl_settings(self.etcd, store=STORE)
        return {"etcdctl": {**etcd, **self.settings}}

    def of_etcd(self, etcd: EtcdCluster) -> None:
        """Write the fleet file anew, with this etcd for the cluster's."""
        self.etcd = etcd
        self.write()

    @contextmanager
    def through_etcd(self) -> Iterator[Wire]:
        """Reach etcd by one member only, over a wire."""
        with Wire(self.testbed["lone"].etcd.leader.client_url) as wire:
            self.settings = {**self.settings, "endpoints": [wire.url]}
            self.write()
            yield wire

    @contextmanager
    def through_store(self) -> Iterator[Wire]:
        """Reach the store over a wire."""
        with Wire(self.testbed.objectstore.endpoint) as wire:
            self.endpoint = wire.url
            self.write()
            yield wire

    def stores(self) -> Object:
        """Return the store, at the test's own address if it has one."""
        [(name, entry)] = super().stores().items()
        return {name: {**entry, **({"endpoint": self.endpoint} if self.endpoint else {})}}


def plain_files(canary: bytes, *folders: Path, since: float) -> set[Path]:
    """Return every file below these folders, changed since then, that holds the canary."""
    found = set()
    for folder, _, names in chain.from_iterable(map(os.walk, folders)):  # bears what goes meanwhile
        for path in (Path(folder, name) for name in names):
            with suppress(OSError):
                if path.is_file() and path.stat().st_mtime >= since and canary in path.read_bytes():
                    found.add(path)
    return found
