"""A namespace of a test's own, and plain requests into it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

Object = dict[str, Any]

PATIENCE = 30.0


@dataclass(frozen=True)
class Space:
    """A namespace on some server."""

    http: httpx.Client
    name: str

    def path(self, plural: str = "configmaps", name: str = "", api: str = "/api/v1") -> str:
        path = f"{api}/namespaces/{self.name}/{plural}"
        return f"{path}/{name}" if name else path

    def post(self, content: Object, plural: str = "configmaps", api: str = "/api/v1") -> Object:
        answer = self.http.post(self.path(plural, api=api), json=content)
        assert answer.status_code == 201, answer.text
        created: Object = answer.json()
        return created

    def config(self, name: str, **metadata: Any) -> Object:
        return self.post(config_map(name, **metadata))

    def get(self, name: str, plural: str = "configmaps") -> Object:
        answer = self.http.get(self.path(plural, name))
        assert answer.status_code == 200, answer.text
        found: Object = answer.json()
        return found

    def names(self, **parameters: Any) -> list[str]:
        """The ConfigMaps of the namespace, without the one that controllers put there."""
        answer = self.http.get(self.path(), params=parameters)
        assert answer.status_code == 200, answer.text
        names = [item["metadata"]["name"] for item in answer.json()["items"]]
        return [name for name in names if name != "kube-root-ca.crt"]


def config_map(name: str, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"tide": "slack"},
    }


def refused(answer: httpx.Response, code: int, reason: str) -> str:
    """The message of a refusal, after its code and reason were compared."""
    status = answer.json()
    told = (answer.status_code, status["kind"], status["code"], status["reason"])
    assert told == (code, "Status", code, reason), answer.text
    message: str = status["message"]
    return message


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what controllers do; the emulator has done it before it answers."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def widgets(group: str, *, scope: str = "Namespaced", status: bool = False) -> Object:
    """A definition of widgets that takes any content."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version: Object = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": schema}
    if status:
        version["subresources"] = {"status": {}}
    names = {"plural": "widgets", "kind": "Widget"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": scope, "names": names, "versions": [version]},
    }


def widget(group: str, name: str, **content: Any) -> Object:
    head = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": name}}
    return {**head, **content}
