"""An API server over an emulated etcd: it says who the cluster is, and lists what etcd holds.

Objects lie in etcd as JSON under ``/registry`` [the real one writes protobuf]. It is silent when
``host stop api`` has stopped it. An exact resource version is answered as long as nothing has
changed since, and has expired then [the real one forgets after some minutes].
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from slackwater_etcdctl.emulator.world import EtcdWorld

_LISTS = {"/api/v1/namespaces": "namespaces", "/api/v1/configmaps": "configmaps"}
_KINDS = [
    {"name": "namespaces", "kind": "Namespace", "namespaced": False, "verbs": ["get", "list"]},
    {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ["get", "list"]},
]
_KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
_NOT_FOUND = (404, {"kind": "Status", "code": 404, "reason": "NotFound"})


def configmap(namespace: str, name: str, **data: str) -> tuple[str, str]:
    """Return a key of etcd and its value for a ConfigMap."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-of-{namespace}-{name}"}
    body = {"metadata": {**metadata, "creationTimestamp": _now()}, "data": data}
    return f"/registry/configmaps/{namespace}/{name}", json.dumps(body)


def namespace(name: str, uid: str) -> tuple[str, str]:
    """Return a key of etcd and its value for a Namespace."""
    metadata = {"name": name, "uid": uid, "creationTimestamp": _now()}
    body = {"metadata": metadata, "status": {"phase": "Active"}}
    return f"/registry/namespaces/{name}", json.dumps(body)


@contextmanager
def serve_api(world: EtcdWorld, kubeconfig: Path) -> Iterator[str]:
    """Serve until the block is left; write a kubeconfig that leads there; give the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if world.folder.table("settings").get("api_stopped"):
                self.close_connection = True
                return
            url = urlsplit(self.path)
            status, body = _answer(world, url.path, dict(parse_qsl(url.query)))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            content = json.dumps(body).encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as its parent
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        _write_kubeconfig(kubeconfig, url)
        yield url
        server.shutdown()
        thread.join()


def _answer(world: EtcdWorld, path: str, query: Mapping[str, str]) -> tuple[int, object]:
    if path in ("/version", "/readyz"):
        version = world.folder.table("settings").get("kubernetes", "v1.36.2")
        return 200, {"gitVersion": version}
    if path == _KUBE_SYSTEM:
        found = world.values().get("/registry/namespaces/kube-system")
        return _NOT_FOUND if found is None else (200, json.loads(found))
    if path == "/api/v1/nodes":
        return 200, {"kind": "NodeList", "metadata": {}, "items": []}
    if path == "/apis":
        return 200, {"kind": "APIGroupList", "groups": []}
    if path == "/api/v1":
        return 200, {"kind": "APIResourceList", "resources": _KINDS}
    return _list(world, _LISTS[path], query) if path in _LISTS else _NOT_FOUND


def _list(world: EtcdWorld, kind: str, query: Mapping[str, str]) -> tuple[int, object]:
    database = world.member(world.names[0]).database
    exact = query.get("resourceVersionMatch") == "Exact"
    if exact and int(query["resourceVersion"]) != database.revision:
        return 410, {"kind": "Status", "code": 410, "reason": "Expired"}
    prefix = f"/registry/{kind}/".encode()
    items = [
        _at(revision, json.loads(value))
        for key, (revision, value) in database.keys.items()
        if key.startswith(prefix)
    ]
    metadata: dict[str, object] = {"resourceVersion": str(database.revision)}
    most = int(query.get("limit", 0))
    if "resourceVersion" in query and most and len(items) > most:
        metadata |= {"continue": "on", "remainingItemCount": len(items) - most}
        items = items[:most]
    return 200, {"kind": "List", "metadata": metadata, "items": items}


def _at(revision: int, item: dict[str, dict[str, object]]) -> object:
    return {**item, "metadata": {**item["metadata"], "resourceVersion": str(revision)}}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _write_kubeconfig(path: Path, url: str) -> None:
    context = {"cluster": "home", "user": "home"}
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "home",
                "clusters": [{"name": "home", "cluster": {"server": url}}],
                "users": [{"name": "home", "user": {}}],
                "contexts": [{"name": "home", "context": context}],
            }
        )
    )
