"""Serving an emulated API on loopback, from this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from slackwater.testing.kubernetes_api.access import EVERYTHING, Access, Rule, User
from slackwater.testing.kubernetes_api.api import KubernetesApi
from slackwater.testing.kubernetes_api.application import Application
from slackwater.testing.kubernetes_api.faults import Faults
from slackwater.testing.kubernetes_api.requests import Call
from slackwater.testing.loopback import Connections, serve_on_loopback

# In C where it is there: a test writes several of these files, a demo dozens.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Server:
    """A served API: where it is, what goes wrong there, and who may do what.

    `calls` are the latest requests, the oldest first.
    """

    def __init__(self, api: KubernetesApi, token: str | None, connections: Connections) -> None:
        self.api = api
        self.url = ""
        self.faults = Faults()
        self._token = token
        self._access = Access(token_required=token is not None)
        if token is not None:
            self._access.grant(token, User("kubernetes-admin", (EVERYTHING,)))
        self._application = Application(api, self.faults, self._access, connections.cut)

    @property
    def calls(self) -> deque[Call]:
        """The latest requests, the oldest first."""
        return self._application.calls

    def rights(self, token: str, *rules: Rule, user: str) -> None:
        """Let a token stand for a user who may do what these rules grant, and nothing else."""
        self._access.grant(token, User(user, rules))

    def revoke(self, token: str) -> None:
        """Answer 401 to a token from now on, as if it had expired."""
        self._access.revoke(token)

    def expire_continue_tokens(self) -> None:
        """Answer 410 to lists begun and to watches from the past, as after a compaction of etcd."""
        self.api.store.compact()

    def kubeconfig(self, path: Path, *, context: str, token: str | None = None) -> Path:
        """Add a context for this server to a kubeconfig file, made where there is none (0600).

        Without `token`, that of the server is written, if it has one. The first context added
        becomes the current one.
        """
        config = _read(path) if path.exists() else _empty_kubeconfig(context)
        secret = token or self._token
        user: dict[str, Any] = {"token": secret} if secret else {}
        config["clusters"].append({"name": context, "cluster": {"server": self.url}})
        config["users"].append({"name": context, "user": user})
        config["contexts"].append(
            {"name": context, "context": {"cluster": context, "user": context}}
        )
        path.touch(mode=0o600)
        path.write_text(yaml.dump(config, Dumper=_DUMPER, sort_keys=False))
        return path


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_bytes(), _LOADER)  # noqa: S506  a safe loader
    return content


def _empty_kubeconfig(current: str) -> dict[str, Any]:
    lists: dict[str, Any] = {"clusters": [], "users": [], "contexts": []}
    return {"apiVersion": "v1", "kind": "Config", "current-context": current} | lists


@contextmanager
def serve(api: KubernetesApi, *, token: str | None = None) -> Iterator[Server]:
    """Serve an API on a free port of 127.0.0.1 until the block is left.

    With `token`, callers must send it (or one given by `rights`) as a bearer token; without, a
    caller who sends none may do everything.
    """
    connections = Connections()
    server = Server(api, token, connections)
    with serve_on_loopback(server._application, connections) as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server
