"""Puts emulated K10 into emulated clusters: definitions, namespace, Deployments, a profile."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from slackwater.testing.kubernetes_api import Event, KubernetesApi
from slackwater.testing.pace import paced
from slackwater_kasten.emulator.aggregated import AggregatedApi
from slackwater_kasten.emulator.catalog import Catalog, Object
from slackwater_kasten.emulator.definitions import definitions
from slackwater_kasten.emulator.faults import Faults, Guesses
from slackwater_kasten.emulator.front import groups
from slackwater_kasten.emulator.rules import Rules
from slackwater_kasten.emulator.validating import Validation
from slackwater_kasten.emulator.vault import Vault
from slackwater_kasten.emulator.working import Work
from slackwater_kasten.emulator.world import InProcess, World

RELEASE = "9.0.5"
HOME = "kasten-io"
ENDPOINT = "https://s3.emulated.example"
BUCKET = "exports"
PROFILE = "offsite"


class KastenServer:
    """One K10: its API, and the work behind it. ``tick`` is what makes it work."""

    def __init__(
        self, world: World, vault: Vault, *, home: str = HOME, guesses: Guesses | None = None
    ) -> None:
        chosen = guesses or Guesses()
        self.faults = Faults()
        self.catalog = Catalog(world.now)
        self.rules = Rules(self.catalog, world, vault, home, chosen)
        validation = Validation(world, vault, home)
        self._work = Work(self.catalog, world, vault, self.rules, self.faults, validation)
        self.api = AggregatedApi(self.catalog, self.rules, self.faults, chosen)
        self._paused = False

    def tick(self) -> None:
        """Take everything one step further; nothing while paused."""
        with self.catalog.held():
            if self._paused:
                return
            self._work.tick()
            if self.faults.stalled:
                self._work.begin()

    def pause(self) -> None:
        """Stand still; the API still answers."""
        self._paused = True

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._paused = False


class Installation:
    """K10 in several clusters that can reach one object storage.

    ``servers`` are by cluster name. ``settings`` is what stands under the tool's name in a fleet
    file for any of the clusters.
    """

    tool = "kasten"
    settings: Mapping[str, object] = {"namespace": HOME, "export": PROFILE}

    def __init__(
        self,
        vault: Vault,
        servers: Mapping[str, KastenServer],
        worlds: Mapping[str, World],
        registered: Mapping[str, Callable[[], None]],
    ) -> None:
        self.vault = vault
        self.servers = servers
        self._worlds = worlds
        self._registered = registered

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
        """Take the aggregated API of a cluster down: its requests are answered with 503."""
        self.servers[cluster].faults.down = True
        self.pause(cluster)

    def start(self, cluster: str) -> None:
        """Bring it up again; the catalogue is kept."""
        self.servers[cluster].faults.down = False
        self.resume(cluster)

    def withdraw(self, cluster: str) -> None:
        """Delete the APIServices of a cluster: its API knows none of K10's groups any more."""
        self._registered[cluster]()

    def hand_over(self, origin: str, target: str, secret: str, *, backup: str) -> None:
        """Do what a person does: carry the receive string of an export into a Secret elsewhere.

        ``backup`` is the BackupAction whose export is meant.
        """
        label = "slackwater.dev/backup"
        (export,) = [
            each
            for each in self.servers[origin].catalog.all("exportactions")
            if each["metadata"]["labels"].get(label) == backup
        ]
        receive = base64.b64encode(export["spec"]["receiveString"].encode()).decode()
        self._worlds[target].put(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": secret, "namespace": HOME},
                "data": {"receiveString": receive},
            }
        )


@contextmanager
def install(
    apis: Mapping[str, KubernetesApi],
    *,
    pace: float | None = 0.4,
    guesses: Guesses | None = None,
) -> Iterator[Installation]:
    """Install K10 into every API, each with a profile for the shared bucket, until the block is
    left. ``pace`` is the time of one step in seconds, taken by a thread; None: only ``tick`` works.
    """
    vault = Vault(buckets={f"{ENDPOINT}/{BUCKET}"})
    with ExitStack() as stack:
        servers: dict[str, KastenServer] = {}
        worlds: dict[str, World] = {}
        registered: dict[str, Callable[[], None]] = {}
        for name, api in apis.items():
            worlds[name] = InProcess(api)
            servers[name] = KastenServer(worlds[name], vault, guesses=guesses)
            add_objects(api, profile(PROFILE))
            stack.callback(api.subscribe("namespaces", partial(_on_namespace, servers[name])))
            registered[name] = api.aggregate(*groups(servers[name].api))
            stack.callback(registered[name])
        installation = Installation(vault, servers, worlds, registered)
        installation.tick()
        stack.enter_context(paced(installation.tick, pace, "emulated K10"))
        yield installation


def add_objects(api: KubernetesApi, *profiles: Object) -> None:
    """Create what K10's chart creates, as far as anybody looks at it."""
    for definition in definitions():
        api.create(definition)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}})
    for name in ("aggregatedapis-svc", "catalog-svc", "executor-svc"):
        api.create(_deployment(name))
    for each in profiles:
        api.create(each)


def profile(name: str, *, bucket: str = BUCKET, **store: object) -> Object:
    """Return a Location Profile for a bucket at the emulated endpoint."""
    secret = {"apiVersion": "v1", "kind": "Secret", "name": f"k10-{name}", "namespace": HOME}
    location = {
        "type": "ObjectStore",
        "credential": {"secretType": "AwsAccessKey", "secret": secret},
        "objectStore": {
            "name": bucket,
            "objectStoreType": "S3",
            "endpoint": ENDPOINT,
            **store,
        },
    }
    return {
        "apiVersion": "config.kio.kasten.io/v1alpha1",
        "kind": "Profile",
        "metadata": {"name": name, "namespace": HOME},
        "spec": {"type": "Location", "locationSpec": location},
    }


def _deployment(name: str) -> Object:
    told = {"app": "k10", "component": name, "app.kubernetes.io/version": RELEASE}
    template = {"metadata": {"labels": told}, "spec": {"containers": [{"name": name}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": HOME, "labels": told},
        "spec": {"selector": {"matchLabels": {"component": name}}, "template": template},
    }


def _on_namespace(server: KastenServer, event: Event) -> None:
    if event.type == "DELETED":
        server.rules.namespace_gone(event.object["metadata"]["name"])
