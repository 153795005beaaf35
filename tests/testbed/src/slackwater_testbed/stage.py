"""The demo's stage on real clusters: ``slackwater demo --stage real``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from slackwater.demo.stage import Stage
from slackwater_testbed.state import claim
from slackwater_testbed.testbed import Testbed, remove

CLUSTERS = ("prod-eu", "prod-us", "dr-eu")


class RealStage(Stage):
    """Three real clusters with a real Velero each, as processes on loopback."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._testbed: Testbed | None = None

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
        return self._testbed.kubeconfig

    def stop_cluster(self, name: str) -> None:
        """Kill every process of a cluster."""
        if self._testbed is not None:
            self._testbed[name].stop()

    def close(self) -> None:
        """End every process and delete every trace."""
        self._running.close()
