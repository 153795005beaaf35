"""Velero keeps the promises of the contract, on real servers.

Between us and the API servers are wires, on which single requests go wrong; everything else passes
unchanged. It takes about ten minutes, so `make test-long` runs it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ClusterDenied, ClusterError, ObjectNotFound
from slackwater.model.workload import Workload
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater.testing.conformance.conduct import ConductPromises
from slackwater.testing.conformance.performing import PerformingPromises
from slackwater.testing.conformance.planning import PlanningPromises
from slackwater.testing.conformance.suite import BackendConformance
from slackwater_testbed.wires import RBAC, administrator, lay_wires
from slackwater_velero.phases import CANCELLABLE
from slackwater_velero.recipe import PAGE
from slackwater_velero.resources import (
    BACKUPS,
    CLAIMS,
    CONFIG_MAPS,
    DELETE_REQUESTS,
    DEPLOYMENTS,
    LOCATIONS,
    NAMESPACES,
    RESTORES,
    SECRETS,
)

KIT = "kit"
SHOWN = "of-east"
WAITING = (*CANCELLABLE, "ReadyToStart")
DEFINITION = ("crd", "backups.velero.io")
ENUM = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/phase/enum"
TIMEOUT = 5.0  # seconds that a backend waits for an API server
BINDINGS = Resource(RBAC, "v1", "clusterrolebindings", namespaced=False)
OBJECTS = (CONFIG_MAPS, SECRETS, DEPLOYMENTS, CLAIMS)


class RealSubject(Subject):
    """East writes its store; west shows it, or does not. Namespaces are new for every test."""

    tool = "velero"
    home = "east"
    neighbour = "west"
    page = PAGE
    patience = 600
    right = "list backup"
    failure_words = "Unavailable"

    def __init__(self, testbed, wires, folder, *, shown=True):
        self.stranger = "" if shown else "west"
        self.spool = folder / "spool"
        self._testbed, self._wires = testbed, wires
        self._clusters = {c.name: Cluster(c.name, kubeconfig=c.kubeconfig) for c in testbed}
        tag = uuid.uuid4().hex[:6]
        names = [f"kit-{tag}-{name}" for name in ("shop", "crm", "books")]
        self.workload, self.other_workload, self.gap_workload = (
            Workload(cluster="east", namespace=name) for name in names
        )
        self._namespaces = names
        self._tag = f"kit-{tag}-"
        self._queue_may_stand = self._stalled = self._warned = False
        self._known_phases = None
        secret = testbed.objectstore.credentials["secret_key"]
        self.canaries = ("X-Amz-Signature", secret, *wires.tokens)
        self._seed()
        self._seeded = {name: self._contents("east", name) for name in names}

    def _seed(self):
        testbed = self._testbed
        for cluster in testbed:
            cluster.apply(yaml.safe_dump(administrator(KIT, KIT)))
        if self.stranger:
            self._hide()
        else:
            testbed["west"].velero.add_location(SHOWN, prefix="east")
            testbed["west"].velero.wait_available(SHOWN)
        testbed["east"].velero.wait_available()
        testbed["east"].apply(yaml.safe_dump_all(_workloads(*self._namespaces)))

    def _hide(self):
        """West knows its own store only, and no records of another; a test may have left some."""
        for name in self._names("west", LOCATIONS):
            if name != "default":
                self._drop("west", LOCATIONS, name)
        for name in self._names("west", BACKUPS):
            self._drop("west", BACKUPS, name)

    def recipe(self, cluster):
        if cluster == "west" and not self.stranger:
            self._show_in_west(SHOWN)
        kubeconfig = str(self._wires.kubeconfigs[cluster])
        arguments = {"cluster": cluster, "kubeconfig": kubeconfig, "timeout": TIMEOUT}
        patient = {"spool": str(self.spool), "answer_within": "8"}
        return Recipe("slackwater_velero.recipe:build", {**arguments, **patient})

    def _show_in_west(self, location):
        """Velero looks once a minute; a restart has it look now."""
        if self._stored() <= set(self._names("west", BACKUPS)):
            return
        self._testbed["west"].velero.sync(location)
        deadline = time.monotonic() + 60
        while not self._stored() <= set(self._names("west", BACKUPS)):
            assert time.monotonic() < deadline, "west never found the backups of east"
            time.sleep(0.2)

    def _stored(self):
        """Backups of this subject that have ended well."""
        ours = set(self._namespaces)
        return {
            backup["metadata"]["name"]
            for backup in self._clusters["east"].list(BACKUPS.path(namespace="velero"))
            if ours & set(backup["spec"].get("includedNamespaces") or ())
            and backup.get("status", {}).get("phase") == "Completed"
        }

    def make_points(self, count):
        """Backups that ended before anybody looked, their metadata in the bucket."""
        first = datetime(2026, 11, 1, tzinfo=UTC)
        tag = uuid.uuid4().hex[:6]
        made = [self._point(f"kit-{tag}-{n:04}", n, first) for n in range(count)]
        for backup in made:
            folder = self._folder(backup["metadata"]["name"])
            folder.mkdir(parents=True)
            (folder / "velero-backup.json").write_text(json.dumps(backup))
            self._clusters["east"].create(BACKUPS.path(namespace="velero"), backup)
        return tuple(backup["metadata"]["name"] for backup in made)

    def _point(self, name, number, first):
        begin = first + timedelta(minutes=number)
        return {
            "apiVersion": "velero.io/v1",
            "kind": "Backup",
            "metadata": {
                "name": name,
                "namespace": "velero",
                "labels": {"velero.io/storage-location": "default"},
            },
            "spec": {
                "includedNamespaces": [self._namespaces[number % 2]],
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

    def _folder(self, backup):
        return self._testbed.objectstore.bucket / "east" / "backups" / backup

    def cause(self, trouble, ref=None):
        # 1.18.3 forgets to count down where a backup fails validation while it is dequeued, or is
        # removed just after; its queue then stands for good (issue 10519).
        self._queue_may_stand = trouble in (Trouble.FAILS, Trouble.GONE)
        self._wires.befall(trouble, lists="backups", retry_after=self.retry_after, slow=TIMEOUT + 1)
        match trouble:
            case Trouble.UNAVAILABLE:
                self._testbed["east"].apiserver.kill()
            case Trouble.DENIED:
                self._clusters["east"].delete(BINDINGS.path(name=KIT))
                self._wait_for_rights(allowed=False)
            case Trouble.FAILS:
                self._testbed.objectstore.stop()
                self._testbed["east"].velero.wait_for_phase(
                    "backupstoragelocation", "default", "Unavailable"
                )
            case Trouble.WARNS:
                self._testbed["east"].apply(yaml.safe_dump(_waiting_pod(self._namespaces[0])))
                self._warned = True
            case Trouble.STALLS:
                # Its store takes requests in and answers none: a backup gets to InProgress.
                self._testbed.objectstore.server.pause()
                self._stalled = True
            case Trouble.WAITS:
                self._testbed["east"].velero.kill()
            case Trouble.STRANGE_STATE:
                self._estrange(ref.handle.split("/")[1])
            case Trouble.GONE:
                name = ref.handle.split("/")[1]
                self._clusters["east"].delete(BACKUPS.path(namespace="velero", name=name))

    def _estrange(self, name):
        """A phase as a later Velero might have: its definition would know it, and ours does not."""
        east = self._clusters["east"]
        self._known_phases = self._phases()
        self._allow([*self._known_phases, "Marinating"])
        deadline = time.monotonic() + 30
        while True:
            try:
                path = BACKUPS.path(namespace="velero", name=name)
                east.patch(path, {"status": {"phase": "Marinating"}})
                return
            except ClusterError:  # the API server still goes by the old definition
                assert time.monotonic() < deadline, "the phase is never allowed"
                time.sleep(0.1)

    def _phases(self):
        found = json.loads(self._testbed["east"].kubectl("get", *DEFINITION, "-o", "json"))
        status = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
        return status["properties"]["phase"]["enum"]

    def _allow(self, phases):
        change = json.dumps([{"op": "replace", "path": ENUM, "value": phases}])
        self._testbed["east"].kubectl("patch", *DEFINITION, "--type=json", "-p", change)

    def struck(self):
        return self._wires.struck

    def heal(self):
        self._wires.heal()
        if self._queue_may_stand:
            self._testbed["east"].velero.kill()
            self._queue_may_stand = False
        if self._stalled:
            self._testbed.objectstore.server.resume()
            self._stalled = False
        self._testbed.start()
        if self._known_phases:
            self._allow(self._known_phases)
            self._known_phases = None
        self._testbed["east"].apply(yaml.safe_dump(administrator(KIT, KIT)))
        self._wait_for_rights(allowed=True)
        self._testbed["east"].velero.wait_available()

    def _wait_for_rights(self, *, allowed):
        kubeconfig = self._wires.kubeconfigs["east"]
        with Cluster("east", kubeconfig=kubeconfig) as cluster:
            for _ in range(100):
                if _may_read(cluster) is allowed:
                    return
                time.sleep(0.1)
        raise AssertionError("the change of rights never arrived")

    def fingerprint(self):
        """What a backend could change. In west, Velero itself adds backups at any time."""
        parts = [
            [self._plain(cluster, kind) for kind in (RESTORES, DELETE_REQUESTS, LOCATIONS)]
            for cluster in ("east", "west")
        ]
        parts.append(self._plain("east", BACKUPS))
        parts.append(self._plain("east", CONFIG_MAPS))
        parts += [self._contents("east", name) for name in self._namespaces]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _plain(self, cluster, kind):
        found = {}
        for each in self._clusters[cluster].list(kind.path(namespace="velero")):
            metadata = each["metadata"]
            kept = {key: metadata.get(key) for key in ("labels", "annotations", "uid")}
            status = {} if kind is LOCATIONS else each.get("status")
            found[metadata["name"]] = [kept, each.get("spec"), status, each.get("data")]
        return found

    def requests(self):
        return self._wires.passed

    def operations(self):
        kinds = (BACKUPS, RESTORES, DELETE_REQUESTS)
        return sum(len(self._names("east", kind)) for kind in kinds)

    def _names(self, cluster, kind):
        found = self._clusters[cluster].list(kind.path(namespace="velero"))
        return [each["metadata"]["name"] for each in found]

    def pass_time(self):
        if self._stalled:
            self._wait_until_begun()
        time.sleep(0.25)
        for name in self._names("west", LOCATIONS) if self.stranger else ():
            if name != "default":
                self._show_in_west(name)

    def _wait_until_begun(self):
        deadline = time.monotonic() + 30
        while any(phase in WAITING for _, phase in self._ours("east", BACKUPS)):
            assert time.monotonic() < deadline, "Velero never began the backup"
            time.sleep(0.1)

    def wreck(self, workload):
        name = workload.namespace
        self._testbed[workload.cluster].kubectl("delete", "namespace", name, "--wait=true")

    def holds(self, target, original):
        return self._contents(target.cluster, target.namespace) == self._seeded[original.namespace]

    def _contents(self, cluster, namespace):
        found = {}
        if not self._clusters[cluster].exists(NAMESPACES.path(name=namespace)):
            return found
        for kind in OBJECTS:
            for each in self._clusters[cluster].list(kind.path(namespace=namespace)):
                name = each["metadata"]["name"]
                if name != "kube-root-ca.crt":
                    wanted = (each.get("spec") or {}).get("template")
                    found[f"{kind}/{name}"] = [each.get("data"), wanted]
        return found

    def close(self):
        self.heal()
        assert not self._warned or self._warnings(), "Velero has not warned"
        drills = [f"{name}-drill" for name in self._namespaces]
        for cluster in self._testbed:
            self._forget(cluster)
            cluster.kubectl(
                *("delete", "namespace", *self._namespaces, *drills),
                *("--ignore-not-found", "--wait=false"),
            )

    def _warnings(self):
        found = self._clusters["east"].list(BACKUPS.path(namespace="velero"))
        return sum(each.get("status", {}).get("warnings", 0) for each in found)

    def _forget(self, cluster):
        """Remove restores, then the backups with their files, or sync would bring them back.

        What waits goes first. What runs is waited for: deleted in the middle, it would keep
        Velero's queue standing until its next look, a minute later.
        """
        for name, _ in self._ours(cluster.name, RESTORES):
            self._drop(cluster.name, RESTORES, name)
        for name, phase in self._ours(cluster.name, BACKUPS):
            if phase in CANCELLABLE or phase == "Marinating":
                self._drop(cluster.name, BACKUPS, name)
        self._wait_for_work(cluster.name)
        for name, _ in self._ours(cluster.name, BACKUPS):
            shutil.rmtree(self._folder(name), ignore_errors=True)
            self._drop(cluster.name, BACKUPS, name)

    def _wait_for_work(self, cluster):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            phases = {phase for _, phase in self._ours(cluster, BACKUPS)}
            if phases <= {"Completed", "PartiallyFailed", "Failed", "FailedValidation"}:
                return
            time.sleep(0.1)

    def _ours(self, cluster, kind):
        """Names and phases of what was made for this subject."""
        found = self._clusters[cluster].list(kind.path(namespace="velero"))
        return [
            (each["metadata"]["name"], each.get("status", {}).get("phase", ""))
            for each in found
            if self._tag in each["spec"].get("backupName", "")
            or set(self._namespaces) & set(each["spec"].get("includedNamespaces") or ())
        ]

    def _drop(self, cluster, kind, name):
        with suppress(ObjectNotFound):
            self._clusters[cluster].delete(kind.path(namespace="velero", name=name))


def _may_read(cluster):
    """None while the API server is still starting: it then answers 429."""
    try:
        cluster.get(LOCATIONS.path(namespace="velero"))
    except ClusterDenied:
        return False
    except ClusterError:
        return None
    return True


def _workloads(shop, crm, books):
    labels = {"app": "web"}
    pod = {"containers": [{"name": "web", "image": "registry.example/web:1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "none",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    for name in (shop, crm, books):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    yield _object("v1", "ConfigMap", shop, "prices", data={"tea": "3"})
    yield _object("apps/v1", "Deployment", shop, "web", spec=deployment)
    yield _object("v1", "Secret", crm, "mail", data={"user": "Y3Jt"})
    yield _object("v1", "PersistentVolumeClaim", books, "ledger", spec=claim)


def _waiting_pod(namespace):
    """A pod that waits for a claim which nobody has made: Velero warns, and nothing is lost."""
    volume = {"name": "notes", "persistentVolumeClaim": {"claimName": "notes"}}
    pod = {"containers": [{"name": "web", "image": "registry.example/web:1"}], "volumes": [volume]}
    return _object("v1", "Pod", namespace, "waiting", spec=pod)


def _object(version, kind, namespace, name, **content):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


@pytest.fixture(scope="module")
def wires(testbed, tmp_path_factory):
    with lay_wires(testbed, KIT, KIT, tmp_path_factory.mktemp("wires")) as laid:
        yield laid


@pytest.mark.real
@pytest.mark.long
class TestConformanceOnVelero(BackendConformance):
    column = "Velero, real"

    @pytest.fixture
    def subject(self, testbed, wires, tmp_path):
        with RealSubject(testbed, wires, tmp_path) as subject:
            yield subject


@pytest.mark.real
@pytest.mark.long
class TestStrangerOnVelero(PerformingPromises):
    """West does not show the store of east: what is performed to show it, and to hide it again."""

    column = "Velero, real"

    test_takes_back = PlanningPromises.test_clean_up_takes_back_what_was_added
    test_nothing_began = PlanningPromises.test_clean_up_may_run_where_nothing_began
    test_another_run = PlanningPromises.test_clean_up_leaves_what_another_run_needs
    test_not_shown = PlanningPromises.test_restore_where_the_store_is_not_shown
    test_explained = ConductPromises.test_a_store_that_is_missing_elsewhere_is_explained

    @pytest.fixture
    def subject(self, testbed, wires, tmp_path):
        with RealSubject(testbed, wires, tmp_path, shown=False) as subject:
            yield subject
