"""K10 beside a control plane. It is no engine: an emulator, served behind the real API server.

Its volumes have no disk either: what is on them stands in an annotation of the PersistentVolume.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import yaml

from slackwater.clusters import PERSISTENT_VOLUMES, Cluster
from slackwater.errors import SlackwaterError
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater.testing.pace import paced
from slackwater_kasten.emulator.definitions import definitions
from slackwater_kasten.emulator.installing import (
    BUCKET,
    ENDPOINT,
    HOME,
    PROFILE,
    KastenServer,
    profile,
)
from slackwater_kasten.emulator.kinds import GROUPS, VERSION
from slackwater_kasten.emulator.remote import Remote
from slackwater_kasten.emulator.serving import registration, serve_aggregated
from slackwater_kasten.emulator.vault import Vault
from slackwater_testbed.certificates import Authority
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.kubectl import Object

CLASS = "annotated"
_PACE = 0.2
_SIZE = {"storage": "1Gi"}
_COMMON: Object = {"storageClassName": CLASS, "accessModes": ["ReadWriteOnce"]}


@contextmanager
def kasten(plane: ControlPlane, cluster: Cluster) -> Iterator[None]:
    """Serve K10 behind the API server, and let it work, until the block is left."""
    plane.apply(yaml.safe_dump_all(definitions()))
    pair = Authority(plane.folder / "aggregated").issue("aggregated", "localhost")
    server = KastenServer(Remote(cluster), Vault(buckets={f"{ENDPOINT}/{BUCKET}"}))
    with serve_aggregated(server.api, pair.certificate, pair.key) as port:
        plane.apply(yaml.safe_dump_all(_place()))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        plane.apply(yaml.safe_dump_all([*registration(HOME, port), profile(PROFILE)]))
        for group in GROUPS:
            name = f"apiservice/{VERSION}.{group}"
            plane.kubectl("wait", "--for=condition=Available", name, "--timeout=60s")
        server.tick()
        with paced(partial(_tick, server), _PACE, "emulated K10"):
            yield


def volume(namespace: str, claim: str) -> Iterator[Object]:
    """Yield a volume that K10 can hold, and the claim that is bound to it."""
    name = f"{namespace}-{claim}"
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            **_COMMON,
            "capacity": _SIZE,
            "csi": {"driver": f"{CLASS}.example", "volumeHandle": name},
            "claimRef": {"namespace": namespace, "name": claim},
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim, "namespace": namespace},
        "spec": {**_COMMON, "volumeName": name, "resources": {"requests": _SIZE}},
    }


def write(plane: ControlPlane, cluster: Cluster, namespace: str, claim: str, data: str) -> None:
    """Write on the volume that a claim is bound to; wait until it is."""
    change = {"metadata": {"annotations": {DATA: data}}}
    cluster.patch(_volume_of(plane, namespace, claim), change)


def read(plane: ControlPlane, cluster: Cluster, namespace: str, claim: str) -> str | None:
    """Return what is on the volume that a claim is bound to; wait until it is."""
    found = cluster.get(_volume_of(plane, namespace, claim))
    notes: dict[str, str] = found["metadata"].get("annotations") or {}
    return notes.get(DATA)


def _place() -> Iterator[Object]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}
    yield {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS},
        "provisioner": f"{CLASS}.example",
    }


def _volume_of(plane: ControlPlane, namespace: str, claim: str) -> str:
    found = plane.wait_for("pvc", claim, _bound, namespace=namespace)
    return PERSISTENT_VOLUMES.path(name=str(found["spec"]["volumeName"]))


def _bound(found: Object) -> bool:
    return bool((found.get("status") or {}).get("phase") == "Bound")


def _tick(server: KastenServer) -> None:
    with suppress(SlackwaterError):  # the API server may be away
        server.tick()
