"""A cluster with a node: its pods run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import yaml

from slackwater_testbed import csi, csi_manifests
from slackwater_testbed.control_plane import ControlPlane, flags
from slackwater_testbed.csi import Csi
from slackwater_testbed.csi_driver import DirectoryDriver
from slackwater_testbed.engines import binary
from slackwater_testbed.kubeconfig import Login
from slackwater_testbed.kubectl import Object
from slackwater_testbed.nodes import disks, node
from slackwater_testbed.nodes.machine import ANCHOR, NamespacedMachine
from slackwater_testbed.nodes.network import Network, pods_of
from slackwater_testbed.nodes.never_pull import never_pull
from slackwater_testbed.nodes.node import Node
from slackwater_testbed.nodes.velero import VeleroPods
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.server import Server

FORWARDED = (
    *("etcd-1", "apiserver", "controller-manager", "scheduler"),
    *(*node.FORWARDED, *csi.PARTS),
)
_REGISTRY = Path("/var/lib/kubelet/plugins_registry")
_FOR_VELERO = "velero.io/csi-volumesnapshot-class=true"


class NodeCluster(ControlPlane):
    """Control plane and one node in one machine, with CSI as processes and Velero in pods."""

    machine: NamespacedMachine

    def __init__(
        self,
        name: str,
        number: int,
        machine: NamespacedMachine,
        network: Network,
        store: ObjectStore,
        *,
        with_velero: bool = True,
    ) -> None:
        super().__init__(name, machine)
        self.machine = machine
        self.node = Node(name, machine, pods_of(number), self._authority, self._login_of)
        self.csi = Csi(self, DirectoryDriver(machine, node=name, registry=_REGISTRY))
        self.velero = VeleroPods(self, store)
        self._with_velero = with_velero
        self._number = number
        self._network = network

    @cached_property
    def scheduler(self) -> Server:
        """The scheduler."""
        user = "system:kube-scheduler"
        pair = self._authority.issue("scheduler", user)
        config = self._login(self.name, user, pair).write(self.folder / "scheduler.kubeconfig")
        argv = [str(binary("kube-scheduler")), *flags({
            "kubeconfig": config,
            "authentication-kubeconfig": config,
            "authorization-kubeconfig": config,
            "bind-address": self.machine.address,
            "secure-port": self.machine.port("scheduler"),
            "tls-cert-file": pair.certificate,
            "tls-private-key-file": pair.key,
            "leader-elect": "false",
        })]  # fmt: skip
        return self._server("scheduler", argv, self._answers("/healthz", "scheduler"))

    @property
    def servers(self) -> list[Server]:
        """All servers, the node's last."""
        return [*super().servers, self.scheduler, *self.node.servers]

    def install(self, images: Sequence[Path]) -> None:
        """Start everything for the first time, and wait until Velero, if any, can write its store.

        The node has all images before its kubelet asks for the first: nothing is ever pulled.
        """
        self._power_on()
        with ThreadPoolExecutor(1) as pool:
            imported = pool.submit(self._prepare_node, images)
            self.etcd.start()
            for server in super().servers:
                server.start()
            self.apply(never_pull())
            self.apply(_proxy_rights())
            imported.result()
        super().start()
        self.wait_for("serviceaccount", "default", lambda _: True)
        self.wait_for("node", self.name, is_ready)
        if self._with_velero:
            self.csi.install()
            self.kubectl("label", "volumesnapshotclass", csi_manifests.CLASS, _FOR_VELERO)
            # Velero learns when it starts which kinds there are, so it comes last.
            self.velero.install()

    def start(self) -> None:
        """Start what does not run, the machine itself too; wait until all of it answers.

        What was cut off or slowed down is so no more.
        """
        self._power_on()
        self.reconnect()
        self.speed_up()
        super().start()
        if self._with_velero:
            self.velero.wait_ready()

    def reboot(self) -> None:
        """Take the power from the machine and give it back; pods come back by themselves."""
        self.machine.down()
        self.start()

    def add_disk(self, name: str) -> None:
        """Give the node one more disk; a claim of the class `disks` may have it."""
        disks.add_disk(self, self.machine, name)

    def cut_off(self) -> None:
        """Pull the cable to all other machines: object store and other clusters are away."""
        self._network.cut(self._number)

    def reconnect(self) -> None:
        """Plug it in again."""
        self._network.mend(self._number)

    def slow_down(self, rate: str) -> None:
        """Let what goes in and out pass at this rate, such as `8mbit`, until `speed_up`."""
        self._network.slow_down(self.machine, self._number, rate)

    def speed_up(self) -> None:
        """Let it pass as it can again."""
        self._network.speed_up(self.machine, self._number)

    def _power_on(self) -> None:
        if not self.machine.running(ANCHOR):
            self.machine.up()
            self._network.connect(self.machine, self._number)
        self.machine.lead()

    def _prepare_node(self, images: Sequence[Path]) -> None:
        self.node.containerd.server.start()
        self.node.containerd.import_images(images)

    def _apiserver_flags(self) -> dict[str, object]:
        client = self._authority.issue("kubelet-client", "kubelet-client", ["system:masters"])
        return {
            **super()._apiserver_flags(),
            "endpoint-reconciler-type": "lease",
            "enable-admission-plugins": "NodeRestriction",
            "kubelet-client-certificate": client.certificate,
            "kubelet-client-key": client.key,
            "kubelet-certificate-authority": self.authority,
            # The node's name leads nowhere: there is no resolver.
            "kubelet-preferred-address-types": "InternalIP",
        }

    def _login_of(self, user: str, groups: tuple[str, ...]) -> Login:
        pair = self._authority.issue(f"user-{user}", user, groups)
        return self._login(self.name, user, pair)


def is_ready(found: Object) -> bool:
    """Tell whether a node or pod has the condition Ready."""
    conditions = found.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _proxy_rights() -> str:
    return yaml.safe_dump({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "testbed-kube-proxy"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:node-proxier",
        },
        "subjects": [{"kind": "User", "name": node.PROXY}],
    })  # fmt: skip
