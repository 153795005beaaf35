"""Several clusters side by side, with one object store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slackwater_testbed.cluster import Cluster
from slackwater_testbed.clusters import Clusters
from slackwater_testbed.errors import TestbedError
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.machine import LoopbackMachine
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.ports import Ports

NAMES = ("east", "west")


class Testbed(Clusters[Cluster]):
    """Clusters in a folder, each with its own Velero and a writable location of its own.

    `etcd` says how the etcd of a cluster is made, where it is not to have one member.
    Everything it knows is in the folder: a second object, in another process, is as good.
    """

    __test__ = False  # the name begins like a test's, and pytest would collect it

    def __init__(
        self,
        folder: Path,
        clusters: Sequence[str] = NAMES,
        *,
        etcd: Mapping[str, EtcdSetup] | None = None,
    ) -> None:
        self.folder = folder
        self._ports = Ports(folder / "ports.json")
        self.objectstore = ObjectStore(self._machine("objectstore"))
        setups = etcd or {}
        self.clusters = {
            name: Cluster(name, self._machine(name), self.objectstore, setups.get(name))
            for name in clusters
        }

    @classmethod
    def open(cls, folder: Path) -> Testbed:
        """Return the testbed that was started in this folder. Raise TestbedError without one."""
        names = folder / "clusters.json"
        if not names.exists():
            raise TestbedError("There is no testbed: `python -m slackwater_testbed up` starts one.")
        return cls(folder, json.loads(names.read_text()))

    def install(self) -> None:
        """Start everything in an empty folder, and wait until each Velero can write its store."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "clusters.json").write_text(json.dumps(list(self.clusters)))
        self.objectstore.start()
        with ThreadPoolExecutor(len(self.clusters)) as pool:
            list(pool.map(Cluster.install, self))

    def start(self) -> None:
        """Start again what does not run, with its ports and data, and wait until it answers."""
        self.objectstore.start()
        with ThreadPoolExecutor(len(self.clusters)) as pool:
            list(pool.map(Cluster.start, self))

    def _machine(self, name: str) -> LoopbackMachine:
        return LoopbackMachine(self.folder / name, self._ports)
