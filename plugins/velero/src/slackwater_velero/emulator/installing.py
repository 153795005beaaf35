"""Puts emulated Velero into emulated clusters: definitions, namespace, server objects, a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from slackwater.testing.kubernetes_api import KubernetesApi
from slackwater.testing.pace import paced
from slackwater_velero.emulator.cloud import Cloud
from slackwater_velero.emulator.definitions import definitions
from slackwater_velero.emulator.objects import Object
from slackwater_velero.emulator.requests import VERSION
from slackwater_velero.emulator.server import VeleroServer
from slackwater_velero.emulator.serving import serve_files

ENDPOINT = "https://s3.emulated.example"
ADDRESS = "s3://s3.emulated.example"
BUCKET = "backups"


class Installation:
    """Velero in several clusters that share one object storage.

    ``servers`` are by cluster name. ``settings`` is what stands under the tool's name in a fleet
    file for any of the clusters.
    """

    tool = "velero"
    settings: Mapping[str, object] = {"namespace": "velero", "volumes": "move-data"}

    def __init__(self, cloud: Cloud, servers: Mapping[str, VeleroServer]) -> None:
        self.cloud = cloud
        self.servers = servers

    def tick(self, times: int = 1) -> None:
        """Take every server so many steps further."""
        for _ in range(times):
            for server in self.servers.values():
                server.tick()

    def pause(self, cluster: str) -> None:
        """Let the server of a cluster stand still."""
        self.servers[cluster].pause()

    def resume(self, cluster: str) -> None:
        """Let it go on."""
        self.servers[cluster].resume()

    def kill(self, cluster: str) -> None:
        """Kill the server of a cluster."""
        self.servers[cluster].kill()

    def start(self, cluster: str) -> None:
        """Start it again: what was in progress has failed."""
        self.servers[cluster].start()


@contextmanager
def install(
    apis: Mapping[str, KubernetesApi],
    *,
    pace: float | None = 0.4,
    sync_every: timedelta = timedelta(seconds=2),
) -> Iterator[Installation]:
    """Install Velero into every API, each with a store of its own, until the block is left.

    ``pace`` is the time of one step in seconds, taken by a thread; None: only ``tick`` works, and
    every tick syncs.
    """
    cloud = Cloud()
    cloud.create(ADDRESS, BUCKET)
    clock = next(iter(apis.values())).clock if apis else _now
    with serve_files(cloud, clock) as files:
        every = sync_every if pace is not None else timedelta(0)
        servers = {}
        for name, api in apis.items():
            add_objects(api, location("default", name, default=True))
            servers[name] = VeleroServer(api, cloud, files.sign, sync_every=every)
        installation = Installation(cloud, servers)
        installation.tick()
        with paced(installation.tick, pace, "emulated velero"):
            yield installation
        for server in servers.values():
            server.close()


def add_objects(api: KubernetesApi, *locations: Object, namespace: str = "velero") -> None:
    """Create what ``velero install`` creates."""
    for definition in definitions():
        api.create(definition)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "cloud-credentials", "namespace": namespace},
            "stringData": {"cloud": "[default]\naws_access_key_id=emulated\n"},
        }
    )
    image = f"velero/velero:{VERSION}"
    api.create(
        _workload("Deployment", "velero", namespace, image, ["server", "--features=EnableCSI"])
    )
    api.create(_workload("DaemonSet", "node-agent", namespace, image, ["node-agent", "server"]))
    for each in locations:
        api.create(each | {"metadata": {**each["metadata"], "namespace": namespace}})


def location(
    name: str, prefix: str, *, default: bool = False, writable: bool = True, **spec: object
) -> Object:
    """Return a BackupStorageLocation in the shared bucket, under a prefix."""
    return {
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": {"name": name},
        "spec": {
            "provider": "aws",
            "default": default,
            "accessMode": "ReadWrite" if writable else "ReadOnly",
            "objectStorage": {"bucket": BUCKET, "prefix": prefix},
            "config": {"region": "emulated", "s3ForcePathStyle": "true", "s3Url": ENDPOINT},
            "credential": {"name": "cloud-credentials", "key": "cloud"},
            **spec,
        },
    }


def _workload(kind: str, name: str, namespace: str, image: str, arguments: list[str]) -> Object:
    labels = {"name": name}
    container = {"name": name, "image": image, "command": ["/velero"], "args": arguments}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _now() -> datetime:
    return datetime.now(UTC)
