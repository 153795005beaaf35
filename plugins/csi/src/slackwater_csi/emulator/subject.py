"""The emulated snapshots as a subject of the conformance kit: one cluster, one store."""

from __future__ import annotations

import hashlib
import json
import uuid
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from slackwater.model.operation import OperationRef
from slackwater.model.workload import Workload
from slackwater.testing.artefacts import StoreTrouble, TroubledStore
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater.testing.kubernetes_api import Cut, KubernetesApi, Rule, serve
from slackwater.testing.request_troubles import befall
from slackwater_csi import labels
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.installing import (
    CLASS,
    CsiServer,
    add_storage_class,
    install,
)
from slackwater_csi.emulator.recipe import PAGE, clock_of
from slackwater_csi.emulator.seeding import contents, seed
from slackwater_csi.emulator.world import DRIVER, Object, nanoseconds, stamp

TOKEN = "canary-8b1f-token"  # noqa: S105  made up, and searched for in everything shown
EVERYTHING = Rule(verbs=("*",), resources=("*",), groups=("*",))
STEP = 60.0
"""Seconds by which all clocks go on in one step: failures are told by their deadline."""
_OF_THE_STORE = {
    Trouble.THROTTLED: StoreTrouble.THROTTLED,
    Trouble.UNAVAILABLE: StoreTrouble.UNAVAILABLE,
    Trouble.DENIED: StoreTrouble.DENIED,
    Trouble.ANSWER_LOST: StoreTrouble.ANSWER_LOST,
}


class CsiSubject(Subject):
    """Snapshots stay in their storage, so there is one cluster; its store can fail as well."""

    tool = "csi"
    home = "home"
    workload = Workload(cluster="home", namespace="shop")
    claims = ("data", "media")
    other_workload = Workload(cluster="home", namespace="crm")
    gap_workload = Workload(cluster="home", namespace="books")
    page = PAGE
    canaries: tuple[str, ...] = (TOKEN,)
    right = "list volumesnapshots"
    failure_words = "rpc error: code = Internal desc = the pool is full"

    def __init__(self, folder: Path, *, groups: bool = False) -> None:
        self.spool = folder / "spool"
        self._stack = ExitStack()
        self._kubeconfig, self._clock = folder / "kubeconfig", folder / "clock"
        self._store = TroubledStore(folder / "store")
        self.canaries = (TOKEN, self._store.key)
        self._api = KubernetesApi("home", clock=clock_of(self._clock), uid="uid-of-home")
        self._server = self._stack.enter_context(serve(self._api, token=TOKEN))
        self._server.kubeconfig(self._kubeconfig, context="home")
        installed = self._stack.enter_context(
            install({"home": self._api}, pace=None, groups=groups)
        )
        self._csi: CsiServer = installed.servers["home"]
        for name in ("fast", "slow"):
            add_storage_class(self._api, name)
        seed(self._api)
        self._seeded = {name: contents(self._api, name) for name in ("shop", "crm", "books")}

    def recipe(self, cluster: str) -> Recipe:
        """Lead any process to the API server and the store."""
        arguments = {
            "cluster": cluster,
            "kubeconfig": str(self._kubeconfig),
            "spool": str(self.spool),
            "store": str(self._store.folder),
            "clock": str(self._clock),
            "settings": {"store": self._store.name, "objects": True, "ready_within": "5m"},
        }
        return Recipe("slackwater_csi.emulator.recipe:build", arguments)

    def now(self) -> datetime:
        """Return the time as everything here sees it."""
        return self._api.clock()

    def make_points(self, count: int) -> tuple[str, ...]:
        """Snapshots that somebody else made: no manifest, no label of ours."""
        first = self.now() - timedelta(days=1)
        return tuple(self._point(n, first + timedelta(minutes=n)) for n in range(count))

    def _point(self, number: int, taken: datetime) -> str:
        space, claim = (("shop", "data"), ("crm", "letters"))[number % 2]
        uid, name = str(uuid.uuid4()), f"nightly-{number:04}"
        content = f"snapcontent-{uid}"
        handle = self._csi.storage.take("old data")
        self._api.seed(
            {
                "apiVersion": "snapshot.storage.k8s.io/v1",
                "kind": "VolumeSnapshotContent",
                "metadata": {"name": content, "finalizers": [labels.CONTENT_PROTECTION]},
                "spec": {
                    "deletionPolicy": "Delete",
                    "driver": DRIVER,
                    "source": {"volumeHandle": f"vol-{space}-{claim}"},
                    "volumeSnapshotClassName": CLASS,
                    "volumeSnapshotRef": {"name": name, "namespace": space, "uid": uid},
                },
                "status": {
                    "snapshotHandle": handle,
                    "creationTime": nanoseconds(taken),
                    "readyToUse": True,
                },
            },
            _snapshot(space, claim, name, uid, stamp(taken)),
        )
        return content

    def cause(self, trouble: Trouble, ref: OperationRef | None = None) -> None:
        """Bring about the trouble, in the API server, in the store, or in the controllers."""
        if trouble in _OF_THE_STORE:
            self._store.cause(_OF_THE_STORE[trouble])
        faults = self._server.faults
        befall(faults, trouble, lists="volumesnapshots", retry_after=self.retry_after)
        match trouble:
            case Trouble.UNAVAILABLE:
                faults.add("*", ".", Cut(), times=None)
            case Trouble.DENIED:
                self._server.rights(TOKEN, user="nobody")
            case Trouble.FAILS:
                self._csi.faults.fail_next = self.failure_words
            case Trouble.WARNS:
                self._csi.faults.complain_next = "the pool was busy"
            case Trouble.STALLS:
                self._csi.faults.stalled = True
            case Trouble.WAITS:
                self._csi.faults.no_controller = True
            case _:
                self._to_operation(trouble, ref)

    def _to_operation(self, trouble: Trouble, ref: OperationRef | None) -> None:
        digest = ref.handle.split("/")[2] if ref else ""
        for found in self._api.list(SNAPSHOTS, labels=f"{labels.KEY}={digest}"):
            metadata = found["metadata"]
            if trouble is Trouble.STRANGE_STATE:
                strange = {"readyToUse": True, "boundVolumeSnapshotContentName": "nowhere"}
                self._csi.world.status(SNAPSHOTS, found, strange)
            else:
                self._csi.world.change(SNAPSHOTS, found, {"metadata": {"finalizers": None}})
                self._api.delete(SNAPSHOTS, metadata["name"], metadata["namespace"])

    def struck(self) -> bool:
        """Look at the API server and at the store."""
        return self._store.struck or self._server.faults.struck

    def heal(self) -> None:
        """End every trouble."""
        self._store.heal()
        self._server.faults.clear()
        self._server.rights(TOKEN, EVERYTHING, user="kubernetes-admin")
        self._csi.faults.clear()

    def fingerprint(self) -> str:
        """Everything in the cluster, in its storage and in the store."""
        tables = {k: v for k, v in self._api.store.contents().items() if v}
        parts = [tables, self._csi.storage.snapshots, self._store.fingerprint()]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def requests(self) -> int:
        """Count the requests to the API server and to the store."""
        return len(self._server.calls) + self._store.requests()

    def operations(self) -> int:
        """Count the keys under which snapshots were made."""
        keys = {
            (found["metadata"].get("labels") or {}).get(labels.WHOLE_KEY)
            for found in self._api.list(SNAPSHOTS)
        }
        return len(keys - {None})

    def pass_time(self) -> None:
        """Take the controllers one step further, and all clocks by a minute."""
        ahead = float(self._clock.read_text()) if self._clock.exists() else 0.0
        self._clock.write_text(str(ahead + STEP))
        self._csi.tick()

    def wreck(self, workload: Workload) -> None:
        """Remove the namespace, and its volumes with their data."""
        for claim in self._api.list("persistentvolumeclaims", workload.namespace):
            self._api.delete("persistentvolumes", claim["spec"]["volumeName"])
        self._api.delete("namespaces", workload.namespace)

    def holds(self, target: Workload, original: Workload) -> bool:
        """Compare objects and data with what was seeded."""
        return contents(self._api, target.namespace) == self._seeded[original.namespace]

    def leftovers(self) -> dict[str, int]:
        """Count snapshots, contents, and what lies in the storage."""
        return {
            "snapshots": len(self._api.list(SNAPSHOTS)),
            "contents": len(self._api.list(CONTENTS)),
            "stored": len(self._csi.storage.snapshots),
        }

    def close(self) -> None:
        """Stop the server."""
        self._stack.close()


def _snapshot(space: str, claim: str, name: str, uid: str, taken: str) -> Object:
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": name,
            "namespace": space,
            "uid": uid,
            "finalizers": [labels.SNAPSHOT_PROTECTION],
        },
        "spec": {"source": {"persistentVolumeClaimName": claim}},
        "status": {
            "boundVolumeSnapshotContentName": f"snapcontent-{uid}",
            "creationTime": taken,
            "readyToUse": True,
            "restoreSize": "1Gi",
        },
    }
