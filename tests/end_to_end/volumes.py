"""An application with data in its volumes, in pods that run: written, checked, compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .road import Object, manifests, thing

if TYPE_CHECKING:
    from slackwater_testbed.nodes.cluster import NodeCluster

# The testbed's own image; written out, so that nothing real is needed to collect the tests.
IMAGE = "docker.io/slackwater/base:1"
APP = "ledger"
POD = f"{APP}-0"

# Data is written once: what a restore has brought is never written over.
_WRITE = """
for volume in {volumes}; do
  if [ ! -e /$volume/written ]; then
    dd if=/dev/urandom of=/$volume/blob bs=1M count={megabytes} 2>/dev/null
    sync
    touch /$volume/written
  fi
done
touch /tmp/ready
exec sleep infinity
"""


def application(
    namespace: str, *, claims: dict[str, str], scratch: bool = True, megabytes: int = 8
) -> list[Object]:
    """Return a StatefulSet of one pod with these claims, by name and class, and an emptyDir."""
    labels = {"app": APP}
    names = [*claims, *(["scratch"] if scratch else [])]
    container = {
        "name": APP,
        "image": IMAGE,
        "command": ["/bin/sh", "-c", _WRITE.format(volumes=" ".join(names), megabytes=megabytes)],
        "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in names],
        "readinessProbe": {
            "exec": {"command": ["/bin/test", "-e", "/tmp/ready"]},
            "periodSeconds": 1,
        },
    }
    pod = {
        "metadata": {"labels": labels, "annotations": _hooks(names[0])},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
            "volumes": [{"name": "scratch", "emptyDir": {}}] if scratch else [],
        },
    }
    spec = {
        "serviceName": APP,
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": pod,
        "volumeClaimTemplates": [_claim(name, kind) for name, kind in claims.items()],
    }
    return [thing("apps/v1", "StatefulSet", APP, namespace, spec=spec)]


# One number after another into each volume, as fast as it goes; while it is told to hold still the
# last one stands in all of them. When it is told to quit its container is started anew.
_COUNT = """
number=0
while [ ! -e /tmp/quit ]; do
  if [ -e /tmp/hold ]; then touch /tmp/still; sleep 0.05; continue; fi
  rm -f /tmp/still
  number=$((number + 1))
  for volume in {volumes}; do echo $number > /$volume/number; done
done
"""
_HOLD = """
echo hold >> /tmp/told; touch /tmp/hold
until [ -e /tmp/still ]; do sleep 0.05; done
cat /{volume}/number > /tmp/held-at
"""
_LET_GO = "echo let go >> /tmp/told; rm -f /tmp/hold"


def counting(namespace: str, *volumes: str) -> list[Object]:
    """Return a StatefulSet whose pod never rests, and holds still while its hooks have it so.

    ``/tmp/told`` has a line for each hook that ran, ``/tmp/held-at`` the number that it stopped at.
    """
    [workload] = application(namespace, claims=dict.fromkeys(volumes, "directory"), scratch=False)
    pod = workload["spec"]["template"]
    [container] = pod["spec"]["containers"]
    container["command"] = ["/bin/sh", "-c", _COUNT.format(volumes=" ".join(volumes))]
    ready = ["/bin/sh", "-c", f"test -e /{volumes[-1]}/number"]
    container["readinessProbe"] = {"exec": {"command": ready}, "periodSeconds": 1}
    shell = {"pre": _HOLD.format(volume=volumes[0]), "post": _LET_GO}
    pod["metadata"]["annotations"] = {
        f"{side}.hook.backup.velero.io/command": json.dumps(["/bin/sh", "-c", script])
        for side, script in shell.items()
    }
    return [workload]


def run(cluster: NodeCluster, namespace: str, things: list[Object]) -> None:
    """Apply them, and wait until the data is written."""
    cluster.apply(manifests(*things))
    ready(cluster, namespace)


def ready(cluster: NodeCluster, namespace: str, *, seconds: float = 120) -> Object:
    """Wait until the pod is ready; return it."""
    return cluster.wait_for("pod", POD, _ready, namespace=namespace, seconds=seconds)


def checksums(cluster: NodeCluster, namespace: str, *volumes: str) -> dict[str, str]:
    """Return the checksum of what lies in each volume."""
    sums = {}
    for volume in volumes:
        printed = within(cluster, namespace, "sha256sum", f"/{volume}/blob")
        sums[volume] = printed.split()[0]
    return sums


def overwrite(cluster: NodeCluster, namespace: str, *volumes: str) -> None:
    """Have the pod write other data in the place of what lies in each volume."""
    for volume in volumes:
        script = f"dd if=/dev/urandom of=/{volume}/blob bs=1M count=4 2>/dev/null; sync"
        within(cluster, namespace, "sh", "-c", script)


def claim_of(volume: str) -> str:
    """Return the name of the claim that the StatefulSet makes for a volume."""
    return f"{volume}-{POD}"


def within(cluster: NodeCluster, namespace: str, *command: str) -> str:
    """Run a command in the application's container."""
    return str(cluster.kubectl("exec", "-n", namespace, POD, "-c", APP, "--", *command))


def holds(cluster: NodeCluster, namespace: str, path: str) -> bool:
    """Whether a file is there."""
    script = f"test -e {path} && echo yes || echo no"
    return within(cluster, namespace, "sh", "-c", script).strip() == "yes"


def _hooks(volume: str) -> dict[str, str]:
    """Files that tell when the hooks ran: the one before is in the backup, the one after is not."""

    def touch(name: str) -> str:
        return json.dumps(["/bin/sh", "-c", f"echo ran > /{volume}/{name}"])

    return {
        "pre.hook.backup.velero.io/container": APP,
        "pre.hook.backup.velero.io/command": touch("before"),
        "post.hook.backup.velero.io/container": APP,
        "post.hook.backup.velero.io/command": touch("after"),
    }


def _claim(name: str, kind: str) -> Object:
    return {
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": kind,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def _ready(found: Any) -> bool:
    conditions = found.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
