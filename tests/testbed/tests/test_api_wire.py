"""The wire before a real API server: everything passes, but for what a test lets go wrong."""

from __future__ import annotations

import json
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ClusterDenied, ClusterError, ClusterThrottled, ClusterUnreachable
from slackwater.testing.kubernetes_api import Cut, Refuse, Slow, Tear
from slackwater_testbed.api_wire import BUSY, ApiWire, api_wire
from slackwater_testbed.cluster import Cluster as RealCluster
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.machine import LoopbackMachine
from slackwater_testbed.ports import Ports
from slackwater_testbed.testbed import Testbed

pytestmark = pytest.mark.real

CONFIG_MAPS = Resource("", "v1", "configmaps")
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ME = "system:serviceaccount:{}:clerk"


@pytest.fixture
def east(testbed: Testbed) -> RealCluster:
    return testbed["east"]


@pytest.fixture(scope="module")
def laid(testbed: Testbed) -> Iterator[ApiWire]:
    with api_wire(testbed["east"]) as made:
        yield made


@pytest.fixture
def wire(laid: ApiWire) -> Iterator[ApiWire]:
    laid.passed = 0
    yield laid
    laid.faults.clear()


@pytest.fixture(scope="module")
def place(testbed: Testbed) -> Iterator[str]:
    """A namespace that a service account may edit."""
    east, name = testbed["east"], f"wired-{uuid.uuid4().hex[:6]}"
    east.kubectl("create", "namespace", name)
    rights = ("--clusterrole=edit", f"--serviceaccount={name}:clerk", "-n", name)
    east.kubectl("create", "rolebinding", "clerk", *rights)
    yield name
    testbed.start()
    east.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def token(testbed: Testbed, place: str) -> str:
    return testbed["east"].token(place, "clerk")


@pytest.fixture
def clerk(wire: ApiWire, token: str, tmp_path: Path) -> Cluster:
    """The service account, which comes by the wire."""
    kubeconfig = wire.login("clerk", token).write(tmp_path / "kubeconfig")
    return Cluster("east", kubeconfig=kubeconfig, timeout=2)


def made(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def stands(cluster: RealCluster, namespace: str, name: str) -> bool:
    return cluster.get("configmap", name, namespace) is not None


def test_the_server_itself_lets_the_caller_in(clerk: Cluster, place: str, wire: ApiWire) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    told = clerk.create(REVIEW, review)
    assert told["status"]["userInfo"]["username"] == ME.format(place)
    with pytest.raises(ClusterDenied, match="clerk"):
        list(clerk.list(CONFIG_MAPS.path("kube-system")))
    assert wire.passed == 2


def test_it_is_the_same_cluster_by_its_pins(clerk: Cluster, east: RealCluster, place: str) -> None:
    to_read = ("--verb=get", "--resource=namespaces")
    east.kubectl("create", "clusterrole", place, *to_read)
    bound = (f"--clusterrole={place}", f"--serviceaccount={place}:clerk")
    east.kubectl("create", "clusterrolebinding", place, *bound)
    assert clerk.identity() == Cluster("east", kubeconfig=east.kubeconfig).identity()


def test_pages_and_conflicts_pass_unchanged(clerk: Cluster, place: str) -> None:
    path = CONFIG_MAPS.path(place)
    for number in range(5):
        clerk.create(path, made(f"m-{number}"))
    found = [each["metadata"]["name"] for each in clerk.list(path, page=2)]
    assert [name for name in found if name.startswith("m-")] == [f"m-{n}" for n in range(5)]
    with pytest.raises(ClusterError, match="already exists"):
        clerk.create(path, made("m-1"))


def test_a_watch_passes(wire: ApiWire, east: RealCluster, place: str, token: str) -> None:
    path = f"{wire.url}{CONFIG_MAPS.path(place)}"
    asked = {"watch": "true", "timeoutSeconds": "30"}
    with (
        httpx.Client(
            verify=ssl.create_default_context(cafile=east.authority),
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ) as client,
        client.stream("GET", path, params=asked) as events,
    ):
        east.kubectl("create", "configmap", "seen", "-n", place)
        lines = (json.loads(line)["object"]["metadata"]["name"] for line in events.iter_lines())
        assert "seen" in lines


def test_an_answer_is_lost_after_the_effect(
    wire: ApiWire, clerk: Cluster, east: RealCluster, place: str
) -> None:
    wire.faults.add("create", "/configmaps$", Cut(after_effect=True))
    with pytest.raises(ClusterUnreachable):
        clerk.create(CONFIG_MAPS.path(place), made("there"))
    assert stands(east, place, "there")


def test_a_request_is_lost_before_the_effect(
    wire: ApiWire, clerk: Cluster, east: RealCluster, place: str
) -> None:
    wire.faults.add("create", "/configmaps$", Cut())
    with pytest.raises(ClusterUnreachable):
        clerk.create(CONFIG_MAPS.path(place), made("never"))
    assert not stands(east, place, "never")


@pytest.mark.parametrize("fault", [Cut(), Tear()])
def test_a_list_breaks_off_at_its_second_page(
    wire: ApiWire, clerk: Cluster, place: str, fault: Cut | Tear
) -> None:
    path = CONFIG_MAPS.path(place)
    for number in range(2):
        clerk.create(path, made(f"{type(fault).__name__.lower()}-{number}"))
    wire.faults.add("list", "/configmaps$", Slow(0.0))
    torn = wire.faults.add("list", "/configmaps$", fault, times=None)
    pages = clerk.list(path, page=1)
    assert next(pages)["metadata"]["name"]
    with pytest.raises(ClusterUnreachable):
        list(pages)
    assert torn.hits


def test_an_answer_that_is_late_is_given_up(wire: ApiWire, clerk: Cluster, place: str) -> None:
    wire.faults.add("list", "/configmaps$", Slow(2.5))
    with pytest.raises(ClusterUnreachable):
        list(clerk.list(CONFIG_MAPS.path(place)))


def test_too_many_requests_are_refused_as_a_busy_server_does(
    wire: ApiWire, clerk: Cluster, place: str
) -> None:
    wire.faults.add("*", ".", Refuse(429, retry_after=7))
    with pytest.raises(ClusterThrottled, match=BUSY.strip()) as raised:
        list(clerk.list(CONFIG_MAPS.path(place)))
    assert raised.value.retry_after == 7
    assert list(clerk.list(CONFIG_MAPS.path(place)))


@pytest.mark.parametrize("code", [500, 503])
def test_a_server_in_trouble_says_so(wire: ApiWire, clerk: Cluster, place: str, code: int) -> None:
    wire.faults.add("*", ".", code)
    with pytest.raises(ClusterError) as raised:
        list(clerk.list(CONFIG_MAPS.path(place)))
    assert raised.value.status == code
    assert wire.passed == 0


def test_where_the_server_is_down_nothing_answers(tmp_path: Path) -> None:
    away = ControlPlane("away", LoopbackMachine(tmp_path, Ports(tmp_path / "ports.json")))
    with api_wire(away) as wire:
        kubeconfig = wire.login("clerk", "a-token").write(tmp_path / "kubeconfig")
        with pytest.raises(ClusterUnreachable):
            list(Cluster("away", kubeconfig=kubeconfig).list(CONFIG_MAPS.path("default")))


def test_commands_in_pods_do_not_pass(clerk: Cluster, place: str) -> None:
    with pytest.raises(ClusterError):
        clerk.execute(place, "web", ["true"])
