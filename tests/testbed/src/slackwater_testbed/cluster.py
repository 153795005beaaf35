"""A cluster: a control plane with its Velero."""

from __future__ import annotations

from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.machine import Machine
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.server import Server
from slackwater_testbed.velero import VeleroServer


class Cluster(ControlPlane):
    """A control plane and the Velero server that belongs to it."""

    def __init__(
        self, name: str, machine: Machine, store: ObjectStore, etcd: EtcdSetup | None = None
    ) -> None:
        super().__init__(name, machine, etcd)
        self.velero = VeleroServer(self, store)

    @property
    def servers(self) -> list[Server]:
        """All servers, Velero last."""
        return [*super().servers, self.velero.server]

    def install(self) -> None:
        """Start everything for the first time, and wait until Velero can write its store."""
        self.etcd.start()
        for server in super().servers:
            server.start()
        self.velero.install()
        self.velero.start()
        self.velero.wait_available()
        self.wait_for("serviceaccount", "default", lambda _: True)
