"""Places on real parts: real controllers, real sidecars, a driver whose data can be looked at."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from datetime import UTC, datetime, timedelta

import yaml

from slackwater.backend import Context
from slackwater.clusters import Cluster
from slackwater.errors import TransientBackendError
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
from slackwater.testing.plan_driving import drive
from slackwater_csi import rights
from slackwater_csi.backend import CsiBackend
from slackwater_csi.settings import CsiSettings

ACCOUNT = ("slackwater", "operator")
WITHIN = 60.0
SIZE = "16Mi"
RELEASE = '{"spec": {"persistentVolumeReclaimPolicy": "Delete"}}'
NO_FINALIZERS = '{"metadata": {"finalizers": null}}'
KINDS = (
    "volumesnapshots",
    "volumesnapshotcontents",
    "volumegroupsnapshots",
    "volumegroupsnapshotcontents",
)


def wait(ask, what, within=WITHIN):
    deadline = time.monotonic() + within
    while not (found := ask()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.1)
    return found


def digest_of(folder):
    """One value for all that lies in a folder: names, kinds, modes, and every bit of content."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        told = path.lstat()
        digest.update(f"{path.relative_to(folder)} {told.st_mode:o}\0".encode())
        if path.is_symlink():
            digest.update(str(path.readlink()).encode())
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


class RealPlace:
    """Namespaces of one test in a real cluster, and backends with the rights that we print."""

    def __init__(self, plane, folder):
        self.plane, self.csi, self.driver = plane, plane.csi, plane.csi.driver
        self.folder, self.store = folder, TroubledStore(folder / "store")
        self.ahead = timedelta()
        self._tag = uuid.uuid4().hex[:6]
        self.namespace = self.named("shop")
        self._namespaces = {self.namespace}
        namespace, name = ACCOUNT
        plane.apply(f"{rights.role(objects=True)}---\n{rights.binding('/'.join(ACCOUNT))}")
        kubeconfig = plane.kubeconfig_for(f"system:serviceaccount:{namespace}:{name}")
        self.cluster = Cluster("lone", kubeconfig=kubeconfig, timeout=10)
        self.admin = Cluster("lone", kubeconfig=plane.kubeconfig, timeout=10)
        self.uid = self.admin.identity().uid

    def named(self, name):
        return f"{name}-{self._tag}"

    def clock(self):
        return datetime.now(UTC) + self.ahead

    def backend(self, **settings):
        context = Context(
            cluster=self.cluster,
            secret=str,
            spool=self.folder / "spool",
            clock=self.clock,
            store=lambda _: self.store.open("csi", self.clock),
        )
        given = {"store": "vault", "objects": True, "groups": False, "ready_within": "2m"}
        return CsiBackend(CsiSettings.model_validate({**given, **settings}), context)

    def seed(self, *claims, namespace=""):
        """Claims that are bound, each with data of its own."""
        space = namespace or self.namespace
        labels = {"tier": "gold"}
        documents = [
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": space, "labels": labels},
            },
            *(claim_of(space, claim) for claim in claims),
        ]
        self.plane.apply(yaml.safe_dump_all(documents))
        for claim in claims:
            self.write(claim, namespace=space)

    def write(self, claim, namespace=""):
        """New data in the place of the old; return its digest."""
        data = self.data(claim, namespace)
        (data / "deep").mkdir(exist_ok=True)
        (data / "deep" / "orders").write_bytes(os.urandom(200_000))
        (data / "deep" / "orders").chmod(0o640)
        (data / "latest").unlink(missing_ok=True)
        (data / "latest").symlink_to("deep/orders")
        (data / f"extra-{uuid.uuid4().hex}").write_text("more")
        return self.digest(claim, namespace)

    def data(self, claim, namespace=""):
        return self.csi.data(namespace or self.namespace, claim)

    def digest(self, claim, namespace=""):
        return digest_of(self.data(claim, namespace))

    def request(self, run="r-1", claim=""):
        kind = WorkloadKind.VOLUME if claim else WorkloadKind.NAMESPACE
        return BackupRequest(
            workload=Workload(cluster="lone", kind=kind, namespace=self.namespace, name=claim),
            require=(),
            due=self.clock(),
            stamp=Stamp(cluster="lone", cluster_uid=self.uid, run=self.run(run)),
        )

    def run(self, run):
        return f"{run}-{self._tag}"

    def back_up(self, run="r-1", claim="", **settings):
        backend = self.backend(**settings)
        made = self.drive(backend, backend.plan_backup(self.request(run, claim)), run)
        assert "point" in made.get("keep", {}), made
        return self.point(made["keep"]["point"])

    def points(self):
        return list(self.backend().list_recovery_points(PointQuery()))

    def point(self, name):
        (found,) = [point for point in self.points() if point.name == name]
        return found

    def restore(self, point, run="r-2", *, onto="", existing=Existing.KEEP, backend=None, **how):
        backend = backend or self.backend()
        plan = self.plan_restore(backend, point, onto=onto, existing=existing, **how)
        return self.drive(backend, plan, run)

    def plan_restore(self, backend, point, *, onto="", existing=Existing.KEEP, **how):
        if onto:
            self._namespaces.add(onto)
        request = RestoreRequest(
            workload=Workload(cluster="lone", namespace=self.namespace),
            point=point,
            target="lone",
            mapping=RestoreMapping(namespaces={self.namespace: onto} if onto else {}, **how),
            existing=existing,
        )
        return backend.plan_restore(request)

    def delete(self, point, run="r-delete"):
        backend = self.backend()
        self.drive(backend, backend.plan_deletion(point.id), run)

    def drive(self, backend, plan, run):
        return drive(plan, lambda act: self.do(backend, act, run))

    def do(self, backend, act, run, generation=1):
        key = Key(run=self.run(run), step=act.id, generation=generation)
        if act.kind is ActKind.PERFORMED:
            return self._again(lambda: backend.perform(act, key, Progresses()))
        ref = self._again(lambda: backend.start(act, key))
        return self.ended(backend, ref)

    def _again(self, call):
        """What core does with what is only not yet possible."""
        deadline = time.monotonic() + WITHIN
        while True:
            try:
                return call()
            except TransientBackendError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def ended(self, backend, ref):
        seen = []

        def terminal():
            seen.append(backend.get_operations([ref])[ref])
            return seen[-1] if seen[-1].phase.terminal else None

        return wait(terminal, lambda: f"does not end: {seen[-1]}")

    def standing(self):
        """Names of all snapshots and contents of both kinds, in the whole cluster."""
        found = self.plane.kubectl("get", ",".join(KINDS), "-A", "-o", "name")
        return set(found.split())

    def stored(self):
        driver = self.driver
        return driver.volumes | driver.snapshots | driver.groups | driver.unfinished

    def forget(self):
        """Have the cluster forget the snapshots of this place, as a cluster made anew would."""
        self.csi.snapshot_controller.kill()
        self.csi.snapshotter.kill()
        for name in self.standing():
            if self.namespace in self.plane.kubectl(
                "get", name, "-n", self.namespace, "-o", "json"
            ):
                where = (name, "-n", self.namespace)
                self.plane.kubectl("patch", *where, "--type=merge", "-p", NO_FINALIZERS)
                self.plane.kubectl("delete", *where)
        self.csi.start()

    def clear(self):
        """Remove what the test has made: points, namespaces, and volumes that were exchanged."""
        self.driver.mend()
        self.plane.start()
        for point in self.points():
            self.delete(point, f"away-{point.name[-6:]}")
        self.plane.kubectl("delete", "namespace", *self._namespaces, "--ignore-not-found")
        for volume in json.loads(self.plane.kubectl("get", "pv", "-o", "json"))["items"]:
            # Kept until somebody releases them: here the test does.
            if volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain":
                self.plane.kubectl("patch", "pv", volume["metadata"]["name"], "-p", RELEASE)

    def close(self):
        self.cluster.close()
        self.admin.close()


def claim_of(namespace, name):
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": SIZE}}},
    }
