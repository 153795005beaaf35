"""The demo's stage on real clusters: ``slackwater demo --stage real``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import yaml

from slackwater.clusters import Cluster
from slackwater.demo.stage import NAMES, Said, Stage
from slackwater_testbed import csi_manifests, kasten, kubeconfig
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.fleet import Entry, etcdctl_settings, restore_settings, store_entry
from slackwater_testbed.kubectl import Object
from slackwater_testbed.parts import Parts
from slackwater_testbed.state import claim as claim_folder
from slackwater_testbed.testbed import Testbed

STORE = "vault"
WITH_VELERO = ("prod-eu", "dr-eu")
WITH_DISKS = ("prod-us", "edge")
TURNED_BACK = "edge"
IN_KASTEN = ("prod-us", "crm")
"""Whose volume is one that the emulated K10 can hold; all others are the CSI driver's."""
_FILE = "data"


class RealStage(Stage):
    """Four real control planes on loopback, and real tools where there is a real one.

    Velero, etcd, S3, the CSI sidecars and a driver are. K10 is emulated, as an aggregated API
    behind the real API server.
    """

    def __init__(self) -> None:
        self._running = ExitStack()
        self._folder = Path()

    @property
    def introduction(self) -> str:
        """Say what is real."""
        return (
            "Four real clusters on loopback: etcd, kube-apiserver, kube-controller-manager; a real"
            "\nVelero in prod-eu and dr-eu, over a real S3 server; in prod-us and edge the released"
            "\nCSI sidecars over a driver whose volumes are directories. Kasten is an emulator"
            "\nbehind the real API server of prod-us. There are no nodes: Pods stay Pending, and"
            "\nVelero has no volumes to move."
        )

    def open(self, folder: Path) -> Path:
        """Start the clusters, in a folder that is swept even after a SIGKILL."""
        self._folder = folder
        self._running.callback(self.testbed.remove)
        self._running.callback(self._parts.remove)
        self.testbed.install()
        with ThreadPoolExecutor(len(WITH_DISKS)) as pool:
            list(pool.map(self._start, WITH_DISKS))
        beside = self._running.enter_context(self._reached("prod-us"))
        self._running.enter_context(kasten.kasten(self.plane("prod-us"), beside))
        return kubeconfig.write(folder / "kubeconfig", [self.plane(n).login() for n in NAMES])

    def _start(self, name: str) -> None:
        self._parts.control_plane(name).csi.install()

    @cached_property
    def testbed(self) -> Testbed:
        """The clusters with Velero, and the S3 server."""
        return Testbed(claim_folder("story"), WITH_VELERO)

    @cached_property
    def _parts(self) -> Parts:
        return Parts(claim_folder("story-parts"))

    def plane(self, name: str) -> ControlPlane:
        """Return the control plane of a cluster."""
        return self.testbed[name] if name in WITH_VELERO else self._parts.started(name)

    def said(self) -> Said:
        """Return stores, etcds with the commands of their hosts, and what only people know."""
        stores = {STORE: store_entry(self.testbed.objectstore, bucket=STORE)}
        snapshots: Entry = {"store": STORE, "objects": True}
        backends: dict[str, dict[str, Entry]] = {
            "prod-eu": {"etcdctl": self._etcd("prod-eu")},
            "prod-us": {"csi": snapshots},
            "edge": {"csi": snapshots, "etcdctl": self._etcd("edge")},
        }
        return Said(stores, backends, (TURNED_BACK,))

    def _etcd(self, name: str) -> Entry:
        plane = self.plane(name)
        restore = restore_settings(plane, self._folder / "prepared")
        return {**etcdctl_settings(plane.etcd, store=STORE), "restore": restore}

    def put_volume(self, cluster: str, namespace: str, claim: str, data: bytes) -> bool:
        """Claim a volume where there are disks, wait until it is bound, and write on it."""
        if cluster not in WITH_DISKS:
            return False
        annotated = (cluster, namespace) == IN_KASTEN
        made = kasten.volume(namespace, claim) if annotated else _claim(namespace, claim)
        self.plane(cluster).apply(yaml.safe_dump_all(made))
        self.write(cluster, namespace, claim, data)
        return True

    def write(self, cluster: str, namespace: str, claim: str, data: bytes) -> None:
        """Write on the volume that the claim is bound to."""
        plane = self.plane(cluster)
        if (cluster, namespace) != IN_KASTEN:
            (plane.csi.data(namespace, claim) / _FILE).write_bytes(data)
            return
        with self._reached(cluster) as reached:
            kasten.write(plane, reached, namespace, claim, data.decode())

    def read(self, cluster: str, namespace: str, claim: str) -> bytes | None:
        """Return what is on the volume that the claim is bound to."""
        plane = self.plane(cluster)
        if (cluster, namespace) != IN_KASTEN:
            file = plane.csi.data(namespace, claim) / _FILE
            return file.read_bytes() if file.exists() else None
        with self._reached(cluster) as reached:
            found = kasten.read(plane, reached, namespace, claim)
        return None if found is None else found.encode()

    def _reached(self, name: str) -> Cluster:
        return Cluster(name, kubeconfig=self.plane(name).kubeconfig, timeout=30)

    def stop_cluster(self, name: str) -> None:
        """Kill every process of a cluster."""
        self.plane(name).stop()

    def close(self) -> None:
        """End every process and delete every trace."""
        self._running.close()


def _claim(namespace: str, claim: str) -> Iterator[Object]:
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim, "namespace": namespace},
        "spec": {
            "storageClassName": csi_manifests.CLASS,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Mi"}},
        },
    }
