"""API servers on loopback, and kubeconfigs that lead to them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slackwater.clusters import Cluster

from .api_server import ApiServer
from .certificates import Authority

Kubeconfig = Callable[..., Path]
StartTls = Callable[..., ApiServer]


@pytest.fixture
def api() -> Iterator[ApiServer]:
    server = ApiServer()
    yield server
    server.stop()


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Kubeconfig:
    """Writes a kubeconfig with one context, ``here``."""

    def write(server: str, *, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return path

    return write


@pytest.fixture
def cluster(api: ApiServer, kubeconfig: Kubeconfig) -> Iterator[Cluster]:
    with Cluster("eu", kubeconfig=kubeconfig(api.url), timeout=10) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def tls_api(authority: Authority, tmp_path: Path) -> Iterator[StartTls]:
    """Starts API servers with a certificate of the authority."""
    started: list[ApiServer] = []

    def start(*, clients: Authority | None = None, **issued: Any) -> ApiServer:
        certificate, key = authority.issue("kube-apiserver", **issued)
        chain = tmp_path / f"server-{len(started)}.pem"
        chain.write_bytes(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        if clients:
            # TLS 1.3 refuses a client only after the handshake; a reset may then swallow the alert.
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients.pem.decode())
        started.append(ApiServer(context))
        return started[-1]

    yield start
    for server in started:
        server.stop()
