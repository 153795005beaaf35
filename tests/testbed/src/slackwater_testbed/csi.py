"""CSI in one cluster: the sidecars as they are released, and a driver of the testbed's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from slackwater_testbed import csi_manifests
from slackwater_testbed.csi_driver import DirectoryDriver
from slackwater_testbed.engines import binary, built_file
from slackwater_testbed.server import Server, answers

if TYPE_CHECKING:
    from slackwater_testbed.control_plane import ControlPlane

# As quick as the flags allow: by default they make five requests a second.
_QUICK = (
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    "--retry-interval-start=200ms",
    "--retry-interval-max=1s",
)
PARTS = {
    "snapshot-controller": "kube-system",
    "csi-snapshotter": "default",
    "csi-provisioner": "default",
}


class Csi:
    """snapshot-controller, csi-snapshotter, csi-provisioner and a driver, beside a control plane.

    There is none of it until `install`; afterwards its servers are servers of the cluster.
    Without nodes nothing is mounted: a test writes into the directory of a volume.
    `driver` is the one that a node's kubelet is to find, where there is a node.
    """

    def __init__(self, plane: ControlPlane, driver: DirectoryDriver | None = None) -> None:
        self._plane = plane
        self.driver = driver or DirectoryDriver(plane.machine)

    @property
    def installed(self) -> bool:
        """Whether this cluster has it, running or not."""
        return self._mark.exists()

    @cached_property
    def snapshot_controller(self) -> Server:
        """The controller that binds snapshots and contents."""
        return self._sidecar("snapshot-controller", [])

    @cached_property
    def snapshotter(self) -> Server:
        """The sidecar that has the driver make and delete snapshots."""
        return self._sidecar("csi-snapshotter", [self._address])

    @cached_property
    def provisioner(self) -> Server:
        """The sidecar that has the driver make and delete volumes."""
        return self._sidecar("csi-provisioner", [self._address])

    @property
    def servers(self) -> list[Server]:
        """All servers, in the order in which they start; none where it is not installed."""
        if not self.installed:
            return []
        return [self.driver.server, self.snapshot_controller, self.snapshotter, self.provisioner]

    def install(self) -> None:
        """Apply CRDs, rights and classes, then start everything."""
        for manifest in sorted(built_file("csi", "crds").glob("*.storage.k8s.io_*.yaml")):
            self._plane.apply(manifest.read_text())
        for name in PARTS:
            self._plane.apply(built_file("csi", f"rights/{name}.yaml").read_text())
        self._plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        self._plane.apply(csi_manifests.classes())
        self._mark.parent.mkdir(parents=True, exist_ok=True)
        self._mark.touch()
        self.start()

    def start(self) -> None:
        """Start what does not run, and wait until it answers."""
        self.end_stranded()
        self.driver.start()
        for server in self.servers:
            server.start()

    def end_stranded(self) -> None:
        """End sidecars whose driver has died: they notice at their next call, and end by it."""
        if self.installed and not self.driver.server.running:
            self.snapshotter.kill()
            self.provisioner.kill()

    def stop(self) -> None:
        """Kill all of it; `start` brings it back."""
        for server in reversed(self.servers):
            server.kill()

    def volume(self, namespace: str, claim: str) -> str:
        """Return the driver's handle of the volume that a claim is bound to; wait until it is."""
        bound = self._plane.wait_for(
            "persistentvolumeclaim",
            claim,
            lambda found: found.get("status", {}).get("phase") == "Bound",
            namespace=namespace,
        )
        found = self._plane.kubectl("get", "pv", bound["spec"]["volumeName"], "-o", "json")
        return str(json.loads(found)["spec"]["csi"]["volumeHandle"])

    def data(self, namespace: str, claim: str) -> Path:
        """Return the directory that holds what is in a claim's volume; wait until it is bound."""
        return self.driver.data(self.volume(namespace, claim))

    @property
    def _mark(self) -> Path:
        return self.driver.folder / "installed"

    @property
    def _address(self) -> str:
        return f"--csi-address={self.driver.socket}"

    def _sidecar(self, name: str, flags: Sequence[str]) -> Server:
        """Return a server that has the rights of its own service account, and no others."""
        machine = self._plane.machine
        account = f"system:serviceaccount:{PARTS[name]}:{name}"
        kubeconfig = self._plane.kubeconfig_for(account)
        http = f"{machine.address}:{machine.port(name)}"
        argv = [str(binary(name)), f"--kubeconfig={kubeconfig}", f"--http-endpoint={http}"]
        ready = f"http://{http}/metrics"
        return Server(name, machine, [*argv, *_QUICK, *flags], lambda: answers(ready))
