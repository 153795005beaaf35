"""The demo's stage on real clusters: ``slackwater demo --stage real``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from slackwater.demo.stage import ControlPlanes, Stage
from slackwater_testbed.cluster import Cluster
from slackwater_testbed.fleet import Entry, etcdctl_settings, restore_settings, store_entry
from slackwater_testbed.state import claim
from slackwater_testbed.testbed import Testbed, remove

CLUSTERS = ("prod-eu", "prod-us", "dr-eu")
_STORE = "vault"


class RealStage(Stage):
    """Three real clusters with a real Velero each, as processes on loopback."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._testbed: Testbed | None = None
        self._folder = Path()

    @property
    def introduction(self) -> str:
        """Say what is real."""
        return (
            "Three real clusters on loopback: etcd, kube-apiserver, kube-controller-manager and a"
            "\nreal Velero each, over a real S3 server. There are no nodes: Pods stay Pending."
        )

    def open(self, folder: Path) -> Path:
        """Start the clusters, in a folder that is swept even after a SIGKILL."""
        place = claim()
        self._running.callback(remove, place)
        self._testbed = Testbed(place, CLUSTERS)
        self._testbed.install()
        self._folder = folder
        return self._testbed.kubeconfig

    def control_planes(self) -> ControlPlanes | None:
        """Return each cluster's etcd, the commands of its hosts, and a store in the S3 server."""
        if self._testbed is None:
            return None
        stores = {_STORE: store_entry(self._testbed.objectstore, bucket=_STORE)}
        return ControlPlanes(stores, {each.name: self._backends(each) for each in self._testbed})

    def _backends(self, cluster: Cluster) -> dict[str, Entry]:
        restore = restore_settings(cluster, self._folder / "prepared")
        return {"etcdctl": {**etcdctl_settings(cluster.etcd, store=_STORE), "restore": restore}}

    def stop_cluster(self, name: str) -> None:
        """Kill every process of a cluster."""
        if self._testbed is not None:
            self._testbed[name].stop()

    def close(self) -> None:
        """End every process and delete every trace."""
        self._running.close()
