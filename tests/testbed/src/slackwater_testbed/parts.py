"""Single parts of a testbed: an etcd without Kubernetes, a control plane without Velero, S3."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from slackwater_testbed.clusters import remove
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.csi_driver import DirectoryDriver
from slackwater_testbed.etcd import EtcdCluster
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.machine import LoopbackMachine
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.ports import Ports
from slackwater_testbed.server import Server


class Parts:
    """Starts servers in a folder, as they are asked for; `remove` ends all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = Ports(folder / "ports.json")
        self._started: list[EtcdCluster | ControlPlane] = []
        self._drivers: list[DirectoryDriver] = []

    def etcd(
        self, name: str = "etcd", *, members: int = 1, family: str = "etcd", quota_bytes: int = 0
    ) -> EtcdCluster:
        """Start an etcd that no API server writes to; it is up in a second or two."""
        setup = EtcdSetup(members, family, quota_bytes)
        made = EtcdCluster(name, self._machine(name), setup)
        self._started.append(made)
        made.start()
        return made

    def control_plane(
        self, name: str = "lone", *, members: int = 1, family: str = "etcd"
    ) -> ControlPlane:
        """Start etcd, API server and controllers, without Velero."""
        made = ControlPlane(name, self._machine(name), EtcdSetup(members, family))
        self._started.append(made)
        made.start()
        return made

    def csi_driver(self, name: str = "storage") -> DirectoryDriver:
        """Start a CSI driver without Kubernetes."""
        made = DirectoryDriver(self._machine(name))
        self._drivers.append(made)
        made.start()
        return made

    def started(self, name: str) -> ControlPlane:
        """Return the control plane that was started under this name."""
        found = (each for each in self._started if isinstance(each, ControlPlane))
        return next(each for each in found if each.name == name)

    @cached_property
    def objectstore(self) -> ObjectStore:
        """An S3 server, started when it is first asked for."""
        made = ObjectStore(self._machine("objectstore"))
        made.start()
        return made

    @property
    def servers(self) -> list[Server]:
        """Every server that was asked for, whether it runs or not."""
        stores = [self.objectstore.server] if "objectstore" in vars(self) else []
        drivers = [driver.server for driver in self._drivers]
        return [*stores, *drivers, *(server for each in self._started for server in each.servers)]

    def remove(self) -> None:
        """End every process and delete every trace."""
        remove(self.folder)

    def _machine(self, name: str) -> LoopbackMachine:
        return LoopbackMachine(self.folder / name, self._ports)
