"""The servers that the suite runs over: the emulator, and the testbed's real kube-apiserver."""

from __future__ import annotations

import base64
import ssl
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from slackwater.testing.kubernetes_api import KubernetesApi, Server, serve

from .space import PATIENCE, Object, Space, eventually, widgets

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BOTH = ["emulated", pytest.param("real", marks=pytest.mark.real)]

OpenClient = Callable[[str], httpx.Client]


@pytest.fixture
def api() -> KubernetesApi:
    return KubernetesApi("harbour")


@pytest.fixture
def server(api: KubernetesApi) -> Iterator[Server]:
    """An emulated server of this test's own, to be broken at will."""
    with serve(api) as served:
        yield served


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def emulated_clients() -> Iterator[OpenClient]:
    with serve(KubernetesApi("harbour")) as served:
        served.rights("of-a-stranger", user="stranger")
        headers = {"admin": {}, "stranger": {"Authorization": "Bearer of-a-stranger"}}
        yield lambda user: httpx.Client(base_url=served.url, headers=headers[user])


@pytest.fixture(scope="module", params=BOTH)
def open_client(request: pytest.FixtureRequest) -> OpenClient:
    """Opens a client of a server for "admin", or for "stranger", who has no rights."""
    if request.param == "emulated":
        clients: OpenClient = request.getfixturevalue("emulated_clients")
        return clients
    testbed = request.getfixturevalue("testbed")
    testbed.start()  # tests before these may have killed a server
    cluster = next(iter(testbed))
    kubeconfigs = {"admin": cluster.kubeconfig, "stranger": cluster.kubeconfig_for("stranger")}
    return lambda user: _client_of(kubeconfigs[user], cluster.folder)


def _client_of(kubeconfig: Path, folder: Path) -> httpx.Client:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
    pair = folder / f"{uuid.uuid4()}.pem"  # OpenSSL takes a key from files only
    pair.touch(mode=0o600)
    pair.write_text(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
    context.load_cert_chain(pair)
    return httpx.Client(base_url=cluster["server"], verify=context, timeout=PATIENCE)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


@pytest.fixture(scope="module")
def http(open_client: OpenClient) -> Iterator[httpx.Client]:
    with open_client("admin") as opened:
        yield opened


@pytest.fixture
def stranger(open_client: OpenClient) -> Iterator[httpx.Client]:
    with open_client("stranger") as opened:
        yield opened


@pytest.fixture
def space(http: httpx.Client) -> Iterator[Space]:
    """A fresh namespace, with what controllers put there."""
    name = f"space-{uuid.uuid4().hex[:8]}"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert http.post("/api/v1/namespaces", json=namespace).status_code == 201
    fresh = Space(http, name)
    eventually(lambda: http.get(fresh.path(name="kube-root-ca.crt")).status_code == 200)
    yield fresh
    http.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def define(http: httpx.Client) -> Iterator[Callable[..., str]]:
    """Defines widgets in a group of the test's own, served when it returns; returns the group."""
    defined: list[str] = []

    def defining(**options: Any) -> str:
        group = f"g{uuid.uuid4().hex[:8]}.example.com"
        definition: Object = widgets(group, **options)
        assert http.post(DEFINITIONS, json=definition).status_code == 201
        defined.append(definition["metadata"]["name"])
        eventually(lambda: http.get(f"/apis/{group}/v1/widgets").status_code == 200)
        return group

    yield defining
    for name in defined:
        http.delete(f"{DEFINITIONS}/{name}")
