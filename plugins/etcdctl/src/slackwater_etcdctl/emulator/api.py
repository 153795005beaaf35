"""An API server over an emulated etcd: it says who the cluster is, and lists what etcd holds.

Objects lie in etcd as JSON under ``/registry`` [the real one writes protobuf]. It is silent when
``host stop api`` has stopped it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from slackwater_etcdctl.emulator.world import EtcdWorld

_LISTS = {"/api/v1/namespaces": "namespaces", "/api/v1/configmaps": "configmaps"}
_KUBE_SYSTEM = "/api/v1/namespaces/kube-system"


def configmap(namespace: str, name: str, **data: str) -> tuple[str, str]:
    """Return a key of etcd and its value for a ConfigMap."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-of-{namespace}-{name}"}
    body = {"metadata": {**metadata, "resourceVersion": "2"}, "data": data}
    return f"/registry/configmaps/{namespace}/{name}", json.dumps(body)


def namespace(name: str, uid: str) -> tuple[str, str]:
    """Return a key of etcd and its value for a Namespace."""
    metadata = {"name": name, "uid": uid, "resourceVersion": "2"}
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
            body = _answer(world, self.path.partition("?")[0])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/json")
            content = json.dumps(body if body is not None else {"kind": "Status"}).encode()
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


def _answer(world: EtcdWorld, path: str) -> object:
    if path in ("/version", "/readyz"):
        return {"gitVersion": world.folder.table("settings").get("kubernetes", "v1.36.2")}
    if path == _KUBE_SYSTEM:
        found = world.values().get("/registry/namespaces/kube-system")
        return None if found is None else json.loads(found)
    if path == "/api/v1/nodes":
        return {"kind": "NodeList", "metadata": {}, "items": []}
    if path in _LISTS:
        prefix = f"/registry/{_LISTS[path]}/"
        items = [json.loads(v) for key, v in world.values().items() if key.startswith(prefix)]
        return {"kind": "List", "metadata": {}, "items": items}
    return None


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
