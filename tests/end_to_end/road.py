"""The whole road for a test: real clusters, a fleet file that names them, a ledger of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from slackwater import Fleet
from slackwater.clusters import Cluster, Resource
from slackwater.errors import SlackwaterError
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.run import Run, RunState

if TYPE_CHECKING:
    from slackwater_testbed.testbed import Testbed

Object = dict[str, Any]

VELERO = "velero"
BACKUPS = Resource("velero.io", "v1", "backups")
RESTORES = Resource("velero.io", "v1", "restores")
LOCATIONS = Resource("velero.io", "v1", "backupstoragelocations")
CONFIG_MAPS = Resource("", "v1", "configmaps")
NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
RUN_OF = "slackwater.dev/key"
"""The annotation of whatever we start in Velero: run, step and generation."""

SECONDS = 90
"""How long an event is awaited that must come."""


@dataclass
class Road:
    """What a test goes by."""

    testbed: Testbed
    folder: Path
    policies: Mapping[str, object] = field(default_factory=dict)
    _also: list[str] = field(default_factory=list)
    _clusters: dict[str, Cluster] = field(default_factory=dict)

    def open(self, *, kubeconfigs: Mapping[str, Path] | None = None) -> Fleet:
        """Open the fleet of both clusters; ``kubeconfigs`` are other logins than the admins'."""
        return Fleet.load(self.write(kubeconfigs or {}), ledger=self.ledger, timeout=4)

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    def write(self, kubeconfigs: Mapping[str, Path] = {}) -> Path:
        """Write the fleet file; return it."""
        clusters = {
            cluster.name: {
                "kubeconfig": f"file:{kubeconfigs.get(cluster.name, cluster.kubeconfig)}",
                "labels": {"place": cluster.name},
                "backends": self.backends(cluster.name),
            }
            for cluster in self.testbed
        }
        file = self.folder / "fleet.yaml"
        whole = {"version": 1, "clusters": clusters, "stores": self.stores()}
        file.write_text(yaml.safe_dump({**whole, "policies": dict(self.policies)}))
        return file

    def backends(self, cluster: str) -> Object:
        """Return what the fleet file says of a cluster's tools."""
        return {"velero": {"namespace": VELERO}}

    def stores(self) -> Object:
        """Return what the fleet file says of stores."""
        return {}

    def cluster(self, name: str) -> Cluster:
        """Return a way to a cluster that is not the fleet's own."""
        if name not in self._clusters:
            self._clusters[name] = Cluster(name, kubeconfig=self.testbed[name].kubeconfig)
        return self._clusters[name]

    def named(self, name: str) -> str:
        """Return the name, of a namespace that is removed everywhere after the test."""
        self._also.append(name)
        return name

    def close(self) -> None:
        """Remove the namespaces that the test has named."""
        self.testbed.start()
        for cluster in self.testbed:
            if self._also:
                gone = ("--ignore-not-found", "--wait=false")
                cluster.kubectl("delete", "namespace", *self._also, *gone)
        for way in self._clusters.values():
            way.close()

    # What is in the clusters

    def fill(self, cluster: str, namespace: str, count: int) -> None:
        """Make so many ConfigMaps that a backup of them takes a while."""
        way, here = self.cluster(cluster), CONFIG_MAPS.path(namespace)

        def make(number: int) -> None:
            content = {"metadata": {"name": f"order-{number:04}"}, "data": {"n": str(number)}}
            way.create(here, content)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(make, range(count)))

    def config_maps(self, cluster: str, namespace: str) -> dict[str, Object]:
        """Return the data of each ConfigMap that somebody wrote."""
        found = self.cluster(cluster).list(CONFIG_MAPS.path(namespace))
        own = (each for each in found if each["metadata"]["name"] != "kube-root-ca.crt")
        return {each["metadata"]["name"]: each.get("data", {}) for each in own}

    def in_velero(self, kind: Resource, run: Run | str, cluster: str = "east") -> list[Object]:
        """Return what Velero has of a run, oldest first."""
        run_id = run if isinstance(run, str) else run.id
        found = list(self.cluster(cluster).list(kind.path(VELERO)))
        own = [each for each in found if _key(each).startswith(f"{run_id}/")]
        return sorted(own, key=lambda each: int(_key(each).rpartition("/")[2]))

    def phases(self, kind: Resource, run: Run | str, cluster: str = "east") -> list[str]:
        """Return the phases of what Velero has of a run, by generation."""
        return [_phase(each) for each in self.in_velero(kind, run, cluster)]

    def locations(self, cluster: str) -> set[str]:
        """Return the names of the locations that a cluster knows."""
        return {x["metadata"]["name"] for x in self.cluster(cluster).list(LOCATIONS.path(VELERO))}

    def listed(self, cluster: str, names: Iterable[str]) -> list[Object]:
        """Return these locations of a cluster."""
        way = self.cluster(cluster)
        return [way.get(LOCATIONS.path(VELERO, name)) for name in names]

    def of_velero(self, cluster: str, kind: Resource = BACKUPS) -> list[Object]:
        """Return all of Velero's objects of a kind."""
        return list(self.cluster(cluster).list(kind.path(VELERO)))

    # What happens meanwhile

    def when_begun(self, kind: Resource, cluster: str = "east") -> Object:
        """Wait until Velero is in the middle of something; return it."""
        path = kind.path(VELERO)

        def begun() -> Object | None:
            found = self.cluster(cluster).list(path)
            return next((each for each in found if _phase(each) == "InProgress"), None)

        return awaited(begun, f"no {kind} in progress in {cluster}")

    @contextmanager
    def looking_at_once(self, cluster: str) -> Iterator[None]:
        """Have Velero look into each store that is shown to it at once, not once a minute."""
        over = threading.Event()

        def look() -> None:
            looked: set[str] = set()
            while not over.wait(0.2):
                with suppress(SlackwaterError):
                    new = {n for n in self.locations(cluster) if n.startswith("sw-ro-")} - looked
                    for name in new:
                        self.testbed[cluster].velero.sync(name)
                    looked |= new

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    # The command line, where a process is to be killed

    def command(self, *arguments: str) -> list[str]:
        own = ("--fleet", str(self.folder / "fleet.yaml"), "--ledger", str(self.ledger))
        return [sys.executable, "-m", "slackwater", *own, *arguments]

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
            env={**os.environ, "COLUMNS": "200", "TZ": "UTC"},
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run the command line beside the test; killed at the end if it still runs."""
        log = (self.folder / "process.log").open("ab")
        process = subprocess.Popen(self.command(*arguments), stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            log.close()


def awaited(look: Callable[[], Any], otherwise: str, *, seconds: float = SECONDS) -> Any:
    """Look until something is seen; return it. Fail where nothing ever is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(SlackwaterError):
            found = look()
            if found:
                return found
        time.sleep(0.01)
    raise AssertionError(otherwise)


@contextmanager
def beside(act: Callable[[], None]) -> Iterator[None]:
    """Do something in a thread while the block runs; its failure is the test's."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failed:
        raise failed[0]


def restored(fleet: Fleet, plan: RestorePlan) -> Run:
    """Execute a plan and return the run as it ended."""
    assert not plan.blocked, plan.why_blocked
    return ended(fleet, fleet.restore(plan, confirm=plan.digest).id)


def ended(fleet: Fleet, run_id: str) -> Run:
    """Drive a run to its end, good or bad, and return it."""
    handle = fleet.run(run_id)
    for _ in handle.follow():
        pass
    assert handle.now.state.ended
    return handle.now


def backed_up(fleet: Fleet, *namespaces: str, cluster: str = "east", **more: Any) -> Run:
    """Back namespaces up and return the run, which must have come well."""
    handle = fleet.backup(cluster=cluster, namespace=list(namespaces), **more)
    run = ended(fleet, handle.id)
    assert run.state is RunState.SUCCEEDED, story(run)
    return run


def made_by(run: Run) -> list[str]:
    """Return the names of the recovery points that a run has made."""
    results = (record.result.get("point") for record in run.steps)
    return [point["name"] for point in results if isinstance(point, Mapping)]


def story(run: Run) -> str:
    """Tell what became of a run, for a test that fails."""
    lines = [f"{r.state} {r.step.act.title} ({r.generation}): {r.message}" for r in run.steps]
    return "\n".join([f"{run.id} {run.state}: {run.message}", *lines, *map(str, run.findings)])


def codes(findings: Iterable[Any]) -> set[str]:
    return {finding.code for finding in findings}


def manifests(*things: Object) -> str:
    return yaml.safe_dump_all(things)


def thing(version: str, kind: str, name: str, namespace: str = "", **content: Any) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _phase(found: Object) -> str:
    return str((found.get("status") or {}).get("phase", ""))


def _key(found: Object) -> str:
    return str((found["metadata"].get("annotations") or {}).get(RUN_OF, ""))
