"""Velero as its own installer puts it into a cluster: a Deployment and the node agents."""

from __future__ import annotations

import subprocess
from typing import Any

import yaml

from slackwater_testbed import velero_manifests
from slackwater_testbed.engines import binary
from slackwater_testbed.kubectl import Object
from slackwater_testbed.nodes import images
from slackwater_testbed.velero import Velero
from slackwater_testbed.velero_manifests import DEFAULT_LOCATION, NAMESPACE

SERVER, AGENT = "deploy=velero", "name=node-agent"


class VeleroPods(Velero):
    """Stock Velero: server and node agents are pods, and each volume is moved by one more."""

    _names_secret = True

    def install(self) -> None:
        """Do what `velero install` does; wait until the store can be written and agents run."""
        manifests, rest = self._manifests()
        self._cluster.apply(manifests)
        self._cluster.apply(velero_manifests.secret(self._store.credentials))
        self._cluster.apply(rest)
        self.add_own_location()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the server has seen the store and the node agent runs."""
        self._cluster.wait_for("deployment", "velero", _serves, namespace=NAMESPACE)
        self._cluster.wait_for("daemonset", "node-agent", _runs_everywhere, namespace=NAMESPACE)
        self.wait_available()

    def sync(self, location: str = DEFAULT_LOCATION) -> None:
        """Have Velero look for new backups now: it does when it starts, if it knows the location.

        Without this it looks once a minute, and no flag changes that.
        """
        self.wait_available(location)
        self.kill()
        self.wait_ready()

    def kill(self) -> None:
        """End the server at once; its Deployment starts another."""
        self.delete_pods(SERVER)

    def kill_agent(self) -> None:
        """End the node agents at once; their DaemonSet starts others."""
        self.delete_pods(AGENT)

    def delete_pods(self, labels: str) -> None:
        """Delete pods of Velero's namespace without mercy."""
        self._cluster.kubectl(
            *("delete", "pod", "-n", NAMESPACE, "-l", labels, "--force", "--grace-period=0"),
            "--ignore-not-found",
        )

    def _manifests(self) -> tuple[str, str]:
        """Return definitions with namespace, and the rest, as the installer writes them."""
        command = [
            str(binary("velero", "velero-pods")),
            *("install", "--dry-run", "-o", "yaml", "--no-secret"),
            f"--kubeconfig={self._cluster.kubeconfig}",
            *(f"--image={images.VELERO}", f"--plugins={images.AWS_PLUGIN}"),
            *("--no-default-backup-location", "--use-volume-snapshots=false"),
            *("--use-node-agent", "--features=EnableCSI", f"--namespace={NAMESPACE}"),
            *(
                f"--{pod}-pod-{what}-{bound}=0"
                for pod in ("velero", "node-agent")
                for what in ("cpu", "mem")
                for bound in ("request", "limit")
            ),
        ]
        home = {"HOME": str(self._cluster.folder)}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=home)
        listed = yaml.safe_load(done.stdout)["items"]
        first = [each for each in listed if each["kind"] in _FIRST]
        return (
            yaml.safe_dump_all(first),
            yaml.safe_dump_all([_quickened(each) for each in listed if each not in first]),
        )


# As quick as its flags allow, with the patience that volumes need.
_QUICK = (
    "--store-validation-frequency=5s",
    "--backup-sync-period=1s",
    "--item-operation-sync-frequency=2s",
)
_FIRST = ("CustomResourceDefinition", "Namespace")


def _quickened(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the server's Deployment with the flags that make it look often."""
    if manifest["kind"] == "Deployment":
        [container] = manifest["spec"]["template"]["spec"]["containers"]
        container["args"] += list(_QUICK)
    return manifest


def _serves(found: Object) -> bool:
    status = found.get("status", {})
    return bool(status.get("readyReplicas")) and not status.get("unavailableReplicas")


def _runs_everywhere(found: Object) -> bool:
    status = found.get("status", {})
    wanted = status.get("desiredNumberScheduled")
    return bool(wanted) and status.get("numberReady") == wanted
