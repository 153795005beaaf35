"""containerd with runc and one network plugin: what runs the containers of a node."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from slackwater_testbed.engines import binary
from slackwater_testbed.errors import TestbedError
from slackwater_testbed.nodes import images, system
from slackwater_testbed.nodes.cgroups import KUBERNETES
from slackwater_testbed.nodes.machine import NamespacedMachine
from slackwater_testbed.server import Server

SOCKET = "/run/containerd/containerd.sock"

_CONFIG = """\
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "{sandbox}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  enable_selinux = false
  disable_apparmor = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["{plugins}"]
    conf_dir = "{networks}"
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      SystemdCgroup = false
"""


class Containerd:
    """The container engine of one machine. Pods get addresses of `pods`."""

    def __init__(self, machine: NamespacedMachine, pods: str) -> None:
        self._machine = machine
        self._pods = pods

    @cached_property
    def server(self) -> Server:
        """Its process."""
        engine = binary("containerd")
        argv = [str(engine), "--config", str(self._write_config())]
        # Its shim and runc are found on the PATH.
        environment = {"PATH": f"{engine.parent}:{system.PATH}"}
        return Server("containerd", self._machine, argv, self._answers, environment)

    def import_images(self, files: Iterable[Path]) -> None:
        """Give it images from files."""
        for file in files:
            self.ctr("images", "import", "--local", "--no-unpack=false", str(file))

    def ctr(self, *arguments: str) -> str:
        """Run containerd's own client where Kubernetes' containers are. Raise TestbedError."""
        client = str(binary("ctr"))
        return self._machine.run(client, "-a", SOCKET, "-n", KUBERNETES, *arguments)

    def _answers(self) -> bool:
        try:
            self.ctr("version")
        except TestbedError:
            return False
        return True

    def _write_config(self) -> Path:
        folder = self._machine.folder / "containerd"
        networks = folder / "networks"
        networks.mkdir(parents=True, exist_ok=True)
        (networks / "10-testbed.conflist").write_text(json.dumps(_network(self._pods)))
        config = folder / "config.toml"
        plugins = binary("ptp").parent
        config.write_text(
            _CONFIG.format(socket=SOCKET, sandbox=images.BASE, plugins=plugins, networks=networks)
        )
        return config


def _network(pods: str) -> dict[str, object]:
    ranges = [[{"subnet": pods}]]
    addresses = {
        "type": "host-local",
        "ranges": ranges,
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/cni-addresses",
    }
    plugin = {"type": "ptp", "ipMasq": False, "ipam": addresses}
    return {"cniVersion": "1.0.0", "name": "testbed", "plugins": [plugin]}
