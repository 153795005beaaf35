"""What a restore would undo, counted where the cluster answers, and caches held against etcd."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from slackwater.clusters import Cluster, Object
from slackwater.model.finding import Severity
from slackwater.testing.kubernetes_api import KubernetesApi, Refuse, Server, serve
from slackwater_etcdctl.counting import held_at
from slackwater_etcdctl.facts import KubernetesFacts
from slackwater_etcdctl.restore_planning import RestorePlanner
from slackwater_etcdctl.turning_back import Snapshot, count_since, say_since
from slackwater_etcdctl.voice import Voice
from slackwater_etcdctl.watch_caches import WatchCaches

from .made import CLUSTER, FACTS, NOW, UID, request, site
from .stage import Watching

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
ALL = "/api/v1/configmaps"
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


def snapshot(cluster: Cluster, taken: datetime = LONG_AGO) -> Snapshot:
    """What a backup made now would remember."""
    then = revision(cluster)
    return Snapshot(then, taken, held_at(cluster, then))


def test_what_was_made_and_changed_since_is_counted_by_kind(cluster):
    make(cluster, "old", "same")
    then = snapshot(cluster)
    make(cluster, "new")
    cluster.patch(f"{CONFIGMAPS}/old", {"data": {"a": "b"}})

    made_since = count_since(cluster, then)
    assert made_since.made["configmaps"] == 2  # by these clocks, all of it was made since
    later = dataclasses.replace(then, taken=datetime.now(UTC) + timedelta(days=1))
    changed_since = count_since(cluster, later)
    assert changed_since.changed == {"configmaps": 2}
    assert not changed_since.uncounted
    assert not changed_since.unremembered


def test_what_was_deleted_since_is_counted_by_kind(cluster):
    make(cluster, "one", "two", "three")
    then = snapshot(cluster, datetime.now(UTC) + timedelta(days=1))
    for name in ("one", "two"):
        cluster.delete(f"{CONFIGMAPS}/{name}")
    cluster.patch(f"{CONFIGMAPS}/three", {"data": {"a": "b"}})

    found = count_since(cluster, then)
    assert found.deleted == {"configmaps": 2}
    assert found.changed == {"configmaps": 1}
    (said,) = say_since(cluster, then, Voice(CLUSTER))
    assert "2 deleted since will come back (2 configmaps)" in said.message


def test_what_was_deleted_and_made_again_is_both(cluster):
    """By name it is one object; by what it holds it is another, which will be gone."""
    make(cluster, "one", "two")
    then = dataclasses.replace(snapshot(cluster), taken=datetime.now(UTC) - timedelta(seconds=5))
    cluster.delete(f"{CONFIGMAPS}/one")
    make(cluster, "one")
    found = count_since(cluster, then)
    assert (found.made, found.deleted) == ({"configmaps": 1}, {"configmaps": 1})


def test_all_objects_of_a_kind_that_is_not_served_any_more_are_deleted(cluster):
    then = snapshot(cluster)
    lost = dataclasses.replace(then, held={**then.held, "boats.example.org": 3, "sails.x.org": 0})
    assert count_since(cluster, lost).deleted == {"boats.example.org": 3}


def test_where_a_snapshot_remembers_no_numbers_that_is_said(cluster):
    make(cluster, "old")
    then = dataclasses.replace(snapshot(cluster), held={})
    (said,) = say_since(cluster, then, Voice(CLUSTER))
    assert (said.code, said.severity) == ("deleted-unknown", Severity.INFO)
    assert "does not tell how many objects" in said.message
    some = {kind: count for kind, count in snapshot(cluster).held.items() if kind != "configmaps"}
    (said,) = say_since(cluster, dataclasses.replace(then, held=some), Voice(CLUSTER))
    assert "cannot be counted for configmaps" in said.message


def test_the_numbers_are_those_of_the_snapshots_revision(cluster):
    make(cluster, "one", "two")
    then = revision(cluster)
    before = held_at(cluster, then)["configmaps"]
    make(cluster, "three")
    cluster.delete(f"{CONFIGMAPS}/one")
    make(cluster, "four")
    assert held_at(cluster, then)["configmaps"] == before == len(list(cluster.list(ALL))) - 1
    assert held_at(cluster, revision(cluster))["configmaps"] == before + 1


def test_what_cannot_be_counted_is_left_out(cluster, server):
    make(cluster, "one")
    server.faults.add("list", "/secrets", Refuse(403))
    held = held_at(cluster, revision(cluster))
    assert held["configmaps"] == len(list(cluster.list(ALL)))
    assert "secrets" not in held
    server.faults.add("list", "/configmaps", Refuse(410))
    assert "configmaps" not in held_at(cluster, revision(cluster))
    assert held_at(cluster, revision(cluster), seconds=-1) == {}


def test_a_clock_that_is_an_hour_off_is_reckoned_with():
    facts = FACTS.model_copy(update={"kubernetes": KubernetesFacts(uid=UID, clock_ahead=-3600.0)})
    assert Snapshot.of(facts).taken == facts.began - timedelta(hours=1)


def test_nothing_since_is_nothing_to_say(cluster):
    make(cluster, "old")
    assert not list(say_since(cluster, snapshot(cluster), Voice(CLUSTER)))


def test_data_of_new_volumes_is_said_to_be_orphaned(cluster):
    then = snapshot(cluster)
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    cluster.create("/api/v1/namespaces/default/persistentvolumeclaims", claim)
    found = {f.code: f for f in say_since(cluster, then, Voice(CLUSTER))}
    assert "persistentvolumeclaim default/data" in found["data-orphaned"].message
    assert "1 persistentvolumeclaims" in found["turned-back"].message


def test_a_kind_that_is_refused_is_said_not_to_be_counted(cluster, server):
    then = snapshot(cluster)
    make(cluster, "new")
    server.faults.add("list", "/secrets$", Refuse(403))
    found = {f.code: f for f in say_since(cluster, then, Voice(CLUSTER))}
    assert "secrets" in found["turned-back-unknown"].message
    assert "1 configmaps" in found["turned-back"].message


def test_no_time_left_is_said(cluster):
    make(cluster, "new")
    found = count_since(cluster, Snapshot(0, LONG_AGO), seconds=-1)
    assert "configmaps" in found.uncounted
    assert not found.made


def test_a_silent_cluster_is_said_to_be_silent(tmp_path):
    silent = site(tmp_path).cluster
    (found,) = say_since(silent, Snapshot(1, NOW), Voice(CLUSTER))
    assert found.code == "turned-back-unknown"
    assert found.severity is Severity.INFO
    assert held_at(silent, 1) == {}


def test_a_snapshot_of_another_cluster_is_refused(cluster, tmp_path):
    where = site(tmp_path, cluster=cluster)
    plan = RestorePlanner(request(), FACTS, where, NOW).plan()
    assert "another-cluster" in {finding.code for finding in plan.findings if finding.blocks}
    ours = KubernetesFacts(uid=cluster.identity().uid, answered=True)
    facts = FACTS.model_copy(update={"kubernetes": ours})
    plan = RestorePlanner(request(), facts, where, NOW).plan()
    assert not [finding for finding in plan.findings if finding.blocks]


class Keys:
    """An etcd that holds what the emulated API holds, as its keys have it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def versions(self, _: str, prefix: str) -> dict[str, int]:
        root, _, kind = prefix.strip("/").partition("/")
        if root != "registry":
            return {}
        plural = kind.removesuffix("/specs")
        group = "/apis/apps/v1" if plural == "deployments" else "/api/v1"
        return {_key(item): _version(item) for item in self._cluster.list(f"{group}/{plural}")}


def _key(item: Object) -> str:
    metadata = item["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def _version(item: Object) -> int:
    return int(item["metadata"]["resourceVersion"])


class Caching:
    """An API server that has another thing in its cache than etcd holds, for some looks."""

    def __init__(self, cluster: Cluster, looks: int, change: Callable[[list[Any]], None]) -> None:
        self._cluster = cluster
        self._left = looks
        self._change = change

    def get(self, path: str, **how: Any) -> Any:
        found = self._cluster.get(path, **how)
        if "/configmaps?" in path and self._left:
            self._left -= 1
            self._change(found.items)
        return found


def caches(cluster: Cluster, within: float, seen: Any = None) -> WatchCaches:
    voice = Voice(CLUSTER)
    return WatchCaches(seen or cluster, Keys(cluster), "", voice, within, Watching())


def phantom(items: list[Any]) -> None:
    metadata = type(items[0].metadata)("phantom", "1", "default")
    items.append(type(items[0])(metadata))


def gap(items: list[Any]) -> None:
    items.clear()


def stale(items: list[Any]) -> None:
    items[0].metadata.resource_version = "1"


def test_caches_that_hold_what_etcd_holds_are_nothing_to_say(cluster):
    make(cluster, "a", "b")
    assert not list(caches(cluster, 5).compare())


@pytest.mark.parametrize(
    ("change", "name"),
    [(phantom, "default/phantom"), (gap, "default/a"), (stale, "default/a")],
)
def test_a_cache_that_stays_wrong_is_told_with_its_objects(cluster, change, name):
    make(cluster, "a")
    (found,) = caches(cluster, 0.2, Caching(cluster, 1000, change)).compare()
    assert found.code == "watch-cache-wrong"
    assert found.blocks
    assert "configmaps" in found.subject
    assert name in found.message


def test_a_cache_that_becomes_right_in_time_is_right(cluster):
    make(cluster, "a")
    assert not list(caches(cluster, 20, Caching(cluster, 2, phantom)).compare())


def test_a_cache_that_may_not_be_seen_is_not_called_right(cluster, server):
    server.faults.add("list", "/services$", Refuse(403), times=100)
    (found,) = caches(cluster, 1).compare()
    assert (found.code, found.subject) == ("cache-not-seen", "services")
