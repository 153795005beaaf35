"""The cluster around an emulated K10: what it reads and writes beside its own objects.

A protocol, so that the same emulator lives in this process and beside a real API server.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi

Object = dict[str, Any]


class World(Protocol):
    """Objects of one cluster; kinds are named as ``kubectl get`` names them in full."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object, or None; also where the kind is not served."""

    def list(self, kind: str, namespace: str = "") -> Sequence[Object]:
        """Return the objects of a kind; none where it is not served."""

    def put(self, content: Object) -> None:
        """Write an object, new or in place of the one that is there, status included."""

    def patch(self, kind: str, name: str, change: Object, namespace: str = "") -> None:
        """Merge a change into an object; gone is fine."""

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Remove an object; gone is fine."""

    def namespaced_kinds(self) -> Sequence[str]:
        """Return every namespaced kind that is served, K10's own left out."""


class InProcess:
    """The world of an emulated API."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def now(self) -> datetime:
        """Return the API's own time."""
        return self._api.clock()

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object, or None."""
        with suppress(ApiError, KeyError):
            return self._api.get(kind, name, namespace)
        return None

    def list(self, kind: str, namespace: str = "") -> Sequence[Object]:
        """Return the objects of a kind."""
        with suppress(KeyError):
            return self._api.list(kind, namespace)
        return ()

    def put(self, content: Object) -> None:
        """Write an object as it stands."""
        self._api.seed(content)

    def patch(self, kind: str, name: str, change: Object, namespace: str = "") -> None:
        """Merge a change into an object."""
        with suppress(ApiError):
            self._api.patch(kind, name, change, namespace)

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Remove an object."""
        with suppress(ApiError):
            self._api.delete(kind, name, namespace)

    def namespaced_kinds(self) -> Sequence[str]:
        """Return every namespaced kind that is served."""
        return [k for k in self._api.kinds.tables(namespaced=True) if "kasten.io" not in k]
