"""What a restore would undo, counted where the cluster answers, and caches held against etcd."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slackwater.clusters import Cluster
from slackwater.model.finding import Severity
from slackwater.testing.kubernetes_api import KubernetesApi, Refuse, Server, serve
from slackwater_etcdctl.facts import KubernetesFacts
from slackwater_etcdctl.restore_planning import RestorePlanner
from slackwater_etcdctl.turning_back import count_since, say_since
from slackwater_etcdctl.voice import Voice
from slackwater_etcdctl.watch_caches import WatchCaches

from .made import CLUSTER, FACTS, NOW, request, site
from .stage import Watching

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(KubernetesApi(CLUSTER), token="admin") as served:
        yield served


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    config = server.kubeconfig(tmp_path / "config", context=CLUSTER)
    with Cluster(CLUSTER, kubeconfig=config) as reached:
        yield reached


def revision(cluster: Cluster) -> int:
    return int(cluster.get("/api/v1/namespaces")["metadata"]["resourceVersion"])


def make(cluster: Cluster, *names: str) -> None:
    for name in names:
        cluster.create(CONFIGMAPS, {"metadata": {"name": name}})


def test_what_was_made_and_changed_since_is_counted_by_kind(cluster):
    make(cluster, "old", "same")
    then = revision(cluster)
    make(cluster, "new")
    cluster.patch(f"{CONFIGMAPS}/old", {"data": {"a": "b"}})

    made_since = count_since(cluster, then, LONG_AGO)
    assert made_since.made["configmaps"] == 2  # by these clocks, all of it was made since
    changed_since = count_since(cluster, then, datetime.now(UTC) + timedelta(days=1))
    assert changed_since.changed == {"configmaps": 2}
    assert not changed_since.uncounted


def test_nothing_since_is_nothing_to_say(cluster):
    make(cluster, "old")
    assert not list(say_since(cluster, revision(cluster), NOW, Voice(CLUSTER)))


def test_data_of_new_volumes_is_said_to_be_orphaned(cluster):
    then = revision(cluster)
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    cluster.create("/api/v1/namespaces/default/persistentvolumeclaims", claim)
    found = {f.code: f for f in say_since(cluster, then, LONG_AGO, Voice(CLUSTER))}
    assert "persistentvolumeclaim default/data" in found["data-orphaned"].message
    assert "1 persistentvolumeclaims" in found["turned-back"].message


def test_a_kind_that_is_refused_is_said_not_to_be_counted(cluster, server):
    then = revision(cluster)
    make(cluster, "new")
    server.faults.add("list", "/secrets$", Refuse(403))
    found = {f.code: f for f in say_since(cluster, then, LONG_AGO, Voice(CLUSTER))}
    assert "secrets" in found["turned-back-unknown"].message
    assert "1 configmaps" in found["turned-back"].message


def test_no_time_left_is_said(cluster):
    make(cluster, "new")
    found = count_since(cluster, 0, LONG_AGO, seconds=-1)
    assert "configmaps" in found.uncounted
    assert not found.made


def test_a_silent_cluster_is_said_to_be_silent(tmp_path):
    silent = site(tmp_path).cluster
    (found,) = say_since(silent, 1, NOW, Voice(CLUSTER))
    assert found.code == "turned-back-unknown"
    assert found.severity is Severity.INFO


def test_a_snapshot_of_another_cluster_is_refused(cluster, tmp_path):
    where = site(tmp_path, cluster=cluster)
    plan = RestorePlanner(request(), FACTS, where, NOW).plan()
    assert "another-cluster" in {finding.code for finding in plan.findings if finding.blocks}
    ours = KubernetesFacts(uid=cluster.identity().uid, answered=True)
    facts = FACTS.model_copy(update={"kubernetes": ours})
    plan = RestorePlanner(request(), facts, where, NOW).plan()
    assert not [finding for finding in plan.findings if finding.blocks]


def caches(cluster: Cluster, within: float) -> WatchCaches:
    return WatchCaches(cluster, Voice(CLUSTER), within, Watching())


def test_caches_that_hold_what_etcd_holds_are_nothing_to_say(cluster):
    make(cluster, "a", "b")
    assert not list(caches(cluster, 5).compare())


class Phantoms:
    """An API server whose cache still has an object, as after a restore without a bump."""

    def __init__(self, cluster: Cluster, looks: int) -> None:
        self._cluster = cluster
        self._left = looks

    def get(self, path: str, **how: object) -> object:
        found = self._cluster.get(path, **how)
        if "/configmaps?" in path and self._left:
            self._left -= 1
            phantom = type(found.items[0].metadata)("phantom", "uid", "1", "default")
            found.items.append(type(found.items[0])(phantom))
        return found

    def pages(self, path: str, **how: object) -> object:
        return self._cluster.pages(path, **how)


def test_a_cache_that_stays_wrong_is_told_with_its_objects(cluster):
    make(cluster, "a")
    (found,) = caches(Phantoms(cluster, 1000), 0.2).compare()
    assert found.code == "watch-cache-wrong"
    assert "configmaps" in found.subject
    assert "default/phantom" in found.message


def test_a_cache_that_becomes_right_in_time_is_right(cluster):
    make(cluster, "a")
    assert not list(caches(Phantoms(cluster, 2), 20).compare())


def test_a_cache_that_may_not_be_seen_is_not_called_right(cluster, server):
    server.faults.add("list", "/services$", Refuse(403), times=100)
    (found,) = caches(cluster, 1).compare()
    assert (found.code, found.subject) == ("cache-not-seen", "services")
