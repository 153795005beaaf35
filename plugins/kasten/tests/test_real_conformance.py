"""K10, emulated behind real API servers, keeps the promises of the contract.

Real are discovery, authentication, rights, namespaces with their controller, and volumes that bind;
K10 itself is the emulator. Two control planes serve the whole file, each test has a catalogue and
namespaces of its own. Between us and the API servers are wires, on which single requests go wrong.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from contextlib import ExitStack, suppress

import pytest
import yaml

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ClusterDenied, ClusterError, ObjectNotFound
from slackwater.model.workload import Workload
from slackwater.testing.artefacts import TroubledStore
from slackwater.testing.conformance import Recipe, Trouble
from slackwater.testing.conformance.suite import BackendConformance
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater.testing.request_troubles import OF_REQUESTS
from slackwater_kasten.emulator import KastenServer, profile
from slackwater_kasten.emulator.definitions import definitions
from slackwater_kasten.emulator.installing import BUCKET, ENDPOINT, HOME, PROFILE, Installation
from slackwater_kasten.emulator.remote import Remote
from slackwater_kasten.emulator.serving import registration, serve_aggregated
from slackwater_kasten.emulator.subject import LISTS, KastenSubject
from slackwater_kasten.emulator.vault import PREFIX, Vault
from slackwater_kasten.resources import CONTENTS
from slackwater_testbed.wires import RBAC, administrator, lay_wires

KIT = "kit"
TIMEOUT = 10.0  # seconds that a backend waits for an API server
BINDINGS = Resource(RBAC, "v1", "clusterrolebindings", namespaced=False)
NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
VOLUMES = Resource("", "v1", "persistentvolumes", namespaced=False)
CLAIMS = Resource("", "v1", "persistentvolumeclaims")
KINDS = (
    Resource("", "v1", "configmaps"),
    Resource("", "v1", "secrets"),
    Resource("apps", "v1", "deployments"),
)
SERVED = ("actions", "apps")


class Front:
    """What a real API server passes requests on to: the K10 of the test that runs."""

    def __init__(self):
        self.api = None

    @property
    def faults(self):
        return self.api.faults

    def answer(self, *arguments):
        return self.api.answer(*arguments)


class Yard:
    """Two control planes with an aggregated API each, for all tests of this file."""

    def __init__(self, parts, folder):
        from slackwater_testbed.certificates import Authority
        from slackwater_testbed.conditions import says

        pair = Authority(folder / "pki").issue("aggregated", "localhost")
        self._stack = ExitStack()
        self.controls = {name: parts.control_plane(name) for name in ("home", "neighbour")}
        self.fronts = {name: Front() for name in self.controls}
        self.clusters = {
            name: Cluster(name, kubeconfig=control.kubeconfig, timeout=30)
            for name, control in self.controls.items()
        }
        self.worlds = {name: Remote(cluster) for name, cluster in self.clusters.items()}
        self.install()
        for name, control in self.controls.items():
            control.apply(yaml.safe_dump_all(definitions()))
            control.wait_for("crd", "profiles.config.kio.kasten.io", says("Established"))
            served = serve_aggregated(self.fronts[name], pair.certificate, pair.key)
            port = self._stack.enter_context(served)
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}
            control.apply(yaml.safe_dump_all([space, *map(storage_class, ("fast", "slow"))]))
            control.apply(yaml.safe_dump_all([*registration(HOME, port), profile(PROFILE)]))
            self.wait_for_aggregated(name)
        self.wires = self._stack.enter_context(
            lay_wires(self.controls.values(), KIT, KIT, folder / "wires")
        )
        for control in self.controls.values():
            control.apply(yaml.safe_dump(administrator(KIT, KIT)))

    def install(self):
        """Put a new K10, which knows nothing, behind each API server."""
        vault = Vault(buckets={f"{ENDPOINT}/{BUCKET}"})
        servers = {name: KastenServer(world, vault) for name, world in self.worlds.items()}
        for name, server in servers.items():
            self.fronts[name].api = server.api
        return Installation(vault, servers, self.worlds, registered={})

    def wait_for_aggregated(self, name):
        from slackwater_testbed.conditions import says

        for group in SERVED:
            service = f"v1alpha1.{group}.kio.kasten.io"
            self.controls[name].wait_for("apiservice", service, says("Available"))

    def close(self):
        self._stack.close()


def storage_class(name):
    return thing("storage.k8s.io/v1", "StorageClass", "", name, provisioner="emulated")


def thing(version, kind, namespace, name, **rest):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def volume(namespace, name, data, **source):
    """A volume with data on it, and its claim, which a real controller binds."""
    size = {"storage": "1Gi"}
    modes = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast"}
    claimed = {"namespace": namespace, "name": name}
    spec = {**modes, "capacity": size, "claimRef": claimed, **source}
    made = thing("v1", "PersistentVolume", "", f"pv-{namespace}-{name}", spec=spec)
    made["metadata"]["annotations"] = {DATA: data}
    yield made
    wanted = {**modes, "resources": {"requests": size}, "volumeName": made["metadata"]["name"]}
    yield thing("v1", "PersistentVolumeClaim", namespace, name, spec=wanted)


def workloads(shop, crm, books):
    labels = {"app": "web"}
    pod = {"containers": [{"name": "web", "image": "registry.example/web:1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    for name in (shop, crm, books):
        yield thing("v1", "Namespace", "", name)
    yield thing("v1", "ConfigMap", shop, "prices", data={"tea": "3"})
    yield thing("apps/v1", "Deployment", shop, "web", spec=deployment)
    yield thing("v1", "Secret", crm, "mail", data={"user": "Y3Jt"})
    yield thing("v1", "ConfigMap", books, "pages", data={"count": "12"})
    yield from volume(shop, "data", "orders", csi={"driver": "x", "volumeHandle": "1"})
    yield from volume(books, "ledger", "sums", csi={"driver": "x", "volumeHandle": "2"})
    yield from volume(books, "scratch", "notes", hostPath={"path": "/notes"})


class RealKastenSubject(KastenSubject):
    """Home exports to a bucket that the neighbour reaches."""

    stranger = ""

    def __init__(self, yard, folder):
        self.spool, self._yard = folder / "spool", yard
        self.canaries = (PREFIX, *yard.wires.tokens)
        self._vault = TroubledStore(folder / "vault").folder
        tag = uuid.uuid4().hex[:6]
        self._names = [f"kit-{tag}-{name}" for name in ("shop", "crm", "books")]
        self.workload, self.other_workload, self.gap_workload = (
            Workload(cluster="home", namespace=name) for name in self._names
        )
        self._kasten = yard.install()
        home = yard.controls["home"]
        home.apply(yaml.safe_dump_all(workloads(*self._names)))
        for namespace, claim in ((0, "data"), (2, "ledger"), (2, "scratch")):
            home.wait_for("pvc", claim, is_bound, namespace=self._names[namespace])
        for name in self._names:
            home.wait_for("serviceaccount", "default", bool, namespace=name)
            home.wait_for("configmap", "kube-root-ca.crt", bool, namespace=name)
        self._kasten.tick()
        self._seeded = {name: self._standing("home", name) for name in self._names}

    def recipe(self, cluster):
        arguments = {
            "cluster": cluster,
            "kubeconfig": str(self._yard.wires.kubeconfigs[cluster]),
            "timeout": TIMEOUT,
            "spool": str(self.spool),
            "vault": str(self._vault),
            "settings": {"export": PROFILE, "store": TroubledStore.name},
        }
        return Recipe("slackwater_kasten.emulator.recipe:build", arguments)

    def cause(self, trouble, ref=None):
        if trouble is Trouble.UNAVAILABLE:
            self._yard.controls["home"].apiserver.kill()
        elif trouble is Trouble.DENIED:
            self._yard.clusters["home"].delete(BINDINGS.path(name=KIT))
            self._wait_for_rights(allowed=False)
        elif trouble in OF_REQUESTS:
            if trouble is Trouble.ANSWER_LOST:
                self._unbind()
            told = {"retry_after": self.retry_after, "slow": TIMEOUT + 1}
            self._yard.wires.befall(trouble, lists=LISTS, **told)
        else:
            # What is left does not touch the API server, and is made in the emulator.
            self._servers = {}
            super().cause(trouble, ref)

    def struck(self):
        return self._yard.wires.struck

    def heal(self):
        self._yard.wires.heal()
        home = self._yard.controls["home"]
        home.start()
        home.apply(yaml.safe_dump(administrator(KIT, KIT)))
        self._yard.wait_for_aggregated("home")
        self._wait_for_rights(allowed=True)
        self._kasten.servers["home"].faults.clear()
        self._kasten.servers["home"].resume()

    def _wait_for_rights(self, *, allowed):
        kubeconfig = self._yard.wires.kubeconfigs["home"]
        with Cluster("home", kubeconfig=kubeconfig, timeout=10) as cluster:
            for _ in range(200):
                if may_read(cluster) is allowed:
                    return
                time.sleep(0.1)
        raise AssertionError("the change of rights never arrived")

    def fingerprint(self):
        kept = [self._kasten.vault.contents(), sorted(map(str, self._vault.rglob("*.age")))]
        kept += [server.catalog.contents() for server in self._kasten.servers.values()]
        kept += [self._standing("home", name) for name in self._names]
        return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()

    def requests(self):
        """Ours alone: controllers list what K10 serves too, and watch it in vain."""
        return self._yard.wires.passed

    def wreck(self, workload):
        control, cluster = self._yard.controls["home"], self._yard.clusters["home"]
        volumes = [c["spec"]["volumeName"] for c in cluster.list(CLAIMS.path(workload.namespace))]
        control.kubectl("delete", "namespace", workload.namespace, "--wait=true")
        for name in volumes:
            control.kubectl("delete", "pv", name, "--wait=true")

    def holds(self, target, original):
        standing = self._standing(target.cluster, target.namespace)
        return standing == self._seeded[original.namespace]

    def _standing(self, cluster, namespace):
        """What stands in a namespace: contents of objects, and the data of its volumes."""
        reached, found = self._yard.clusters[cluster], {}
        for kind in KINDS:
            for each in reached.list(kind.path(namespace)):
                name, spec = each["metadata"]["name"], each.get("spec") or {}
                if name != "kube-root-ca.crt":
                    found[f"{kind}/{name}"] = [each.get("data"), spec.get("template")]
        for claim in reached.list(CLAIMS.path(namespace)):
            with suppress(ObjectNotFound, KeyError):
                held = reached.get(VOLUMES.path(name=claim["spec"]["volumeName"]))
                found[f"data/{claim['metadata']['name']}"] = held["metadata"]["annotations"][DATA]
        return found

    def close(self):
        self.heal()
        drills = [f"{name}-drill" for name in self._names]
        for control in self._yard.controls.values():
            control.kubectl(
                *("delete", "namespace", *self._names, *drills),
                *("--ignore-not-found", "--wait=false"),
            )


def is_bound(claim):
    return claim["status"]["phase"] == "Bound"


def may_read(cluster):
    """None while the API server is still starting."""
    try:
        cluster.get(CONTENTS.path())
    except ClusterDenied:
        return False
    except ClusterError:
        return None
    return True


@pytest.fixture(scope="module")
def yard(lasting_parts, tmp_path_factory):
    made = Yard(lasting_parts, tmp_path_factory.mktemp("kasten-kit"))
    yield made
    made.close()


@pytest.mark.real("etcd", "kubernetes")
@pytest.mark.long
class TestConformanceBehindRealApi(BackendConformance):
    column = "Kasten, emulated behind real API servers"

    @pytest.fixture
    def subject(self, yard, tmp_path):
        with RealKastenSubject(yard, tmp_path) as subject:
            yield subject
