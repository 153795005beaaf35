"""etcd, kube-apiserver with RBAC and aggregation, and kube-controller-manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import yaml

from slackwater_testbed.certificates import Authority, KeyPair
from slackwater_testbed.csi import Csi
from slackwater_testbed.engines import binary
from slackwater_testbed.etcd import EtcdCluster
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.kubeconfig import Login
from slackwater_testbed.kubectl import Kubectl, Object
from slackwater_testbed.machine import Machine
from slackwater_testbed.server import Server, answers

ADMINISTRATORS = "system:masters"
SERVICES = "10.96.0.0/24"


class ControlPlane:
    """A Kubernetes control plane without nodes: objects are real, Pods stay Pending."""

    def __init__(self, name: str, machine: Machine, etcd: EtcdSetup | None = None) -> None:
        self.name = name
        self.machine = machine
        self.folder = machine.folder
        self.etcd = EtcdCluster(name, machine, etcd)
        self._authority = Authority(self.folder / "pki")
        self.csi = Csi(self)

    @property
    def url(self) -> str:
        """The address of the API server."""
        return self._address("apiserver")

    @property
    def authority(self) -> Path:
        """The certificate with which the API server's own is verified."""
        return self._authority.certificate

    @cached_property
    def kubeconfig(self) -> Path:
        """A kubeconfig of an administrator; its only context has the cluster's name."""
        return self.login().write(self.folder / "kubeconfig")

    def login(self) -> Login:
        """Return the administrator's context, to be merged into other kubeconfigs."""
        return self._login(self.name, "admin", self._admin)

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """Return a kubeconfig of another user, who has only what RBAC gives to that name."""
        folder = f"user-{user}".replace(":", "-")  # a colon parts the files of $KUBECONFIG
        pair = self._authority.issue(folder, user, groups)
        return self._login(self.name, user, pair).write(self.folder / folder / "kubeconfig")

    def token(self, namespace: str, account: str) -> str:
        """Return a token that the API server has signed for a service account, made if need be.

        It is good for a day.
        """
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        metadata = {"name": account, "namespace": namespace}
        made = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        self.apply(yaml.safe_dump_all([space, made]))
        wanted = ("token", account, f"--namespace={namespace}", "--duration=24h")
        return self.kubectl("create", *wanted).strip()

    @cached_property
    def apiserver(self) -> Server:
        """The API server."""
        argv = [str(binary("kube-apiserver")), *flags(self._apiserver_flags())]
        return self._server("apiserver", argv, self._answers("/readyz", "apiserver"))

    @cached_property
    def controller_manager(self) -> Server:
        """The controllers: namespaces end, claims bind, Deployments make Pods."""
        pair = self._authority.issue("controller-manager", "system:kube-controller-manager")
        login = self._login(self.name, "controller-manager", pair)
        config = login.write(self.folder / "controller-manager.kubeconfig")
        argv = [str(binary("kube-controller-manager")), *flags({
            "kubeconfig": config,
            "bind-address": self.machine.address,
            "secure-port": self.machine.port("controller-manager"),
            "tls-cert-file": pair.certificate,
            "tls-private-key-file": pair.key,
            "service-account-private-key-file": self._authority.token_keys().key,
            "root-ca-file": self.authority,
            "use-service-account-credentials": "true",
            "leader-elect": "false",
        })]  # fmt: skip
        ready = self._answers("/healthz", "controller-manager")
        return self._server("controller-manager", argv, ready)

    @property
    def servers(self) -> list[Server]:
        """All servers, in the order in which they start."""
        plane = [*self.etcd.servers, self.apiserver, self.controller_manager]
        return [*plane, *self.csi.servers]

    def start(self) -> None:
        """Start what does not run, and wait until all of it answers."""
        # All members at once: one alone never answers.
        self.etcd.start()
        self.csi.end_stranded()
        for server in self.servers:
            server.start()

    def stop(self) -> None:
        """Kill every server: a dead cluster. `start` brings it back with its data and ports."""
        for server in reversed(self.servers):
            server.kill()

    def kubectl(self, *arguments: str, stdin: str = "", seconds: float = 120) -> str:
        """Run kubectl as administrator and return its output. Raise KubectlFailed."""
        return self._kubectl.run(*arguments, stdin=stdin, seconds=seconds)

    def apply(self, manifests: str) -> None:
        """Apply YAML documents, server-side."""
        self._kubectl.apply(manifests)

    def get(self, resource: str, name: str, namespace: str = "default") -> Object | None:
        """Return an object, or None if there is none of that name."""
        return self._kubectl.get(resource, name, namespace)

    def wait_for(
        self,
        resource: str,
        name: str,
        condition: Callable[[Object], bool],
        *,
        namespace: str = "default",
        seconds: float = 60,
    ) -> Object:
        """Wait until an object exists and satisfies the condition; return it.

        Raise WaitTimedOut with the object's last status.
        """
        return self._kubectl.wait_for(
            resource, name, condition, namespace=namespace, seconds=seconds
        )

    @cached_property
    def _kubectl(self) -> Kubectl:
        return Kubectl(self.kubeconfig)

    @property
    def _admin(self) -> KeyPair:
        return self._authority.issue("admin", "admin", [ADMINISTRATORS])

    def _apiserver_flags(self) -> dict[str, object]:
        return {
            "advertise-address": self.machine.inner_address,
            "bind-address": self.machine.open_address,
            "secure-port": self.machine.port("apiserver"),
            "endpoint-reconciler-type": "none",
            "authorization-mode": "Node,RBAC",
            "allow-privileged": "true",
            "service-cluster-ip-range": SERVICES,
            "profiling": "false",
            **self._apiserver_pki(),
            **self._aggregation(),
        }

    def _apiserver_pki(self) -> dict[str, object]:
        serving = self._authority.issue("apiserver", "apiserver", hosts=self.machine.hosts)
        tokens = self._authority.token_keys()
        etcd = self.etcd.api_server_client
        return {
            "etcd-servers": ",".join(self.etcd.endpoints),
            "etcd-cafile": self.authority,
            "etcd-certfile": etcd.certificate,
            "etcd-keyfile": etcd.key,
            "tls-cert-file": serving.certificate,
            "tls-private-key-file": serving.key,
            "client-ca-file": self.authority,
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": tokens.certificate,
            "service-account-signing-key-file": tokens.key,
        }

    def _aggregation(self) -> dict[str, object]:
        """Return what lets an API served by another process stand behind this one."""
        proxy = self._authority.issue("front-proxy", "front-proxy")
        return {
            "requestheader-client-ca-file": self.authority,
            "requestheader-allowed-names": "front-proxy",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": proxy.certificate,
            "proxy-client-key-file": proxy.key,
        }

    def _login(self, name: str, user: str, pair: KeyPair) -> Login:
        return Login(name, self.name, self.url, self.authority, user, pair)

    def _server(self, name: str, argv: Sequence[str], ready: Callable[[], bool]) -> Server:
        return Server(name, self.machine, argv, ready)

    def _answers(self, path: str, port: str) -> Callable[[], bool]:
        url = f"{self._address(port)}{path}"
        return lambda: answers(url, self.authority, self._admin)

    def _address(self, port: str) -> str:
        return f"https://{self._endpoint(port)}"

    def _endpoint(self, port: str) -> str:
        return f"{self.machine.address}:{self.machine.port(port)}"


def flags(values: dict[str, object]) -> list[str]:
    """Return these as command-line flags."""
    return [f"--{name}={value}" for name, value in values.items()]
