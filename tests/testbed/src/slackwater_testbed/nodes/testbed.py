"""Several clusters with nodes, their object store, and the network between them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slackwater_testbed.clusters import Clusters
from slackwater_testbed.nodes import cluster, images
from slackwater_testbed.nodes.cluster import NodeCluster
from slackwater_testbed.nodes.machine import ANCHOR, NamespacedMachine
from slackwater_testbed.nodes.network import HUB_ADDRESS, Network, node_address
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.ports import Ports
from slackwater_testbed.testbed import NAMES


class NodeTestbed(Clusters[NodeCluster]):
    """Clusters in a folder, each in a machine of its own, with one node and Velero in pods.

    Everything it knows is in the folder: a second object, in another process, is as good.
    """

    __test__ = False

    def __init__(
        self, folder: Path, clusters: Sequence[str] = NAMES, *, with_velero: bool = True
    ) -> None:
        self.folder = folder
        self._with_velero = with_velero
        self._ports = Ports(folder / "ports.json")
        self._hub = NamespacedMachine(folder / "hub", self._ports, HUB_ADDRESS, ("s3",))
        self._network = Network(self._hub)
        self.objectstore = ObjectStore(self._hub)
        self.clusters = {
            name: self._cluster(name, number) for number, name in enumerate(clusters, start=1)
        }

    def install(self) -> None:
        """Start everything in an empty folder, and wait until each Velero can write its store."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "clusters.json").write_text(json.dumps(list(self.clusters)))
        self._power_on()
        self.objectstore.start()
        files = images.write_all(self.folder / "images", with_velero=self._with_velero)
        with ThreadPoolExecutor(len(self.clusters)) as pool:
            list(pool.map(lambda each: each.install(files), self))

    def start(self) -> None:
        """Start again what does not run, with its ports and data, and wait until it answers."""
        self._power_on()
        self.objectstore.start()
        with ThreadPoolExecutor(len(self.clusters)) as pool:
            list(pool.map(NodeCluster.start, self))

    def _power_on(self) -> None:
        if not self._hub.running(ANCHOR):
            self._hub.up()
            self._network.install()
        self._hub.lead()

    def _cluster(self, name: str, number: int) -> NodeCluster:
        address = node_address(number)
        machine = NamespacedMachine(self.folder / name, self._ports, address, cluster.FORWARDED)
        return NodeCluster(
            *(name, number, machine, self._network, self.objectstore),
            with_velero=self._with_velero,
        )
