"""etcdctl keeps the promises of the contract over a real control plane, restores included.

One control plane serves the whole file; the store, whose troubles are the kit's, is a folder. What
turns a control plane back takes its time, so `make test-long` runs it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from slackwater.clusters import Cluster
from slackwater.errors import ClusterError
from slackwater.testing.artefacts import TroubledStore
from slackwater.testing.conformance import Recipe, Trouble
from slackwater.testing.conformance.suite import BackendConformance
from slackwater_etcdctl.emulator.subject import OF_THE_STORE, EtcdSubject

SHOP = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "prices", "namespace": "shop"},
        "data": {"tea": "3"},
    },
)
KEYS = ("/registry/namespaces/shop", "/registry/configmaps/shop/prices")


class RealEtcdSubject(EtcdSubject):
    """The store of a real control plane, which is stopped, exchanged and started by commands."""

    def __init__(self, control, folder):
        from slackwater_testbed.fleet import etcdctl_settings, restore_settings

        self.spool, self._control = folder / "spool", control
        self._store = TroubledStore(folder / "store")
        self._prepared = folder / "prepared"
        given = etcdctl_settings(control.etcd, store=self._store.name)
        self._given = {
            **given,
            "answer_within": 5.0,
            "restore": restore_settings(control, self._prepared),
        }
        references = given["tls"].values()
        self._secrets = {r: Path(r.removeprefix("file:")).read_text() for r in references}
        self.canaries = (self._store.key, self._secrets[given["tls"]["key"]].splitlines()[1])
        control.apply(yaml.safe_dump_all(SHOP))
        control.wait_for("serviceaccount", "default", bool, namespace="shop")
        self._seeded = self._standing()

    def recipe(self, cluster):
        arguments = {
            "cluster": cluster,
            "kubeconfig": str(self._control.kubeconfig),
            "spool": str(self.spool),
            "store": str(self._store.folder),
            "settings": self._given,
            "secrets": self._secrets,
        }
        return Recipe("slackwater_etcdctl.emulator.recipe:build", arguments)

    def cause(self, trouble, ref=None):
        self._store.cause(OF_THE_STORE[trouble])
        if trouble is Trouble.UNAVAILABLE:
            self._control.etcd.stop()

    def heal(self):
        self._store.heal()
        self._control.start()

    def fingerprint(self):
        prepared = sorted(str(path) for path in self._prepared.rglob("*"))
        kept = [self._store.fingerprint(), prepared]
        if self._control.etcd.running:
            kept.append(self._revisions())
        return hashlib.sha256(json.dumps(kept).encode()).hexdigest()

    def _revisions(self):
        """When our objects were last written. The control plane writes others all the time."""
        found = [self._control.etcd.etcdctl("get", key, "-w", "json") for key in KEYS]
        return [json.loads(each).get("kvs") for each in found]

    def _standing(self):
        with Cluster("home", kubeconfig=self._control.kubeconfig, timeout=10) as cluster:
            try:
                found = cluster.get("/api/v1/namespaces/shop/configmaps/prices")
            except ClusterError:
                return None
        return found["data"], found["metadata"]["uid"]

    def wreck(self, workload):
        self._control.kubectl("delete", "namespace", "shop", "--wait=true")

    def holds(self, target, original):
        return self._standing() == self._seeded

    def close(self):
        self.heal()


@pytest.fixture(scope="module")
def control(lasting_parts):
    return lasting_parts.control_plane("home")


@pytest.mark.real("etcd", "kubernetes")
@pytest.mark.long
class TestConformanceOnRealEtcd(BackendConformance):
    column = "etcdctl, real"

    @pytest.fixture
    def subject(self, control, tmp_path):
        with RealEtcdSubject(control, tmp_path) as subject:
            yield subject
