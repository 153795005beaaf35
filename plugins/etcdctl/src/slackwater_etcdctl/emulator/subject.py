"""The emulated etcd as a subject of the conformance kit."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slackwater.clusters import utc_now
from slackwater.model.operation import OperationRef
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.stores import Manifest
from slackwater.testing.artefacts import RETRY_AFTER, StoreTrouble, TroubledStore
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater_etcdctl.emulator.api import configmap, namespace, serve_api
from slackwater_etcdctl.emulator.world import EtcdWorld
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.facts import SNAPSHOT_PART, SnapshotFacts

START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
_PASSWORD = "canary-9d2e-password"  # noqa: S105  a canary, to be looked for
OF_THE_STORE = {
    Trouble.THROTTLED: StoreTrouble.THROTTLED,
    Trouble.UNAVAILABLE: StoreTrouble.UNAVAILABLE,
    Trouble.DENIED: StoreTrouble.DENIED,
    Trouble.ANSWER_LOST: StoreTrouble.ANSWER_LOST,
    Trouble.SLOW_LIST: StoreTrouble.SLOW_LIST,
    Trouble.TORN_LIST: StoreTrouble.TORN_LIST,
}
"""What the kit asks for, as it befalls the store."""
_SEEDED = dict(
    (
        namespace("kube-system", "uid-of-home"),
        namespace("shop", "uid-of-shop"),
        configmap("shop", "prices", tea="3"),
    )
)


class EtcdSubject(Subject):
    """One member of etcd with authentication, an API server over it, a store that can fail.

    There is one cluster: a control plane comes back nowhere else. Of troubles there are those of
    requests; etcd operates nothing.
    """

    tool = TOOL
    home = "home"
    workload = Workload(cluster="home", kind=WorkloadKind.CONTROL_PLANE)
    page = 1
    troubles = frozenset(OF_THE_STORE)
    canaries: tuple[str, ...] = (_PASSWORD,)
    right = "list objects"
    retry_after = RETRY_AFTER

    def __init__(self, folder: Path, *, version: str = "3.6.14") -> None:
        self.spool = folder / "spool"
        self.world = EtcdWorld(folder / "world", version=version)
        self._store = TroubledStore(folder / "store")
        self.canaries = (_PASSWORD, self._store.key)
        self._prepared = folder / "prepared"
        self._kubeconfig = folder / "kubeconfig"
        self.world.put(_SEEDED)
        self.world.folder.change("settings", users={"root": _PASSWORD})
        self._stack = ExitStack()
        self._stack.enter_context(serve_api(self.world, self._kubeconfig))

    def recipe(self, cluster: str) -> Recipe:
        """Lead any process into the world."""
        return Recipe(
            "slackwater_etcdctl.emulator.recipe:build",
            {
                "cluster": cluster,
                "kubeconfig": str(self._kubeconfig),
                "spool": str(self.spool),
                "store": str(self._store.folder),
                "settings": self._settings(),
                "secrets": {"env:USER": "root", "env:PASSWORD": _PASSWORD},
            },
        )

    def _settings(self) -> dict[str, object]:
        host = self.world.host
        member = {
            "name": "m1",
            "peer_url": self.world.peer_url("m1"),
            "data_dir": str(self.world.data_dir("m1")),
            "commands": {
                "stop": {"run": host("stop", "m1"), "done": host("is-down", "m1")},
                "start": {"run": host("start", "m1"), "done": host("is-up", "m1")},
            },
        }
        return {
            **self.world.programs,
            "endpoints": self.world.endpoints,
            "user": "env:USER",
            "password": "env:PASSWORD",
            "store": self._store.name,
            "answer_within": 2.0,
            "restore": {
                "mode": "commands",
                "members": [member],
                "prepare_in": str(self._prepared),
                "api_servers": [{"stop": host("stop", "api"), "start": host("start", "api")}],
            },
        }

    def make_points(self, count: int) -> tuple[str, ...]:
        """Write manifests, and small artefacts behind them."""
        store = self._store.open(TOOL, utc_now)
        names = [f"nightly-{number:04}" for number in range(count)]
        for number, name in enumerate(names):
            began = START + timedelta(minutes=number)
            artefact = store.write(name, SNAPSHOT_PART, [b"a snapshot"])
            facts = _facts(began).as_manifest()
            store.publish(
                Manifest(name=name, tool=TOOL, made_at=began, facts=facts, artefacts=(artefact,))
            )
        return tuple(names)

    def cause(self, trouble: Trouble, ref: OperationRef | None = None) -> None:
        """Bring about the trouble, in the store and in etcd."""
        del ref
        self._store.cause(OF_THE_STORE[trouble])
        match trouble:
            case Trouble.UNAVAILABLE:
                self.world.folder.change("troubles", silent=True)
            case Trouble.DENIED:
                self.world.folder.change("troubles", denied=True)

    def struck(self) -> bool:
        """Look at the store."""
        return self._store.struck

    def heal(self) -> None:
        """End every trouble."""
        self._store.heal()
        self.world.folder.change("troubles", silent=None, denied=None)

    def fingerprint(self) -> str:
        """Everything in etcd, in the store, and among what was prepared."""
        prepared = sorted(str(path) for path in self._prepared.rglob("*"))
        parts = [self._store.fingerprint(), dict(self.world.values()), prepared]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def requests(self) -> int:
        """Count the requests to the store."""
        return self._store.requests()

    def operations(self) -> int:
        """There are none."""
        return 0

    def pass_time(self) -> None:
        """Nothing here takes time."""

    def wreck(self, workload: Workload) -> None:
        """Delete every object."""
        del workload
        self.world.remove(*(key for key in self.world.values() if "kube-system" not in key))

    def holds(self, target: Workload, original: Workload) -> bool:
        """Compare everything in etcd with what was seeded."""
        del target, original
        return self.world.values() == _SEEDED

    def close(self) -> None:
        """Stop the API server."""
        self._stack.close()


def _facts(began: datetime) -> SnapshotFacts:
    return SnapshotFacts(
        cluster_id="c1",
        member_id="a1",
        member_name="m1",
        endpoint="http://127.0.0.1:1",
        server_version="3.6.14",
        revision=7,
        raft_index=9,
        raft_term=2,
        hash="5f1c",
        total_keys=3,
        size=1056,
        size_in_use=1024,
        sha256="00",
        tool_version="3.6.14",
        utility_version="3.6.14",
        began=began,
        ended=began + timedelta(seconds=2),
        verified=True,
    )
