"""An etcd that is saved, changed and turned back, with nothing of Kubernetes around it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slackwater.backend import Backend, Context
from slackwater.clusters import Cluster
from slackwater.fleet import StoreEntry
from slackwater.model.act import Act, ActKind, ActPlan, Key
from slackwater.model.operation import Progress
from slackwater.model.recovery_point import PointId, RecoveryPoint, Requirement, Stamp
from slackwater.model.request import BackupRequest, RestoreRequest
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.stores import open_store
from slackwater_etcdctl.backend import EtcdctlBackend
from slackwater_etcdctl.settings import EtcdctlSettings

CLUSTER = "east"
WORKLOAD = Workload(cluster=CLUSTER, kind=WorkloadKind.CONTROL_PLANE)
NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
SILENT = """
apiVersion: v1
kind: Config
current-context: east
clusters: [{name: east, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: east, context: {cluster: east, user: east}}]
users: [{name: east, user: {}}]
"""
"""Nothing listens on port 1: an API server that is down."""


def read_secret(reference: str) -> str:
    return Path(reference.removeprefix("file:")).read_text()


class Watching:
    """A report that remembers, and stops when told to."""

    def __init__(self, *, stopping: bool = False) -> None:
        self.stopping = stopping
        self.seen: list[Progress] = []

    def progress(self, progress: Progress) -> None:
        self.seen.append(progress)


@dataclass(frozen=True)
class Recipe:
    """How to make the backend in any process; without a kubeconfig its API server is down."""

    settings: Mapping[str, Any]
    store: Mapping[str, Any]
    folder: str
    kubeconfig: str = ""
    now: str = NOW.isoformat()

    def build(self) -> Backend:
        folder = Path(self.folder)
        kubeconfig, spool = Path(self.kubeconfig or folder / "kubeconfig"), folder / "spool"
        if not self.kubeconfig:
            kubeconfig.write_text(SILENT)
        spool.mkdir(mode=0o700, exist_ok=True)
        now = datetime.fromisoformat(self.now)
        entry = StoreEntry(**self.store)
        return EtcdctlBackend(
            EtcdctlSettings(**self.settings),
            Context(
                cluster=Cluster(CLUSTER, kubeconfig=kubeconfig, timeout=1.0),
                secret=read_secret,
                spool=spool,
                clock=lambda: now,
                store=lambda name: open_store(
                    name, entry, read_secret, tool="etcdctl", clock=lambda: now
                ),
            ),
        )


def back_up(backend: Backend, run: str = "r-backup") -> RecoveryPoint:
    request = BackupRequest(
        workload=WORKLOAD,
        require=(Requirement.OBJECTS,),
        due=NOW,
        stamp=Stamp(cluster=CLUSTER, cluster_uid="", run=run),
    )
    (act,) = backend.plan_backup(request).acts
    made = backend.perform(act, Key(run=run, step="1"), Watching())
    return backend.get_recovery_point(PointId(tool="etcdctl", store="", name=str(made["point"])))


def plan(backend: Backend, point: RecoveryPoint) -> ActPlan:
    return backend.plan_restore(RestoreRequest(workload=WORKLOAD, point=point, target=CLUSTER))


def by_id(acts: tuple[Act, ...]) -> dict[str, Act]:
    return {act.id: act for act in acts}


def drive(backend: Backend, acts: tuple[Act, ...], run: str = "r-1") -> dict[str, Any]:
    """Perform all acts in order; what is for a person must not be among them."""
    results = {}
    for act in acts:
        assert act.kind is ActKind.PERFORMED, act.title
        results[act.id] = backend.perform(act, Key(run=run, step=act.id), Watching())
    return results


def perform_and_die(recipe: Recipe, act: Act, key: Key, at: int) -> bool:
    """Perform an act in another process, killed before its effect of that number.

    Returns whether it was killed; False means that it had no so many effects, and was done.
    """
    errand = {"recipe": asdict(recipe), "act": act.model_dump_json(), "key": key.model_dump_json()}
    told = json.dumps({**errand, "at": at})
    done = subprocess.run(
        [sys.executable, __file__], input=told, text=True, capture_output=True, check=False
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


EFFECTS = frozenset(
    ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "subprocess.Popen", "os.chown")
)


def die_at(effect: int) -> None:
    """Have this process killed just before an effect on the world."""
    left = effect

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in EFFECTS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def main() -> None:
    errand = json.load(sys.stdin)
    backend = Recipe(**errand["recipe"]).build()
    act, key = Act.model_validate_json(errand["act"]), Key.model_validate_json(errand["key"])
    die_at(errand["at"])
    backend.perform(act, key, Watching())


def plain_files(folder: Path, needle: bytes) -> Iterator[Path]:
    """Yield the files below a folder that hold some bytes in clear."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and needle in path.read_bytes():
            yield path


if __name__ == "__main__":
    main()
