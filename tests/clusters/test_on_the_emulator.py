"""Access over the emulated API, which keeps state: what scripted answers cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slackwater.clusters import Cluster, Resource, Right, take_inventory
from slackwater.errors import (
    ClusterDenied,
    ClusterThrottled,
    ClusterUnreachable,
    ObjectConflict,
    ObjectExists,
    ObjectNotFound,
)
from slackwater.testing.kubernetes_api import Cut, KubernetesApi, Refuse, Rule, Server, serve

SECRETS = Resource("", "v1", "secrets")
HERE = SECRETS.path("default")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(KubernetesApi("eu"), token="admin") as server:
        yield server


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    with Cluster("eu", kubeconfig=server.kubeconfig(tmp_path / "config", context="eu")) as cluster:
        yield cluster


def create(cluster: Cluster, *names: str, **labels: str) -> None:
    for name in names:
        cluster.create(HERE, {"metadata": {"name": name, "labels": labels}, "data": {"a": "MQ=="}})


def names(cluster: Cluster, **options: Any) -> list[str]:
    found = cluster.list(HERE, page=2, **options)
    return [item["metadata"]["name"] for item in found]


def test_a_list_that_expires_and_changes_meanwhile(cluster: Cluster, server: Server) -> None:
    create(cluster, "a", "b", "c", "d", "e")
    pages = cluster.pages(HERE, page=2)
    seen = [item["metadata"]["name"] for item in next(pages)]
    create(cluster, "f")
    cluster.delete(f"{HERE}/c")
    server.expire_continue_tokens()
    seen += [item["metadata"]["name"] for page in pages for item in page]
    assert seen == ["a", "b", "d", "e", "f"]


def test_selectors_choose(cluster: Cluster) -> None:
    create(cluster, "a", "b", "c", tier="gold")
    create(cluster, "d", tier="silver")
    assert names(cluster, label_selector="tier in (gold)") == ["a", "b", "c"]
    assert names(cluster, label_selector="tier!=gold") == ["d"]
    assert names(cluster, field_selector="metadata.name=b") == ["b"]


def test_writes_and_their_conflicts(cluster: Cluster) -> None:
    create(cluster, "a")
    with pytest.raises(ObjectExists, match='secrets "a" already exists'):
        create(cluster, "a")
    patched = cluster.patch(f"{HERE}/a", {"data": {"a": None, "b": "Mg=="}})
    assert patched["data"] == {"b": "Mg=="}
    with pytest.raises(ObjectConflict):
        cluster.patch(f"{HERE}/a", {"metadata": {"resourceVersion": "1"}, "data": {}})
    with pytest.raises(ObjectConflict):
        cluster.delete(f"{HERE}/a", uid="another")
    with pytest.raises(ObjectConflict):
        cluster.delete(f"{HERE}/a", version="1")
    version = patched["metadata"]["resourceVersion"]
    cluster.delete(f"{HERE}/a", uid=patched["metadata"]["uid"], version=version)
    assert not cluster.exists(f"{HERE}/a")
    with pytest.raises(ObjectNotFound):
        cluster.get(f"{HERE}/a")


def test_faults_of_the_server(cluster: Cluster, server: Server) -> None:
    create(cluster, "a")
    server.faults.add("list", "/secrets$", Refuse(429, retry_after=2))
    with pytest.raises(ClusterThrottled) as throttled:
        names(cluster)
    assert throttled.value.retry_after == 2
    server.faults.add("list", "/secrets$", Cut(), times=2)
    assert names(cluster) == ["a"], "a read survives"
    server.faults.add("create", "/secrets$", Cut(after_effect=True))
    with pytest.raises(ClusterUnreachable):
        create(cluster, "b")
    assert names(cluster) == ["a", "b"], "a write is not repeated, and may have happened"


def test_rights(server: Server, tmp_path: Path) -> None:
    server.rights("reader", Rule(verbs=("get", "list"), resources=("secrets",)), user="ann")
    path = server.kubeconfig(tmp_path / "reader", context="eu", token="reader")
    with Cluster("eu", kubeconfig=path) as cluster:
        read = Right("list", "", "secrets", namespace="default")
        write = Right("create", "", "secrets", namespace="default")
        assert cluster.can_i([read, write]) == {read: True, write: False}
        assert names(cluster) == []
        with pytest.raises(ClusterDenied, match="ann"):
            create(cluster, "a")
        server.revoke("reader")
        with pytest.raises(ClusterDenied, match="401"):
            names(cluster)


def test_identity_clock_and_inventory(cluster: Cluster) -> None:
    kube_system = cluster.get("/api/v1/namespaces/kube-system")
    assert cluster.identity().uid == kube_system["metadata"]["uid"]
    offset = cluster.server_time_offset()
    assert abs(offset.seconds) <= offset.error + 1
    inventory = take_inventory(cluster)
    assert "kube-system" in {namespace.name for namespace in inventory.namespaces}
    assert inventory.gaps == ()
