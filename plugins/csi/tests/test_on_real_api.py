"""A real kube-apiserver and its controllers, with the emulated snapshot controllers before it.

What is real: the API, its rules for claims, volumes, finalizers and namespaces, and the binding of
claims. What is emulated: snapshot-controller, csi-snapshotter, csi-provisioner, and a driver.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from slackwater.backend import Context
from slackwater.clusters import CUSTOM_RESOURCE_DEFINITIONS, Cluster, Resource
from slackwater.errors import SlackwaterError
from slackwater.model.act import ActKind, Key
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import (
    BackupRequest,
    Existing,
    PointQuery,
    RestoreMapping,
    RestoreRequest,
)
from slackwater.model.workload import Workload
from slackwater.testing.artefacts import TroubledStore
from slackwater.testing.conformance.worker import Progresses
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_csi.backend import CsiBackend
from slackwater_csi.emulator.definitions import definitions
from slackwater_csi.emulator.installing import snapshot_class
from slackwater_csi.emulator.provisioning import Provisioning
from slackwater_csi.emulator.snapshotting import Snapshotting
from slackwater_csi.emulator.world import DRIVER, World
from slackwater_csi.resources import CLASSES, CONTENTS, SNAPSHOTS
from slackwater_csi.settings import CsiSettings

pytestmark = pytest.mark.real("etcd", "kubernetes")

WITHIN = 60.0
_CLUSTERED = ("persistentvolumes", "volumesnapshotcontents", "volumesnapshotclasses",
              "storageclasses", "namespaces")  # fmt: skip


def resource(table):
    plural, _, group = table.partition(".")
    return Resource(group, "v1", plural, namespaced=plural not in _CLUSTERED)


class RealWorld(World):
    """The world of the emulated controllers, over a real API."""

    def __init__(self, cluster):
        super().__init__(SimpleNamespace(clock=lambda: datetime.now(UTC)))
        self.cluster = cluster

    def all(self, kind, namespace=""):
        return [
            self._headed(kind, each) for each in self.cluster.list(resource(kind).path(namespace))
        ]

    def find(self, kind, name, namespace=""):
        if not name:
            return None
        with suppress(SlackwaterError):
            return self._headed(kind, self.cluster.get(resource(kind).path(namespace, name)))
        return None

    def change(self, kind, found, change):
        with suppress(SlackwaterError):
            self.cluster.patch(self._path(kind, found), change)

    def status(self, kind, found, change):
        with suppress(SlackwaterError):
            self.cluster.patch(f"{self._path(kind, found)}/status", {"status": change})

    def delete(self, kind, name, namespace=""):
        with suppress(SlackwaterError):
            self.cluster.delete(resource(kind).path(namespace, name))

    def create(self, content):
        kinds = {"VolumeSnapshotContent": "volumesnapshotcontents.snapshot.storage.k8s.io",
                 "PersistentVolume": "persistentvolumes"}  # fmt: skip
        if content["kind"] in kinds:
            with suppress(SlackwaterError):
                self.cluster.create(resource(kinds[content["kind"]]).path(), content)

    def _path(self, kind, found):
        metadata = found["metadata"]
        return resource(kind).path(metadata.get("namespace", ""), metadata["name"])

    def _headed(self, kind, found):
        return {"kind": kind, **found}


class Real:
    """One real cluster, controllers that turn beside it, a backend."""

    def __init__(self, cluster, folder):
        self.cluster, self.world = cluster, RealWorld(cluster)
        store = TroubledStore(folder / "store")
        context = Context(
            cluster=cluster,
            secret=str,
            spool=folder / "spool",
            clock=lambda: datetime.now(UTC),
            store=lambda _: store.open("csi", lambda: datetime.now(UTC)),
        )
        self.backend = CsiBackend(CsiSettings(store="vault", objects=True), context)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._turn, daemon=True)

    def _turn(self):
        snapshots, claims = Snapshotting(self.world), Provisioning(self.world)
        while not self._over.wait(0.2):
            snapshots.tick()
            for claim in self.world.all("persistentvolumeclaims"):
                if claim["status"].get("phase") == "Pending" and not claim["spec"].get(
                    "volumeName"
                ):
                    claims._provision(claim)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._over.set()
        self._thread.join()

    def apply(self, kind, body, namespace=""):
        self.cluster.create(resource(kind).path(namespace), body)

    def drive(self, plan, run):
        assert not [finding for finding in plan.findings if finding.blocks], plan.findings
        return {act.id: self._do(act, Key(run=run, step=act.id)) for act in plan.acts}

    def _do(self, act, key):
        if act.kind is ActKind.PERFORMED:
            return self.backend.perform(act, key, Progresses())
        ref = self.backend.start(act, key)

        def ended():
            operation = self.backend.get_operations([ref])[ref]
            return operation if operation.phase.terminal else None

        operation = wait(ended, f"{act.id} does not end")
        assert operation.phase.usable, operation
        return operation

    def data(self, namespace):
        claim = self.world.find("persistentvolumeclaims", "data", namespace)
        volume = self.world.find("persistentvolumes", claim["spec"]["volumeName"])
        return volume["metadata"]["annotations"][DATA]


@pytest.fixture
def real(parts, tmp_path):
    plane = parts.control_plane()
    with Cluster("lone", kubeconfig=plane.kubeconfig, timeout=10) as cluster:
        for definition in definitions():
            cluster.create(CUSTOM_RESOURCE_DEFINITIONS.path(), definition)
        for kind in (SNAPSHOTS, CONTENTS, CLASSES):
            wait(lambda kind=kind: is_served(cluster, kind), f"{kind} are not served")
        with Real(cluster, tmp_path) as made:
            furnish(made)
            yield made


def is_served(cluster, kind):
    """A definition that is new is answered with 404, then with 429, then served."""
    with suppress(SlackwaterError):
        return cluster.exists(kind.path())
    return False


def wait(ask, what):
    deadline = time.monotonic() + WITHIN
    while not (found := ask()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


def furnish(real):
    """A namespace with a bound claim, and a Deployment that uses it."""
    real.apply("volumesnapshotclasses.snapshot.storage.k8s.io", snapshot_class("c", default=True))
    real.apply(
        "storageclasses.storage.k8s.io",
        {"metadata": {"name": "fast"}, "provisioner": DRIVER},
    )
    real.apply("namespaces", {"metadata": {"name": "shop", "labels": {"tier": "gold"}}})
    size = {"storage": "1Gi"}
    behind = {"csi": {"driver": DRIVER, "volumeHandle": "vol-1"}}
    spec = {
        "capacity": size,
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        **behind,
    }
    metadata = {"name": "pv-1", "annotations": {DATA: "orders"}}
    real.apply("persistentvolumes", {"metadata": metadata, "spec": spec})
    wanted = {"storageClassName": "fast", "accessModes": ["ReadWriteOnce"], "volumeName": "pv-1",
              "resources": {"requests": size}}  # fmt: skip
    real.apply("persistentvolumeclaims", {"metadata": {"name": "data"}, "spec": wanted}, "shop")
    real.apply("configmaps", {"metadata": {"name": "prices"}, "data": {"tea": "3"}}, "shop")
    real.apply("services", {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}, "shop")
    real.apply("deployments.apps", {"metadata": {"name": "web"}, "spec": _deployment()}, "shop")
    wait(lambda: _bound(real, "shop"), "the claim is not bound")


def _deployment():
    volume = {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}
    containers = [{"name": "web", "image": "registry.example/web:1"}]
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers,
                                                         "volumes": [volume]}}  # fmt: skip
    return {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}


def _bound(real, namespace):
    claim = real.world.find("persistentvolumeclaims", "data", namespace)
    return claim is not None and claim["status"].get("phase") == "Bound"


def back_up(real):
    uid = real.cluster.identity().uid
    request = BackupRequest(
        workload=Workload(cluster="lone", namespace="shop"),
        require=(),
        due=datetime.now(UTC),
        stamp=Stamp(cluster="lone", cluster_uid=uid, run="r-1"),
    )
    made = real.drive(real.backend.plan_backup(request), "r-1")
    (point,) = real.backend.list_recovery_points(PointQuery())
    assert point.name == made["keep"]["point"]
    return point


def restore(real, point, run, *, onto="shop", existing=Existing.KEEP):
    request = RestoreRequest(
        workload=Workload(cluster="lone", namespace="shop"),
        point=point,
        target="lone",
        mapping=RestoreMapping(namespaces={"shop": onto}),
        existing=existing,
    )
    return real.drive(real.backend.plan_restore(request), run)


def left(real):
    group = "snapshot.storage.k8s.io"
    return [
        len(real.world.all(f"{plural}.{group}"))
        for plural in ("volumesnapshots", "volumesnapshotcontents")
    ]


def test_a_namespace_goes_all_its_ways_under_the_real_rules(real):
    point = back_up(real)
    assert point.contents.objects_in("shop") == 4

    results = restore(real, point, "r-2", onto="drill")
    assert results["objects"]["findings"] == []
    assert real.data("drill") == "orders"
    assert real.world.find("configmaps", "prices", "drill")["data"] == {"tea": "3"}
    assert real.world.find("deployments.apps", "web", "drill") is not None
    assert real.world.find("namespaces", "drill")["metadata"]["labels"]["tier"] == "gold"
    wait(lambda: left(real) == [1, 1], "what was shown is not hidden")

    real.world.change("persistentvolumes", real.world.find("persistentvolumes", "pv-1"),
                      {"metadata": {"annotations": {DATA: "burnt"}}})  # fmt: skip
    restore(real, point, "r-3", existing=Existing.UPDATE)
    assert real.data("shop") == "orders"
    old = real.world.find("persistentvolumes", "pv-1")
    assert old["metadata"]["annotations"][DATA] == "burnt"
    assert real.world.find("deployments.apps", "web", "shop")["spec"]["replicas"] == 1

    real.cluster.delete("/api/v1/namespaces/shop")
    wait(lambda: not real.cluster.exists("/api/v1/namespaces/shop"), "shop does not go")
    wait(lambda: left(real) == [0, 1], "the content did not outlive its namespace")
    restore(real, point, "r-4")
    assert real.data("shop") == "orders"

    real.drive(real.backend.plan_deletion(point.id), "r-5")
    assert (left(real), real.world.storage.snapshots) == ([0, 0], {})


def test_an_exchange_that_fails_gives_the_old_volume_back(real):
    point = back_up(real)
    request = RestoreRequest(
        workload=Workload(cluster="lone", namespace="shop"),
        point=point,
        target="lone",
        existing=Existing.UPDATE,
    )
    plan = real.backend.plan_restore(request)
    acts = [act for act in plan.acts if act.id not in ("claims", "objects")]

    real.drive(plan.model_copy(update={"acts": tuple(acts)}), "r-2")

    wait(lambda: _bound(real, "shop"), "the old claim is not bound again")
    assert real.world.find("persistentvolumeclaims", "data", "shop")["spec"]["volumeName"] == "pv-1"
    assert real.data("shop") == "orders"
