"""A node: container engine, kubelet and kube-proxy in one machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from slackwater_testbed.certificates import Authority
from slackwater_testbed.engines import binary
from slackwater_testbed.kubeconfig import Login
from slackwater_testbed.nodes import system
from slackwater_testbed.nodes.containerd import SOCKET, Containerd
from slackwater_testbed.nodes.machine import NamespacedMachine
from slackwater_testbed.nodes.network import ALL_PODS
from slackwater_testbed.server import Server, answers

PROXY = "system:kube-proxy"
FORWARDED = ("kubelet", "kube-proxy")


class Node:
    """The only node of a cluster, named as the cluster.

    `login` makes the kubeconfig's content for a user of the cluster, by name and groups.
    """

    def __init__(
        self,
        name: str,
        machine: NamespacedMachine,
        pods: str,
        authority: Authority,
        login: Callable[[str, tuple[str, ...]], Login],
    ) -> None:
        self.name = name
        self.machine = machine
        self.containerd = Containerd(machine, pods)
        self._authority = authority
        self._login = login

    @property
    def servers(self) -> list[Server]:
        """All servers, in the order in which they start."""
        return [self.containerd.server, self.kubelet, self.proxy]

    @cached_property
    def kubelet(self) -> Server:
        """The kubelet."""
        login = self._login(f"system:node:{self.name}", ("system:nodes",))
        argv = [
            str(binary("kubelet")),
            f"--config={self._write('kubelet.yaml', self._kubelet_config())}",
            f"--kubeconfig={login.write(self.machine.folder / 'kubelet.kubeconfig')}",
            f"--node-ip={self.machine.inner_address}",
            f"--hostname-override={self.name}",
        ]
        return self._server("kubelet", argv)

    @cached_property
    def proxy(self) -> Server:
        """kube-proxy, which makes the addresses of services lead to pods."""
        login = self._login(PROXY, ())
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {
                "kubeconfig": str(login.write(self.machine.folder / "kube-proxy.kubeconfig"))
            },
            "mode": "iptables",
            "clusterCIDR": ALL_PODS,
            "hostnameOverride": self.name,
            "healthzBindAddress": self._health("kube-proxy"),
            # Not to be had in a network namespace: it would end at once.
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        }
        argv = [str(binary("kube-proxy")), f"--config={self._write('kube-proxy.yaml', config)}"]
        return self._server("kube-proxy", argv)

    def _kubelet_config(self) -> dict[str, Any]:
        address = self.machine.inner_address
        pair = self._authority.issue("kubelet-serving", "kubelet", hosts=(address,))
        never = {
            f"{sort}.{what}": "0%"
            for sort, what in (
                ("memory", "available"),
                ("nodefs", "available"),
                ("imagefs", "available"),
                ("nodefs", "inodesFree"),
            )
        }
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "cgroupDriver": "cgroupfs",
            # Else two kubelets share one tree of groups, and remove each other's.
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "address": address,
            "healthzBindAddress": self.machine.address,
            "healthzPort": self.machine.port("kubelet"),
            "readOnlyPort": 0,
            "tlsCertFile": str(pair.certificate),
            "tlsPrivateKeyFile": str(pair.key),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self._authority.certificate)},
            },
            "authorization": {"mode": "Webhook"},
            "resolvConf": "/etc/resolv.conf",
            "evictionHard": never,
            "imageGCHighThresholdPercent": 100,
            "maxPods": 60,
            "serializeImagePulls": False,
            "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        }

    def _server(self, name: str, argv: list[str]) -> Server:
        url = f"http://{self._health(name)}/healthz"
        path = {"PATH": f"{Path(argv[0]).parent}:{system.PATH}"}
        return Server(name, self.machine, argv, lambda: answers(url), path)

    def _health(self, name: str) -> str:
        return f"{self.machine.address}:{self.machine.port(name)}"

    def _write(self, name: str, config: dict[str, Any]) -> Path:
        file = self.machine.folder / name
        file.write_text(yaml.safe_dump(config))
        return file
