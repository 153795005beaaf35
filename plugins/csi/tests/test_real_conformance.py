"""CSI snapshots keep the promises of the contract on real controllers, sidecars and a driver."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from slackwater.clusters import Cluster
from slackwater.errors import ClusterDenied, ClusterError
from slackwater.model.workload import Workload
from slackwater.testing.artefacts import StoreTrouble, TroubledStore
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater.testing.conformance.suite import BackendConformance
from slackwater_csi import labels, rights
from slackwater_csi.emulator.recipe import PAGE, TIMEOUT, clock_of
from slackwater_csi.resources import CONTENTS, SNAPSHOTS
from slackwater_testbed.csi_driver import NAME as DRIVER
from slackwater_testbed.csi_driver import NEVER_READY
from slackwater_testbed.csi_manifests import CLASS
from slackwater_testbed.wires import lay_wires

from .real_place import ACCOUNT, claim_of, digest_of, wait

CLUSTER = "lone"
OBJECTS = ("configmaps", "secrets", "deployments.apps")
STEP = 3.0
"""Seconds by which our clock is set forward in one step: deadlines come while a test can wait."""


class RealCsiSubject(Subject):
    """One real cluster, shared; namespaces and a store that are new for every test."""

    tool = "csi"
    home = CLUSTER
    claims = ("data", "media")
    page = PAGE
    patience = 400
    right = "list volumesnapshots"
    failure_words = "rpc error: code = Internal desc = the pool is full"

    def __init__(self, plane, wires, folder):
        self.spool = folder / "spool"
        self._plane, self._csi, self._driver = plane, plane.csi, plane.csi.driver
        self._wires = wires
        self._kubeconfig = wires.kubeconfigs[plane.name]
        self._clock = folder / "clock"
        self._store = TroubledStore(folder / "store")
        self.canaries = (self._store.key, *wires.tokens)
        self._faults = ExitStack()
        self._admin = Cluster(CLUSTER, kubeconfig=plane.kubeconfig)
        self.home_uid = self._admin.identity().uid
        names = [f"kit-{uuid.uuid4().hex[:6]}-{name}" for name in ("shop", "crm", "books")]
        self._namespaces = names
        self.workload, self.other_workload, self.gap_workload = (
            Workload(cluster=CLUSTER, namespace=name) for name in names
        )
        self._grant()
        self._seed(*names)
        self._seeded = {name: self._contents(name) for name in names}

    def _grant(self):
        self._plane.apply(f"{rights.role(objects=True)}---\n{rights.binding('/'.join(ACCOUNT))}")

    def _seed(self, shop, crm, books):
        self._plane.apply(yaml.safe_dump_all(_workloads(shop, crm, books)))
        held = ((shop, "data"), (shop, "media"), (crm, "letters"), (books, "ledger"))
        self._volumes = {self._csi.volume(*each) for each in held}
        for namespace, claim in held:
            (self._csi.data(namespace, claim) / "page").write_text(f"{namespace} {claim}")
        self._plane.wait_for("pvc", "scratch", _is_bound, namespace=books)

    def recipe(self, cluster):
        return Recipe(
            "slackwater_csi.emulator.recipe:build",
            {
                "cluster": cluster,
                "kubeconfig": str(self._kubeconfig),
                "spool": str(self.spool),
                "store": str(self._store.folder),
                "clock": str(self._clock),
                "settings": {
                    "store": self._store.name,
                    "objects": True,
                    "groups": False,
                    "ready_within": "5m",
                },
            },
        )

    def now(self):
        return clock_of(self._clock)()

    def make_points(self, count):
        """Snapshots that were taken yesterday, with all that stands for them, and data behind."""
        self._csi.snapshot_controller.kill()
        self._csi.snapshotter.kill()
        first = datetime.now(UTC) - timedelta(days=1)
        made = tuple(self._point(n, first + timedelta(minutes=n)) for n in range(count))
        self._csi.start()
        return made

    def _point(self, number, taken):
        shop, crm, _ = self._namespaces
        space, claim = ((shop, "data"), (crm, "letters"))[number % 2]
        name = f"nightly-{number:04}"
        volume = self._csi.volume(space, claim)
        handle = self._stored(volume, taken)
        spec = {"source": {"persistentVolumeClaimName": claim}, "volumeSnapshotClassName": CLASS}
        body = {"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
                "metadata": {"name": name, "namespace": space}, "spec": spec}  # fmt: skip
        uid = self._admin.create(SNAPSHOTS.path(space), body)["metadata"]["uid"]
        content = f"snapcontent-{uid}"
        reference = {"name": name, "namespace": space, "uid": uid}
        self._admin.create(CONTENTS.path(), _content(content, volume, reference))
        told = {"readyToUse": True, "restoreSize": 1 << 24, "snapshotHandle": handle,
                "creationTime": int(taken.timestamp()) * 10**9}  # fmt: skip
        self._admin.patch(f"{CONTENTS.path(name=content)}/status", {"status": told})
        shown = {"readyToUse": True, "restoreSize": "16Mi",
                 "boundVolumeSnapshotContentName": content,
                 "creationTime": f"{taken:%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
        self._admin.patch(f"{SNAPSHOTS.path(space, name)}/status", {"status": shown})
        return content

    def _stored(self, volume, taken):
        handle = f"snapshots-{uuid.uuid4().hex[:24]}"
        self._driver.snapshot_data(handle).mkdir(parents=True)
        record = {"id": handle, "name": handle, "bytes": 1 << 24, "volume": volume,
                  "created": f"{taken:%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
        (self._driver.snapshot_data(handle).parent / "record.json").write_text(json.dumps(record))
        return handle

    def cause(self, trouble, ref=None):
        if trouble is Trouble.ANSWER_LOST:
            # What is performed first writes to the store only.
            self._store.cause(StoreTrouble.ANSWER_LOST)
        told = {"retry_after": self.retry_after, "slow": TIMEOUT + 1}
        self._wires.befall(trouble, lists="volumesnapshots", **told)
        match trouble:
            case Trouble.UNAVAILABLE:
                self._plane.apiserver.kill()
            case Trouble.DENIED:
                self._plane.kubectl("delete", "clusterrolebinding", "slackwater-csi")
                wait(lambda: self._may_read() is False, "the rights are never taken")
            case Trouble.FAILS:
                self._switch("CreateSnapshot.doom", "the pool is full")
            case Trouble.WARNS:
                self._switch("CreateSnapshot.complain", "the pool was busy")
            case Trouble.STRANGE_STATE:
                self._estrange(ref.handle.split("/")[2])
            case Trouble.STALLS:
                self._faults.enter_context(self._driver.fault(NEVER_READY))
            case Trouble.WAITS:
                self._csi.snapshot_controller.kill()
            case Trouble.GONE:
                self._remove(ref.handle.split("/")[2])

    def _switch(self, fault, words):
        self._faults.enter_context(self._driver.fault(fault, words))

    def _estrange(self, digest):
        """A status that no controller writes, and none corrects any more."""
        self._csi.snapshot_controller.kill()
        strange = {"readyToUse": True, "boundVolumeSnapshotContentName": "nowhere"}
        for found in self._snapshots(f"{labels.KEY}={digest}"):
            metadata = found["metadata"]
            path = SNAPSHOTS.path(metadata["namespace"], metadata["name"])
            self._admin.patch(f"{path}/status", {"status": strange})

    def _remove(self, digest):
        for found in self._snapshots(f"{labels.KEY}={digest}"):
            metadata = found["metadata"]
            path = SNAPSHOTS.path(metadata["namespace"], metadata["name"])
            self._admin.delete(path)
            with suppress(ClusterError):
                self._admin.patch(path, {"metadata": {"finalizers": None}})

    def _may_read(self):
        """None while the API server is still starting: it then answers 429."""
        with Cluster(CLUSTER, kubeconfig=self._kubeconfig) as cluster:
            try:
                list(cluster.list(SNAPSHOTS.path()))
                return True
            except ClusterDenied:
                return False
            except ClusterError:
                return None

    def struck(self):
        return self._store.struck or self._wires.struck

    def heal(self):
        self._store.heal()
        self._wires.heal()
        self._faults.close()
        self._plane.start()
        self._grant()
        wait(lambda: self._may_read() is True, "the rights never come back")

    def fingerprint(self):
        """What stands once the controllers have come to rest."""
        before = self._seen()
        while (now := self._seen()) != before:
            before = now
        return now

    def _seen(self):
        time.sleep(0.3)
        parts = [self._contents(name) for name in self._namespaces]
        kinds = f"{SNAPSHOTS},{CONTENTS},namespaces,persistentvolumes"
        found = json.loads(self._plane.kubectl("get", kinds, "-A", "-o", "json"))["items"]
        parts.append(sorted(_plain(each) for each in found if self._is_own(each)))
        parts.append(self._own_snapshots())
        parts.append(self._store.fingerprint())
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _is_own(self, found):
        """Tests before this one may still be leaving."""
        spec, metadata = found.get("spec", {}), found["metadata"]
        spaces = (
            metadata.get("namespace") or metadata["name"],
            (spec.get("volumeSnapshotRef") or {}).get("namespace", ""),
            (spec.get("claimRef") or {}).get("namespace", ""),
        )
        return any(space.startswith(tuple(self._namespaces)) for space in spaces)

    def _own_snapshots(self):
        """Those in the storage that are of volumes which were seeded here."""
        found = []
        for handle in self._driver.snapshots:
            with suppress(FileNotFoundError):
                record = (self._driver.snapshot_data(handle).parent / "record.json").read_text()
                if json.loads(record)["volume"] in self._volumes:
                    found.append(handle)
        return sorted(found)

    def requests(self):
        return self._wires.passed + self._store.requests()

    def operations(self):
        keys = {
            (found["metadata"].get("labels") or {}).get(labels.WHOLE_KEY)
            for found in self._snapshots()
            if found["metadata"]["namespace"].startswith(tuple(self._namespaces))
        }
        return len(keys - {None})

    def _snapshots(self, selector=""):
        chosen = ("-l", selector) if selector else ()
        return json.loads(self._plane.kubectl("get", str(SNAPSHOTS), "-A", *chosen, "-o", "json"))[
            "items"
        ]

    def pass_time(self):
        time.sleep(0.2)
        ahead = float(self._clock.read_text()) if self._clock.exists() else 0.0
        self._clock.write_text(str(ahead + STEP))

    def wreck(self, workload):
        self._plane.kubectl("delete", "namespace", workload.namespace)

    def holds(self, target, original):
        return self._contents(target.namespace) == self._seeded[original.namespace]

    def _contents(self, namespace):
        kinds = ",".join((*OBJECTS, "pvc"))
        try:
            found = self._plane.kubectl("get", kinds, "-n", namespace, "-o", "json")
        except Exception:
            return {}
        return dict(self._content_of(each) for each in json.loads(found)["items"] if _counts(each))

    def _content_of(self, each):
        metadata = each["metadata"]
        name = f"{each['kind']}/{metadata['name']}"
        if each["kind"] != "PersistentVolumeClaim":
            return name, [each.get("data"), (each.get("spec") or {}).get("template")]
        volume = self._plane.get("pv", each["spec"].get("volumeName", "none"))
        source = (volume or {}).get("spec", {}).get("csi")
        return name, digest_of(self._driver.data(source["volumeHandle"])) if source else None

    def leftovers(self):
        own = tuple(self._namespaces)
        snapshots = [s for s in self._snapshots() if s["metadata"]["namespace"].startswith(own)]
        contents = self._own_contents()
        stored = {(c.get("status") or {}).get("snapshotHandle") for c in contents}
        return {"snapshots": len(snapshots), "contents": len(contents), "stored": len(stored)}

    def _own_contents(self):
        own = tuple(self._namespaces)
        return [
            content
            for content in self._admin.list(CONTENTS.path())
            if content["spec"]["volumeSnapshotRef"]["namespace"].startswith(own)
        ]

    def close(self):
        self.heal()
        spaces = self._plane.kubectl("get", "namespaces", "-o", "name").split()
        own = [s for s in spaces if s.startswith(tuple(f"namespace/{n}" for n in self._namespaces))]
        # The next test uses the same keys, and they are looked for in the whole cluster.
        self._plane.kubectl("delete", *own)
        told = {"metadata": {"annotations": {labels.BEING_DELETED: "yes"}}}
        for content in self._own_contents():
            path = CONTENTS.path(name=content["metadata"]["name"])
            with suppress(ClusterError):
                self._admin.patch(path, {**told, "spec": {"deletionPolicy": "Delete"}})
                self._admin.delete(path)
        self._admin.close()


def _is_bound(claim):
    return claim.get("status", {}).get("phase") == "Bound"


def _counts(each):
    return each["metadata"]["name"] != "kube-root-ca.crt"


def _plain(found):
    metadata = found["metadata"]
    kept = {key: metadata.get(key) for key in ("namespace", "name", "uid", "labels", "annotations")}
    return json.dumps([found["kind"], kept, found.get("spec"), found.get("status")], sort_keys=True)


def _content(name, volume, reference):
    spec = {
        "deletionPolicy": "Delete",
        "driver": DRIVER,
        "source": {"volumeHandle": volume},
        "sourceVolumeMode": "Filesystem",
        "volumeSnapshotClassName": CLASS,
        "volumeSnapshotRef": reference,
    }
    metadata = {"name": name, "finalizers": [labels.CONTENT_PROTECTION]}
    head = {"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent"}
    return {**head, "metadata": metadata, "spec": spec}


def _workloads(shop, crm, books):
    for name in (shop, crm, books):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    yield _object("v1", "ConfigMap", shop, "prices", data={"tea": "3"})
    yield _object("v1", "Secret", crm, "mail", data={"user": "Y3Jt"})
    yield _object("v1", "ConfigMap", books, "pages", data={"count": "12"})
    yield _object("apps/v1", "Deployment", shop, "web", spec=_deployment())
    for namespace, claim in ((shop, "data"), (shop, "media"), (crm, "letters"), (books, "ledger")):
        yield claim_of(namespace, claim)
    size = {"storage": "1Mi"}
    mode = {"accessModes": ["ReadWriteOnce"], "storageClassName": "none"}
    volume = f"{books}-scratch"
    behind = {"hostPath": {"path": "/notes"}, "persistentVolumeReclaimPolicy": "Retain"}
    yield {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume},
           "spec": {**mode, **behind, "capacity": size}}  # fmt: skip
    wanted = {**mode, "volumeName": volume, "resources": {"requests": size}}
    yield _object("v1", "PersistentVolumeClaim", books, "scratch", spec=wanted)


def _deployment():
    labels_ = {"app": "web"}
    volume = {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}
    pod = {"containers": [{"name": "web", "image": "registry.example/web:1"}], "volumes": [volume]}
    template = {"metadata": {"labels": labels_}, "spec": pod}
    return {"replicas": 0, "selector": {"matchLabels": labels_}, "template": template}


def _object(version, kind, namespace, name, **content):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


@pytest.fixture(scope="module")
def wires(csi_plane, tmp_path_factory):
    with lay_wires([csi_plane], *ACCOUNT, tmp_path_factory.mktemp("wires")) as laid:
        yield laid


@pytest.mark.real("etcd", "kubernetes", "csi", "csi-driver")
@pytest.mark.long
class TestConformanceOnCsi(BackendConformance):
    column = "CSI, real"

    @pytest.fixture
    def subject(self, csi_plane, wires, tmp_path):
        with RealCsiSubject(csi_plane, wires, tmp_path) as subject:
            yield subject
