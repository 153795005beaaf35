"""An API served by a process on loopback stands behind the real API server."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from slackwater_testbed.certificates import Authority
from slackwater_testbed.testbed import Testbed

pytestmark = pytest.mark.real

GROUP = "tides.slackwater.example"


class TidesApi(BaseHTTPRequestHandler):
    """An API group without kinds, which remembers who asked."""

    callers: list[str | None]

    def do_GET(self) -> None:
        self.callers.append(self.headers.get("X-Remote-User"))
        group = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/v1"}
        body = json.dumps({**group, "resources": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the test asks `callers`."""


@pytest.fixture
def tides(tmp_path: Path) -> Iterator[HTTPServer]:
    pair = Authority(tmp_path).issue("tides", "tides")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    TidesApi.callers = []
    with HTTPServer(("127.0.0.1", 0), TidesApi) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def registration(namespace: str, port: int) -> str:
    place = {"name": "tides", "namespace": namespace}
    service = {"type": "ExternalName", "externalName": "localhost"}
    api = {
        "group": GROUP,
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {**place, "port": port},
    }
    return yaml.safe_dump_all([
        {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": service},
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"v1.{GROUP}"},
            "spec": api,
        },
    ])  # fmt: skip


def test_api_server_passes_requests_on_and_says_whose_they_are(
    testbed: Testbed, fresh_namespace: str, tides: HTTPServer
) -> None:
    east = testbed["east"]
    east.apply(registration(fresh_namespace, tides.server_port))
    try:
        east.kubectl("wait", f"apiservice/v1.{GROUP}", "--for=condition=Available", "--timeout=30s")
        shown = east.kubectl("get", "--raw", f"/apis/{GROUP}/v1")
    finally:
        east.kubectl("delete", "apiservice", f"v1.{GROUP}")
    assert json.loads(shown)["groupVersion"] == f"{GROUP}/v1"
    assert "admin" in TidesApi.callers
