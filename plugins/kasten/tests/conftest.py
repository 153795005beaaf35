"""What the plugin's tests share: recorded objects, and emulated clusters with K10."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from slackwater.backend import Context
from slackwater.clusters import Cluster
from slackwater.model.act import ActKind, Key
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import BackupRequest, PointQuery, RestoreMapping, RestoreRequest
from slackwater.model.workload import Workload
from slackwater.testing.artefacts import TroubledStore
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.kubernetes_api.workloads import seed
from slackwater.testing.plan_driving import drive
from slackwater_kasten.backend import KastenBackend
from slackwater_kasten.emulator import install
from slackwater_kasten.emulator.faults import Guesses
from slackwater_kasten.emulator.seeding import add_classes
from slackwater_kasten.objects import Content
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.voice import Voice

RECORDED = Path(__file__).parent / "recorded"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def recorded():
    """Read a recorded file as one of the types that the plugin reads."""

    def read(name, into=Content):
        return msgspec.json.decode((RECORDED / name).read_bytes(), type=into)

    return read


@pytest.fixture
def contents(recorded):
    class Listed(msgspec.Struct):
        items: list[Content]

    return recorded("contents.json", Listed).items


@pytest.fixture
def voice():
    return Voice("east", "kasten-io")


def now():
    return datetime.now(UTC)


class Silent:
    stopping = False

    def progress(self, progress):
        pass


class Clusters:
    """Emulated clusters with K10, stepped by hand, and backends for them."""

    def __init__(self, apis, servers, kasten, folder):
        self.apis, self.servers, self.kasten = apis, servers, kasten
        self._folder = folder
        self.store = TroubledStore(folder / "store")

    @property
    def api(self):
        return self.apis["east"]

    @property
    def server(self):
        return self.servers["east"]

    @property
    def k10(self):
        return self.kasten.servers["east"]

    def backend(self, cluster="east", *, token=None, **settings):
        kubeconfig = self._folder / f"kubeconfig-{cluster}-{token}"
        if not kubeconfig.exists():
            self.servers[cluster].kubeconfig(kubeconfig, context=cluster, token=token)
        context = Context(
            cluster=Cluster(cluster, kubeconfig=kubeconfig, timeout=5),
            secret=lambda reference: reference,
            spool=self._folder / "spool",
            clock=now,
            store=lambda _: self.store.open("kasten", now),
        )
        return KastenBackend(KastenSettings(**{"export": "offsite", **settings}), context)

    def elsewhere(self, point, onto="shop", **settings):
        """A backend of west, and the plan to bring a point there."""
        stores = tuple(self.backend().list_stores())
        west = self.backend("west", **settings)
        return west, west.plan_restore(self.restore(point, "west", stores=stores, onto=onto))

    def request(self, namespace="shop", **more):
        return BackupRequest(
            workload=Workload(cluster="east", namespace=namespace),
            require=(),
            due=NOW,
            stamp=Stamp(cluster="east", cluster_uid="uid", run="r-1", policy="gold"),
            **more,
        )

    def do(self, backend, act, run="r-1"):
        key = Key(run=run, step=act.id)
        if act.kind is ActKind.PERFORMED:
            return backend.perform(act, key, Silent())
        return self.ended(backend, backend.start(act, key))

    def ended(self, backend, ref):
        for _ in range(20):
            operation = backend.get_operations([ref])[ref]
            if operation.phase.terminal:
                return operation
            self.kasten.tick()
        raise AssertionError(operation)

    def drive(self, backend, plan, run="r-1"):
        return drive(plan, lambda act: self.do(backend, act, run))

    def back_up(self, namespace="shop", **settings):
        backend = self.backend(**settings)
        self.drive(backend, backend.plan_backup(self.request(namespace)), f"r-{namespace}")
        (point,) = backend.list_recovery_points(PointQuery(namespace=namespace))
        return point

    def restore(self, point, target="east", *, onto="shop", stores=(), **more):
        mapping = RestoreMapping(namespaces={"shop": onto}, **more.pop("mapping", {}))
        return RestoreRequest(
            workload=Workload(cluster=point.origin or "east", namespace="shop"),
            point=point,
            target=target,
            mapping=mapping,
            stores=stores,
            **more,
        )

    def run_policy(self, name="nightly", *, export=None, also=None, **spec):
        """A policy of K10's own for the shop, with an export, perhaps another, run once by hand."""
        exports = [{"profile": _profile(), "exportData": {}, **(export or {})}, also]
        actions = [
            {"action": "backup", "backupParameters": spec.pop("backup", {})},
            *({"action": "export", "exportParameters": each} for each in exports if each),
        ]
        selector = {
            "matchExpressions": [
                {"key": "k10.kasten.io/appNamespace", "operator": "In", "values": ["shop"]}
            ]
        }
        self.put("Policy", name, {"frequency": "@daily", "selector": selector, **spec,
                                  "actions": actions})  # fmt: skip
        self.kasten.tick()
        subject = {"kind": "Policy", "name": name, "namespace": "kasten-io"}
        made = {"metadata": {"name": f"run-{name}", "namespace": "kasten-io"},
                "spec": {"subject": subject}, "status": {"state": "Pending"}}  # fmt: skip
        self.k10.catalog.add("runactions", made)
        self.kasten.tick(12)

    def put(self, kind, name, spec, group="config.kio.kasten.io", **more):
        self.api.seed(
            {
                "apiVersion": f"{group}/v1alpha1",
                "kind": kind,
                "metadata": {"name": name, "namespace": "kasten-io"},
                "spec": spec,
                **more,
            }
        )


def _profile():
    return {"name": "offsite", "namespace": "kasten-io"}


class Served(dict):
    """API servers by the name of their cluster, each served when it is first asked for."""

    def __init__(self, apis, running):
        super().__init__()
        self._apis, self._running = apis, running

    def __missing__(self, name):
        self[name] = self._running.enter_context(serve(self._apis[name]))
        return self[name]


@pytest.fixture
def guesses():
    """What the emulated K10 does where no document says it."""
    return Guesses()


@pytest.fixture
def clusters(tmp_path, guesses):
    """East with workloads, west empty; both reach one bucket."""
    apis = {name: KubernetesApi(name) for name in ("east", "west")}
    for api in apis.values():
        add_classes(api, "fast", "slow")
    with ExitStack() as running:
        kasten = running.enter_context(install(apis, pace=None, guesses=guesses))
        seed(apis["east"])
        yield Clusters(apis, Served(apis, running), kasten, tmp_path)
