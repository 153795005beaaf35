"""Two emulated clusters and, behind them, one in-memory world: a fleet to ask and to break.

What the API servers show and what the in-memory tool holds are kept the same here: a namespace is
put into both, one deleted by way of an API server is gone in the world, and one that the tool
restores appears at the API server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import pytest
import yaml

from slackwater import Fleet
from slackwater.catalogue.gathering import side_by_side
from slackwater.client import RunHandle
from slackwater.model.act import Act, ActKind
from slackwater.model.recovery_point import Stamp
from slackwater.model.run import Run, RunKind, RunRequest
from slackwater.model.step import Step
from slackwater.model.workload import Scope
from slackwater.runs import Runs
from slackwater.runs.timing import Timing
from slackwater.testing.distributions import MEMORY_ENTRY_POINTS, make_distribution
from slackwater.testing.kubernetes_api import Event, KubernetesApi, Server, serve
from slackwater.testing.memory import Held, MemoryWorld, Mishap, Namespace, Refusal, Volume, Word
from slackwater.testing.memory.records import ShownStore

T = TypeVar("T")
QUICK = Timing(
    poll_first=0.02,
    poll_longest=0.05,
    follow=0.02,
    again_first=0.02,
    again_longest=0.05,
    patience=1.0,
    appear=0.5,
    untold=0.3,
    identity=0.0,
    progress=0.0,
)
POLICIES: dict[str, Any] = {
    "gold": {
        "clusters": "env=prod",
        "protect": [{"namespaces": "tier=gold", "require": ["objects", "volumes"]}],
        "keep": {"daily": 7},
    }
}


class Stage:
    """Clusters ``eu`` (production) and ``dr``, the store ``eu-store`` of the first, one policy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "fleet.yaml"
        self.ledger = folder / "state" / "ledger.db"
        self.kubeconfig = folder / "kubeconfig"
        self.plugins = folder / "plugins"
        self.world = MemoryWorld(folder / "world.db")
        self.apis: dict[str, KubernetesApi] = {}
        self.servers: dict[str, Server] = {}
        self._running: dict[str, ExitStack] = {}
        self.content: dict[str, Any] = {
            "version": 1,
            "clusters": {},
            "policies": deepcopy(POLICIES),
        }
        make_distribution(self.plugins, "slackwater-memory", "1.0", MEMORY_ENTRY_POINTS)
        self.add_cluster("eu", env="prod")
        self.add_cluster("dr", env="dr")
        self.world.show_store("eu", "eu-store")
        self.world.show_store("dr", "dr-store")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        side_by_side(lambda running: running.close(), list(self._running.values()))

    # The fleet

    def add_cluster(self, name: str, **labels: str) -> Server:
        """Serve one more cluster, and name it in the fleet file."""
        api = KubernetesApi(name)
        running = ExitStack()
        server = running.enter_context(serve(api, token=f"token-of-{name}"))
        server.kubeconfig(self.kubeconfig, context=name)
        self.apis[name], self.servers[name], self._running[name] = api, server, running
        api.subscribe("namespaces", lambda event: self._mirror(name, event))
        # A real cluster's namespace is never quite empty.
        self.world.put_namespace(name, "default", {"configmaps/kube-root-ca.crt": {}})
        self.change(
            clusters={
                name: {
                    "kubeconfig": "file:kubeconfig",
                    "context": name,
                    "labels": labels,
                    "backends": {"memory": {"world": str(self.world.path)}},
                }
            }
        )
        return server

    def stop(self, name: str) -> None:
        """End a cluster: whoever calls its API server, or the tool in it, is refused."""
        self._running[name].close()
        self.world.misbehave(name, Mishap(refusal=Refusal.UNAVAILABLE, times=None))

    def keep_control_plane(self, *clusters: str) -> None:
        """Give clusters the tool that backs up their control planes."""
        backend = {"memory-archive": {"world": str(self.world.path)}}
        for name in clusters:
            entry = self.content["clusters"][name]
            self.change(clusters={name: {**entry, "backends": {**entry["backends"], **backend}}})

    def silence(self, name: str) -> None:
        """Let an API server, and the tool that lives behind it, answer nobody.

        The store of its control plane still answers.
        """
        self.servers[name].faults.add("*", "", 503, times=None)
        self.world.misbehave(name, Mishap(refusal=Refusal.UNAVAILABLE, times=None, tool="memory"))

    def come_back(self, name: str) -> None:
        """Let a silent cluster answer again, and show what its control plane holds by now."""
        self.servers[name].faults.clear()
        self.world.heal()
        self.show_what_stands(name)

    def show_what_stands(self, name: str) -> None:
        """Let the API server show the namespaces that the world holds, and no other."""
        held = self.world.namespaces(name)
        for found in self.apis[name].list("namespaces"):
            there = found["metadata"]["name"]
            if there not in held and not there.startswith("kube-"):
                self.apis[name].delete("namespaces", there)
        self.show_restored(name)

    def keep(self, context: AbstractContextManager[T]) -> T:
        """Enter a context that is left when the stage is."""
        running = self._running.setdefault("beside", ExitStack())
        return running.enter_context(context)

    def world_stores(self, cluster: str) -> set[str]:
        """Return the names of the stores that the tool in a cluster shows."""
        with self.world.open() as shelves:
            found = shelves.all("store", ShownStore, f"{cluster}/")
        return {key.partition("/")[2] for key in found}

    def change(self, **sections: Mapping[str, Any]) -> None:
        """Put entries into sections of the fleet file, and write it."""
        for section, entries in sections.items():
            self.content[section] = {**self.content.get(section, {}), **entries}
        self.path.write_text(yaml.dump(self.content, Dumper=yaml.CSafeDumper, sort_keys=False))

    def open(self, **options: Any) -> Fleet:
        """Open the fleet, as a program would, but with less patience."""
        return Fleet.load(self.path, ledger=self.ledger, **{"timing": QUICK, **options})

    # What stands in it

    def put(
        self,
        cluster: str,
        namespace: str,
        *,
        objects: int = 3,
        volumes: Sequence[Volume] = (),
        **labels: str,
    ) -> None:
        """Put a namespace with config maps and volumes into a cluster, for both to see."""
        bodies: dict[str, dict[str, object]] = {
            f"configmaps/settings-{n}": {"data": {"n": str(n)}} for n in range(objects)
        }
        self._show(cluster, namespace, bodies, volumes, labels)
        self.world.put_namespace(cluster, namespace, bodies, volumes)

    def show_restored(self, cluster: str) -> None:
        """Let the API server show what the tool has restored in the meantime."""
        for name, held in self.world.namespaces(cluster).items():
            if name and not self.stands(cluster, name):
                self._show(cluster, name, held.objects, held.volumes, {})

    def stands(self, cluster: str, namespace: str) -> bool:
        """Whether the API server shows a namespace."""
        return any(
            n["metadata"]["name"] == namespace for n in self.apis[cluster].list("namespaces")
        )

    def held(self, cluster: str, namespace: str) -> Namespace | None:
        """What the world holds under that name."""
        return self.world.namespaces(cluster).get(namespace)

    def adopt(
        self,
        name: str,
        namespace: str,
        *,
        taken: datetime,
        cluster: str = "eu",
        store: str = "eu-store",
        limits: str = "",
        stamped: bool = False,
        volumes: Sequence[Volume] = (),
        word: str = Word.DONE,
    ) -> None:
        """Lay a recovery point down as somebody else's tool would have."""
        held = Namespace(
            objects={"configmaps/settings-0": {"data": {"from": name}}}, volumes=tuple(volumes)
        )
        self.world.put_points(
            [
                Held(
                    tool="memory",
                    store=store,
                    name=name,
                    word=word,
                    scope=Scope(namespaces=(namespace,), limits=limits),
                    begin=taken,
                    end=taken + timedelta(seconds=5),
                    made_by="their-nightly",
                    stamp=Stamp(cluster=cluster, cluster_uid="u") if stamped else None,
                    namespaces={namespace: held},
                )
            ]
        )

    def _show(
        self,
        cluster: str,
        namespace: str,
        bodies: Mapping[str, Mapping[str, object]],
        volumes: Sequence[Volume],
        labels: Mapping[str, str],
    ) -> None:
        api = self.apis[cluster]
        metadata = {"name": namespace, "labels": dict(labels)}
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        for key, body in bodies.items():
            about = {"name": key.partition("/")[2], "namespace": namespace}
            api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, **body})
        for volume in volumes:
            api.create(_claim(namespace, volume))

    def _mirror(self, cluster: str, event: Event) -> None:
        if event.type == "DELETED":
            self.world.remove_namespace(cluster, event.object["metadata"]["name"])


def _claim(namespace: str, volume: Volume) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": volume.claim, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": volume.storage_class,
        },
    }


def ask_a_person(fleet: Fleet) -> RunHandle:
    """Begin a run of one step, which a person is to do."""
    act = Act(
        id="stop",
        kind=ActKind.PERSON,
        title="stop the writers",
        instructions="systemctl stop writers\nthen confirm",
    )
    step = Step(id="1", cluster="eu", tool="memory", act=act)
    request = RunRequest(id="r-person", kind=RunKind.RESTORE, title="by hand", steps=(step,))
    Runs(fleet.ledger, fleet.connections, fleet.clock).submit(request)
    return fleet.run(request.id)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A fleet whose tool is found as any plugin is, and nothing from the person's own machine."""
    for variable in [name for name in os.environ if name.startswith(("SLACKWATER_", "KUBE"))]:
        monkeypatch.delenv(variable)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    with Stage(tmp_path) as made:
        monkeypatch.syspath_prepend(str(made.plugins))
        yield made


def drive(handle: RunHandle) -> Run:
    """Drive a run to its end and return it, whatever became of it."""
    for _ in handle.follow():
        pass
    return handle.now
