"""The emulated Velero as a subject of the conformance kit: three clusters, one object storage."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from slackwater.model.operation import OperationRef
from slackwater.model.workload import Workload
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater.testing.kubernetes_api import Cut, KubernetesApi, Rule, serve
from slackwater.testing.kubernetes_api.workloads import contents, seed
from slackwater.testing.request_troubles import befall, struck
from slackwater_velero.emulator.installing import install, location
from slackwater_velero.emulator.objects import BACKUPS, DELETE_REQUESTS, RESTORES
from slackwater_velero.recipe import PAGE

TOKEN = "canary-81f3-token"  # noqa: S105  made up, and searched for in everything shown
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
EVERYTHING = Rule(verbs=("*",), resources=("*",), groups=("*",))
ANSWERED_BY_ITSELF = ("downloadrequests.velero.io", "serverstatusrequests.velero.io")


class VeleroSubject(Subject):
    """One store, written by home, shown to the neighbour; the stranger has one of its own."""

    tool = "velero"
    home = "home"
    neighbour = "neighbour"
    stranger = "stranger"
    workload = Workload(cluster="home", namespace="shop")
    claims = ("data",)
    other_workload = Workload(cluster="home", namespace="crm")
    gap_workload = Workload(cluster="home", namespace="books")
    page = PAGE
    canaries = (TOKEN, "X-Amz-Signature")
    right = "list backup"
    failure_words = "the disk of the store is full"

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self._stack = ExitStack()
        self._kubeconfig = folder / "kubeconfig"
        self._apis = {name: KubernetesApi(name) for name in ("home", "neighbour", "stranger")}
        self._servers = {
            name: self._stack.enter_context(serve(api, token=TOKEN))
            for name, api in self._apis.items()
        }
        for name, server in self._servers.items():
            server.kubeconfig(self._kubeconfig, context=name)
        self._velero = self._stack.enter_context(install(self._apis, pace=None))
        seed(self._apis["home"])
        shown = location("of-home", "home", writable=False)
        self._apis["neighbour"].create(
            shown | {"metadata": {"name": "of-home", "namespace": "velero"}}
        )
        self._velero.tick()
        self._seeded = {
            name: contents(self._apis["home"], name) for name in ("shop", "crm", "books")
        }

    def recipe(self, cluster: str) -> Recipe:
        """Lead any process to the API servers."""
        arguments = {
            "cluster": cluster,
            "kubeconfig": str(self._kubeconfig),
            "timeout": 3.0,
            "spool": str(self.spool),
            "volumes": "move-data",
        }
        return Recipe("slackwater_velero.recipe:build", arguments)

    def make_points(self, count: int) -> tuple[str, ...]:
        """Backups that ended before anybody looked, in the store as well."""
        first = START - timedelta(days=1)
        made = [self._point(n, first + timedelta(minutes=n)) for n in range(count)]
        folder = self._velero.cloud.folder(location("default", "home"))
        for backup in made:
            name = backup["metadata"]["name"]
            folder.put(f"backups/{name}/velero-backup.json", backup)
        self._apis["home"].seed(*made)
        self._velero.tick()
        return tuple(backup["metadata"]["name"] for backup in made)

    def _point(self, number: int, begin: datetime) -> dict[str, Any]:
        return {
            "apiVersion": "velero.io/v1",
            "kind": "Backup",
            "metadata": {
                "name": f"nightly-{number:05}",
                "namespace": "velero",
                "labels": {"velero.io/schedule-name": "nightly"},
            },
            "spec": {
                "includedNamespaces": [("shop", "crm")[number % 2]],
                "storageLocation": "default",
            },
            "status": {
                "phase": "Completed",
                "startTimestamp": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
                "completionTimestamp": f"{begin + timedelta(seconds=5):%Y-%m-%dT%H:%M:%SZ}",
                "expiration": "2099-01-01T00:00:00Z",
                "progress": {"totalItems": 4, "itemsBackedUp": 4},
            },
        }

    def cause(self, trouble: Trouble, ref: OperationRef | None = None) -> None:
        """Bring about the trouble, in the API server or in Velero."""
        home, faults = self._servers["home"], self._velero.servers["home"].faults
        name = ref.handle.split("/")[1] if ref else ""
        for server in self._servers.values():
            befall(server.faults, trouble, lists="backups", retry_after=self.retry_after)
        match trouble:
            case Trouble.UNAVAILABLE:
                home.faults.add("*", ".", Cut(), times=None)
            case Trouble.DENIED:
                home.rights(TOKEN, user="nobody")
            case Trouble.FAILS:
                faults.fail_next = self.failure_words
            case Trouble.WARNS:
                faults.warn_next = "a pod was not running"
            case Trouble.STALLS:
                faults.stalled = True
            case Trouble.WAITS:
                self._velero.servers["home"].pause()
            case Trouble.STRANGE_STATE:
                change = {"status": {"phase": "Marinating"}}
                self._apis["home"].patch(BACKUPS, name, change, "velero")
            case Trouble.GONE:
                self._apis["home"].delete(BACKUPS, name, "velero")

    def struck(self) -> bool:
        """Look at the API servers."""
        return struck(server.faults for server in self._servers.values())

    def heal(self) -> None:
        """End every trouble."""
        for server in self._servers.values():
            server.faults.clear()
        self._servers["home"].rights(TOKEN, EVERYTHING, user="kubernetes-admin")
        self._velero.servers["home"].faults.clear()
        self._velero.servers["home"].resume()

    def fingerprint(self) -> str:
        """Everything in the clusters and in the store; requests come and go and do not count."""
        parts: list[object] = [self._velero.cloud.contents()]
        for api in self._apis.values():
            tables = api.store.contents()
            parts.append({k: v for k, v in tables.items() if k not in ANSWERED_BY_ITSELF and v})
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def requests(self) -> int:
        """Count the requests to all API servers."""
        return sum(len(server.calls) for server in self._servers.values())

    def operations(self) -> int:
        """Count what Velero works on at home."""
        return sum(
            len(self._apis["home"].list(kind, "velero"))
            for kind in (BACKUPS, RESTORES, DELETE_REQUESTS)
        )

    def pass_time(self) -> None:
        """Take every server one step further."""
        self._velero.tick()

    def wreck(self, workload: Workload) -> None:
        """Remove the namespace, and its volumes with their data."""
        api = self._apis[workload.cluster]
        for claim in api.list("persistentvolumeclaims", workload.namespace):
            api.delete("persistentvolumes", claim["spec"]["volumeName"])
        api.delete("namespaces", workload.namespace)

    def holds(self, target: Workload, original: Workload) -> bool:
        """Compare objects and data with what was seeded."""
        standing = contents(self._apis[target.cluster], target.namespace)
        return standing == self._seeded[original.namespace]

    def close(self) -> None:
        """Stop the servers."""
        self._stack.close()
