"""The emulated K10 as a subject of the conformance kit: three clusters, one object storage."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slackwater.model.operation import OperationRef
from slackwater.model.workload import Workload
from slackwater.testing.artefacts import TroubledStore
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater.testing.kubernetes_api import Cut, KubernetesApi, Rule, serve
from slackwater.testing.kubernetes_api.workloads import contents, seed
from slackwater.testing.request_troubles import befall, struck
from slackwater_kasten import labels
from slackwater_kasten.emulator.catalog import Catalog, Inside, Object, stamp
from slackwater_kasten.emulator.installing import HOME, PROFILE, install
from slackwater_kasten.emulator.kinds import KINDS
from slackwater_kasten.emulator.recipe import PAGE
from slackwater_kasten.emulator.seeding import add_classes
from slackwater_kasten.emulator.vault import PREFIX

TOKEN = "canary-5c1e-token"  # noqa: S105  made up, and searched for in everything shown
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
LISTS = "restorepointcontents"
EVERYTHING = Rule(verbs=("*",), resources=("*",), groups=("*",))


class KastenSubject(Subject):
    """Home exports to a bucket that the neighbour reaches; the stranger has no way to it."""

    tool = "kasten"
    home = "home"
    neighbour = "neighbour"
    stranger = "stranger"
    workload = Workload(cluster="home", namespace="shop")
    claims = ("data",)
    other_workload = Workload(cluster="home", namespace="crm")
    gap_workload = Workload(cluster="home", namespace="books")
    page = PAGE
    canaries = (TOKEN, PREFIX)
    right = "list restorepointcontents"
    failure_words = "the snapshot class is gone"

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self._vault = TroubledStore(folder / "vault").folder
        self._stack = ExitStack()
        self._kubeconfig = folder / "kubeconfig"
        self._apis = {name: KubernetesApi(name) for name in ("home", "neighbour", "stranger")}
        self._servers = {
            name: self._stack.enter_context(serve(api, token=TOKEN))
            for name, api in self._apis.items()
        }
        for name, server in self._servers.items():
            server.kubeconfig(self._kubeconfig, context=name)
            add_classes(self._apis[name], "fast", "slow")
        self._kasten = self._stack.enter_context(install(self._apis, pace=None))
        self._apis["stranger"].delete("profiles.config.kio.kasten.io", PROFILE, HOME)
        seed(self._apis["home"])
        self._seeded = {
            name: contents(self._apis["home"], name) for name in ("shop", "crm", "books")
        }

    @property
    def _catalog(self) -> Catalog:
        return self._kasten.servers["home"].catalog

    def recipe(self, cluster: str) -> Recipe:
        """Lead any process to the API servers."""
        arguments = {
            "cluster": cluster,
            "kubeconfig": str(self._kubeconfig),
            "timeout": 3.0,
            "spool": str(self.spool),
            "vault": str(self._vault),
            "settings": {
                "export": "" if cluster == "stranger" else PROFILE,
                "store": TroubledStore.name,
            },
        }
        return Recipe("slackwater_kasten.emulator.recipe:build", arguments)

    def make_points(self, count: int) -> tuple[str, ...]:
        """Backups made by hand, whose actions K10 has forgotten."""
        first = START - timedelta(days=1)
        return tuple(self._point(n, first + timedelta(minutes=n)) for n in range(count))

    def _point(self, number: int, begin: datetime) -> str:
        namespace = (self.workload, self.other_workload)[number % 2].namespace
        name = f"manual-{number:05}"
        told = {labels.APP_NAME: namespace, labels.APP_NAMESPACE: namespace}
        content = f"{namespace}-{name}"
        status: Object = {"actionTime": stamp(begin), "scheduledTime": None}
        self._catalog.inside[content] = Inside()
        self._catalog.add(
            "restorepointcontents",
            {
                "metadata": {"name": content, "labels": told, "creationTimestamp": stamp(begin)},
                "status": {
                    **status,
                    "state": "Bound",
                    "restorePointRef": {"name": name, "namespace": namespace},
                },
            },
        )
        self._catalog.add(
            "restorepoints",
            {
                "metadata": {"name": name, "namespace": namespace, "labels": told},
                "spec": {"restorePointContentRef": {"name": content}},
                "status": status,
            },
        )
        return content

    def cause(self, trouble: Trouble, ref: OperationRef | None = None) -> None:
        """Bring about the trouble, in the API server or in K10."""
        faults = self._kasten.servers["home"].faults
        _, space, name = ref.handle.split("/") if ref else ("", "", "")
        if trouble is Trouble.ANSWER_LOST:
            self._unbind()
        for server in self._servers.values():
            befall(server.faults, trouble, lists=LISTS, retry_after=self.retry_after)
        match trouble:
            case Trouble.UNAVAILABLE:
                self._servers["home"].faults.add("*", ".", Cut(), times=None)
            case Trouble.DENIED:
                self._servers["home"].rights(TOKEN, user="nobody")
            case Trouble.FAILS:
                faults.fail_next = self.failure_words
            case Trouble.WARNS:
                faults.retry_next = True
            case Trouble.STALLS:
                faults.stalled = True
            case Trouble.WAITS:
                self._kasten.servers["home"].pause()
            case Trouble.STRANGE_STATE:
                found = self._catalog.find("backupactions", name, space)
                if found is not None:
                    self._catalog.change("backupactions", found, state="Marinating")
            case Trouble.GONE:
                self._catalog.remove("backupactions", name, space)

    def _unbind(self) -> None:
        """As after the loss of a namespace: where contents are bound, a worker creates nothing."""
        home = self._kasten.servers["home"]
        for point in self._catalog.all("restorepoints"):
            home.rules.delete(KINDS["restorepoints"], point)

    def struck(self) -> bool:
        """Look at the API servers."""
        return struck(server.faults for server in self._servers.values())

    def heal(self) -> None:
        """End every trouble."""
        for server in self._servers.values():
            server.faults.clear()
        self._servers["home"].rights(TOKEN, EVERYTHING, user="kubernetes-admin")
        self._kasten.servers["home"].faults.clear()
        self._kasten.servers["home"].resume()

    def fingerprint(self) -> str:
        """Everything in the clusters, in the catalogues, in the bucket and in the store."""
        kept = sorted(str(path) for path in self._vault.rglob("*") if path.suffix != ".part")
        parts: list[object] = [self._kasten.vault.contents(), kept]
        parts += [server.catalog.contents() for server in self._kasten.servers.values()]
        for api in self._apis.values():
            parts.append({k: v for k, v in api.store.contents().items() if v})
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def requests(self) -> int:
        """Count the requests to all API servers."""
        return sum(len(server.calls) for server in self._servers.values())

    def operations(self) -> int:
        """Count what K10 works on at home."""
        kinds = ("backupactions", "exportactions", "restoreactions", "retireactions")
        return sum(len(self._catalog.all(kind)) for kind in kinds)

    def pass_time(self) -> None:
        """Take every server one step further."""
        self._kasten.tick()

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
