"""The conformance kit over the tar files, as their author would run it: nothing but public names.

The backend is found by its entry point, in every process.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from slackwater.backend import Context
from slackwater.clusters import Cluster, utc_now
from slackwater.model.operation import Phase
from slackwater.model.request import PointQuery
from slackwater.model.workload import Workload
from slackwater.stores.spool import Spool
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater.testing.conformance.suite import BackendConformance
from slackwater.testing.distributions import make_distribution
from slackwater.testing.kubernetes_api import KubernetesApi, serve

TOKEN = "canary-77d0-token"
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
KINDS = ("configmaps", "secrets", "deployments.apps")


def build(cluster, folder, kubeconfig, spool):
    """Make the backend of a cluster in any process, by the door that core comes in by."""
    (found,) = entry_points(group="slackwater", name="tarballs")
    (kind,) = found.load().slackwater_backend_types()
    context = Context(
        cluster=Cluster(cluster, kubeconfig=Path(kubeconfig), context=cluster),
        secret=str,
        spool=Spool(Path(spool)).folder(cluster),
        clock=utc_now,
    )
    return kind.create(kind.settings(folder=folder), context)


class TarballsSubject(Subject):
    """Two clusters that see one folder."""

    tool = "tarballs"
    home, neighbour = "home", "neighbour"
    workload = Workload(cluster="home", namespace="shop")
    other_workload = Workload(cluster="home", namespace="crm")
    page = 1
    canaries = (TOKEN,)
    troubles = frozenset((Trouble.UNAVAILABLE,))

    def __init__(self, folder):
        self.spool, self._folder = folder / "spool", folder / "points"
        self._kubeconfig = folder / "kubeconfig"
        self._folder.mkdir()
        self._stack = ExitStack()
        self._apis = {name: KubernetesApi(name) for name in (self.home, self.neighbour)}
        self._servers = [self._serve(name) for name in self._apis]
        for name, kind, data in (("shop", "ConfigMap", "3"), ("crm", "Secret", "Y3Jt")):
            self._put("v1", "Namespace", name)
            self._put("v1", kind, "prices", name, data={"tea": data})
        self._seeded = {name: self._standing("home", name) for name in ("shop", "crm")}

    def _serve(self, name):
        server = self._stack.enter_context(serve(self._apis[name], token=TOKEN))
        server.kubeconfig(self._kubeconfig, context=name)
        return server

    def _put(self, version, kind, name, namespace="", **rest):
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        body = {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}
        self._apis["home"].create(body)

    def _standing(self, cluster, namespace):
        api = self._apis[cluster]
        return {
            f"{kind}/{each['metadata']['name']}": each.get("data")
            for kind in KINDS
            for each in api.list(kind, namespace)
        }

    def recipe(self, cluster):
        places = {"folder": self._folder, "kubeconfig": self._kubeconfig, "spool": self.spool}
        arguments = {"cluster": cluster, **{name: str(path) for name, path in places.items()}}
        return Recipe(f"{Path(__file__).resolve()}:build", arguments)

    def make_points(self, count):
        return tuple(self.make_point(number) for number in range(count))

    def make_point(self, number):
        begin = START + timedelta(minutes=number)
        namespace = ("shop", "crm")[number % 2]
        head = {"namespace": namespace, "stamp": None, "claims": [], "begin": begin.isoformat()}
        text = json.dumps({**head, "end": begin.isoformat()}).encode()
        name = f"by-hand-{number:04}"
        with tarfile.open(self._folder / f"{name}.tar.gz", "w:gz") as tar:
            member = tarfile.TarInfo("000000.json")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
        return name

    def cause(self, trouble, ref=None):
        self._folder.rename(self._folder.with_name("unmounted"))

    def heal(self):
        if not self._folder.exists():
            self._folder.with_name("unmounted").rename(self._folder)

    def fingerprint(self):
        files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in self._points()}
        objects = [api.store.contents() for api in self._apis.values()]
        return json.dumps([files, objects], sort_keys=True)

    def _points(self):
        return sorted(self._folder.iterdir())

    def requests(self):
        return sum(len(server.calls) for server in self._servers)

    def operations(self):
        return 0

    def pass_time(self):
        pass

    def wreck(self, workload):
        self._apis[workload.cluster].delete("namespaces", workload.namespace)

    def holds(self, target, original):
        standing = self._standing(target.cluster, target.namespace)
        return standing == self._seeded[original.namespace]

    def close(self):
        self._stack.close()


@pytest.fixture
def subject(tmp_path, monkeypatch):
    installed = tmp_path / "installed"
    make_distribution(installed, "slackwater-tarballs", "1.0", {"tarballs": "tarballs"})
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    with TarballsSubject(tmp_path) as subject:
        yield subject


class TestConformance(BackendConformance):
    column = "tarballs, example"

    @pytest.fixture
    def subject(self, subject):
        return subject


@pytest.mark.parametrize("left", [0, 20])
def test_a_file_that_cannot_be_read_is_no_success(subject, left):
    name = subject.make_point(0)
    path = subject._folder / f"{name}.tar.gz"
    path.write_bytes(path.read_bytes()[:left])
    (point,) = subject.backend().list_recovery_points(PointQuery())
    assert (point.name, point.phase, point.contents) == (name, Phase.UNKNOWN, None)
    assert point.findings[0].blocks
