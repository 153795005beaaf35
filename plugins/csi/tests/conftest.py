"""What the tests share: an emulated cluster with a driver, a store, a backend over both."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slackwater.backend import Context
from slackwater.clusters import Cluster
from slackwater.model.act import ActKind, Key
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import (
    BackupRequest,
    Existing,
    PointQuery,
    RestoreMapping,
    RestoreRequest,
)
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.testing.artefacts import TroubledStore
from slackwater.testing.conformance.worker import Progresses
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.plan_driving import drive
from slackwater_csi.backend import CsiBackend
from slackwater_csi.emulator import install
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.recipe import clock_of
from slackwater_csi.emulator.seeding import contents, data_of, seed, write
from slackwater_csi.settings import CsiSettings

from .real_place import RealPlace, wait

UID = "uid-of-home"


class Stage:
    """One emulated cluster, stepped by hand, and backends for it."""

    def __init__(self, folder, *, groups=False):
        self.folder = folder
        self.clock = clock_of(folder / "clock")
        self.api = KubernetesApi("home", clock=self.clock, uid=UID)
        self.store = TroubledStore(folder / "store")
        self.groups = groups

    def backend(self, *, token=None, **settings):
        path = self.folder / f"kubeconfig-{token}"
        if not path.exists():
            self.server.kubeconfig(path, context="home", token=token)
        context = Context(
            cluster=Cluster("home", kubeconfig=path, timeout=5),
            secret=str,
            spool=self.folder / "spool",
            clock=self.clock,
            store=lambda _: self.store.open("csi", self.clock),
        )
        given = {"store": "vault", "objects": True, "ready_within": "5m", **settings}
        return CsiBackend(CsiSettings.model_validate(given), context)

    def later(self, **span):
        """Let all clocks go on."""
        file = self.folder / "clock"
        ahead = float(file.read_text()) if file.exists() else 0.0
        file.write_text(str(ahead + timedelta(**span).total_seconds()))

    def request(self, namespace="shop", claim="", **stamp):
        kind = WorkloadKind.VOLUME if claim else WorkloadKind.NAMESPACE
        return BackupRequest(
            workload=Workload(cluster="home", kind=kind, namespace=namespace, name=claim),
            require=(),
            due=self.clock(),
            stamp=Stamp(**{"cluster": "home", "cluster_uid": UID, "run": "r-1", **stamp}),
        )

    def restore_request(self, point, *, onto="", claim="", existing=Existing.KEEP, **mapping):
        kind = WorkloadKind.VOLUME if claim else WorkloadKind.NAMESPACE
        space = point.scope.namespaces[0] if point.scope.namespaces else point.scope.volumes[0][0]
        return RestoreRequest(
            workload=Workload(cluster="home", kind=kind, namespace=space, name=claim),
            point=point,
            target="home",
            mapping=RestoreMapping(namespaces={space: onto} if onto else {}, **mapping),
            existing=existing,
        )

    def do(self, backend, act, run="r-1", generation=1):
        key = Key(run=run, step=act.id, generation=generation)
        if act.kind is ActKind.PERFORMED:
            return backend.perform(act, key, Progresses())
        return self.ended(backend, backend.start(act, key))

    def ended(self, backend, ref, steps=12):
        for _ in range(steps):
            operation = backend.get_operations([ref])[ref]
            if operation.phase.terminal:
                return operation
            self.csi.tick()
            self.later(seconds=60)
        raise AssertionError(operation)

    def drive(self, backend, plan, run="r-1", *, without=()):
        return drive(plan, lambda act: self.do(backend, act, run), without=without)

    def back_up(self, namespace="shop", claim="", run="r-1", **settings):
        backend = self.backend(**settings)
        plan = backend.plan_backup(self.request(namespace, claim, run=run))
        made = self.drive(backend, plan, run)
        assert "point" in made["keep"], made
        return self.point(made["keep"]["point"])

    def point(self, name):
        (found,) = [p for p in self.points() if p.name == name]
        return found

    def points(self):
        return list(self.backend().list_recovery_points(PointQuery()))

    def restore(self, point, run="r-2", **how):
        backend = self.backend()
        plan = backend.plan_restore(self.restore_request(point, **how))
        return self.drive(backend, plan, run)

    def data(self, namespace, claim):
        return data_of(self.api, self.api.get("persistentvolumeclaims", claim, namespace))

    def write(self, namespace, claim, data):
        write(self.api, namespace, claim, data)

    def standing(self, namespace="shop"):
        return contents(self.api, namespace)

    def wreck(self, namespace="shop"):
        for claim in self.api.list("persistentvolumeclaims", namespace):
            self.api.delete("persistentvolumes", claim["spec"]["volumeName"])
        self.api.delete("namespaces", namespace)

    def left(self):
        """How many snapshots, contents, things in the storage and files in the store there are."""
        kept = self.folder / "store" / "kept" / "csi"
        return {
            "snapshots": len(self.csi.world.all(SNAPSHOTS)),
            "contents": len(self.csi.world.all(CONTENTS)),
            "stored": len(self.csi.storage.snapshots),
            "files": len([p for p in kept.rglob("*") if p.suffix in (".json", ".age")]),
        }


@pytest.fixture
def make_stage(tmp_path):
    """Make a stage, with group snapshots or without."""
    stages = []

    def make(**how):
        stage = Stage(tmp_path, **how)
        serving = serve(stage.api)
        stage.server = serving.__enter__()
        installing = install({"home": stage.api}, pace=None, groups=stage.groups)
        stage.csi = installing.__enter__().servers["home"]
        stages.append((serving, installing))
        seed(stage.api)
        return stage

    yield make
    for serving, installing in stages:
        installing.__exit__(None, None, None)
        serving.__exit__(None, None, None)


@pytest.fixture
def stage(make_stage):
    return make_stage()


@pytest.fixture
def codes():
    """The codes of findings."""
    return lambda findings: [finding.code for finding in findings]


@pytest.fixture
def place(csi_plane, tmp_path):
    """A namespace of the test's own on real parts; nothing of it may be left afterwards, neither
    in the cluster nor in the storage.
    """
    made = RealPlace(csi_plane, tmp_path)
    stored, standing = made.stored(), made.standing()
    yield made
    made.clear()
    wait(lambda: made.stored() == stored, lambda: f"left: {made.stored() - stored}")
    wait(lambda: made.standing() == standing, lambda: f"left: {made.standing() - standing}")
    made.close()
