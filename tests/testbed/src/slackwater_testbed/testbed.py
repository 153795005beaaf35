"""Several clusters side by side, with one object store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from slackwater_testbed import kubeconfig
from slackwater_testbed.cluster import Cluster
from slackwater_testbed.errors import TestbedError
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.machine import LoopbackMachine
from slackwater_testbed.nodes.cgroups import remove_cgroups
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.ports import Ports
from slackwater_testbed.processes import ProcessRecord, end
from slackwater_testbed.server import Server

NAMES = ("east", "west")


class Testbed:
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

    def __getitem__(self, name: str) -> Cluster:
        return self.clusters[name]

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.clusters.values())

    @cached_property
    def kubeconfig(self) -> Path:
        """A kubeconfig with the administrator of each cluster; contexts have their names."""
        return kubeconfig.write(self.folder / "kubeconfig", [cluster.login() for cluster in self])

    @property
    def servers(self) -> list[Server]:
        """All servers of all clusters, and the object store's."""
        return [self.objectstore.server, *(server for each in self for server in each.servers)]

    @property
    def running(self) -> bool:
        """Whether every process runs."""
        return all(server.running for server in self.servers)

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

    def remove(self) -> None:
        """End every process and delete every trace."""
        remove(self.folder)

    def _machine(self, name: str) -> LoopbackMachine:
        return LoopbackMachine(self.folder / name, self._ports)


def remove(folder: Path) -> None:
    """End every process that was started for a testbed in this folder, and delete the folder."""
    for file in folder.glob("*/*.pid"):
        record = ProcessRecord.read(file)
        if record is not None:
            end(record)
    for machine in folder.glob("*/"):
        remove_cgroups(machine)
    shutil.rmtree(folder, ignore_errors=True)
