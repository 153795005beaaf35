"""What the plugin's tests share: emulated members, a store that can fail, a backend over both."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from slackwater.backend import Context
from slackwater.clusters import Cluster, utc_now
from slackwater.model.act import Key
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import BackupRequest, PointQuery
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.testing.artefacts import TroubledStore
from slackwater.testing.conformance.worker import Progresses
from slackwater_etcdctl.backend import EtcdctlBackend
from slackwater_etcdctl.emulator import EtcdWorld
from slackwater_etcdctl.emulator.api import namespace, serve_api
from slackwater_etcdctl.settings import EtcdctlSettings

KEY = Key(run="r-test", step="backup")
DUE = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


class Stage:
    """A world of members, and what a backend needs to reach it."""

    def __init__(self, folder, world, *, api=False):
        self.folder, self.world = folder, world
        self.store = TroubledStore(folder / "store")
        self.spool = folder / "spool"
        self.kubeconfig = folder / "kubeconfig"
        self.secrets = {}
        self.stack = ExitStack()
        if api:
            self.stack.enter_context(serve_api(world, self.kubeconfig))

    def backend(self, **settings):
        given = {
            **self.world.programs,
            "endpoints": self.world.endpoints,
            "store": "vault",
            "answer_within": 2.0,
            **settings,
        }
        context = Context(
            cluster=Cluster("home", kubeconfig=self.kubeconfig, timeout=2),
            secret=self.secrets.__getitem__,
            spool=self.spool,
            clock=utc_now,
            store=lambda _: self.store.open("etcdctl", utc_now),
        )
        return EtcdctlBackend(EtcdctlSettings.model_validate(given), context)

    def back_up(self, backend, *, report=None, key=KEY, **stamp):
        """Plan and perform a backup; return the point as the list shows it."""
        act = self.backup_act(backend, **stamp)
        made = backend.perform(act, key, report or Progresses())
        points = backend.list_recovery_points(PointQuery())
        (point,) = [point for point in points if point.name == made["point"]]
        return point

    def backup_act(self, backend, **stamp):
        request = BackupRequest(
            workload=Workload(cluster="home", kind=WorkloadKind.CONTROL_PLANE),
            require=(),
            due=DUE,
            stamp=Stamp(**{"cluster": "home", "cluster_uid": "uid-of-home", **stamp}),
        )
        (act,) = backend.plan_backup(request).acts
        return act

    def stored(self):
        """Every file in the store."""
        return [path for path in (self.folder / "store" / "kept").rglob("*") if path.is_file()]

    def spooled(self):
        """Every file in the spool."""
        return [path for path in self.spool.rglob("*") if path.is_file()]


@pytest.fixture
def stage(tmp_path):
    """Make a stage with so many members, of a version, with or without an API server."""
    with ExitStack() as stack:

        def make(members=1, *, version="3.6.14", api=False):
            world = EtcdWorld(tmp_path / "world", members=members, version=version)
            world.put(dict([namespace("kube-system", "uid-of-home"), namespace("shop", "uid-2")]))
            made = Stage(tmp_path, world, api=api)
            if not api:
                made.kubeconfig.write_text(_NOWHERE)
            stack.enter_context(made.stack)
            return made

        yield make


@pytest.fixture
def codes():
    """The codes of findings."""
    return lambda findings: [finding.code for finding in findings]


_NOWHERE = """
apiVersion: v1
kind: Config
current-context: home
clusters: [{name: home, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: home, user: {}}]
contexts: [{name: home, context: {cluster: home, user: home}}]
"""
