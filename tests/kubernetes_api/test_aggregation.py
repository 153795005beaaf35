"""Groups that another server answers for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from slackwater.testing.kubernetes_api import ApiError, Call, KubernetesApi, Rule, Server

from .space import Object

PATH = "/apis/tide.example/v1/namespaces/default/tides"


@dataclass
class Tides:
    """A group with one kind, which can be listed and created, and neither watched nor changed."""

    group: str = "tide.example"
    version: str = "v1"
    down: bool = False
    seen: list[tuple[Call, Object | None]] = field(default_factory=list)

    def resources(self) -> Sequence[Object]:
        if self.down:
            raise ApiError(503, "ServiceUnavailable", "the server is out")
        return [{"name": "tides", "namespaced": True, "kind": "Tide", "verbs": ["create", "list"]}]

    def answer(
        self, call: Call, parameters: Mapping[str, str], content: Object | None
    ) -> tuple[int, Object]:
        self.seen.append((call, content))
        if call.verb not in {"create", "list"}:
            raise ApiError(405, "MethodNotAllowed", f"{call.verb} is not supported")
        return (201, content) if content else (200, {"kind": "TideList", "items": []})


@pytest.fixture
def tides(api: KubernetesApi) -> Tides:
    tides = Tides()
    api.aggregate(tides)
    return tides


def test_it_is_discovered_beside_the_servers_own_groups(client: httpx.Client, tides: Tides) -> None:
    names = [group["name"] for group in client.get("/apis").json()["groups"]]
    assert {"apps", "tide.example"} <= set(names)
    assert client.get("/apis/tide.example").json()["preferredVersion"]["version"] == "v1"
    (tide,) = client.get("/apis/tide.example/v1").json()["resources"]
    assert tide["verbs"] == ["create", "list"]
    tides.down = True
    assert client.get("/apis/tide.example/v1").status_code == 503
    assert client.get("/apis").status_code == 200


def test_requests_are_passed_on_as_they_are(client: httpx.Client, tides: Tides) -> None:
    assert client.get(PATH).json()["kind"] == "TideList"
    made = client.post(PATH, json={"kind": "Tide"})
    assert (made.status_code, made.json()) == (201, {"kind": "Tide"})
    (_, (call, content)) = tides.seen
    assert (call.verb, call.namespace, content) == ("create", "default", {"kind": "Tide"})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", f"{PATH}?watch=true"), ("PATCH", f"{PATH}/low")]
)
def test_what_it_refuses_is_refused(
    client: httpx.Client, tides: Tides, method: str, path: str
) -> None:
    refused = client.request(method, path)
    assert (refused.status_code, refused.json()["reason"]) == (405, "MethodNotAllowed")


def test_rights_are_asked_before(server: Server, client: httpx.Client, tides: Tides) -> None:
    server.rights("t", Rule(("create",), ("tides",), ("tide.example",)), user="basic")
    denied = client.get(PATH, headers={"Authorization": "Bearer t"})
    assert denied.status_code == 403
    assert tides.seen == []


def test_what_is_withdrawn_is_not_served_any_more(api: KubernetesApi, client: httpx.Client) -> None:
    withdraw = api.aggregate(Tides())
    withdraw()
    gone = client.get(PATH)
    assert (gone.status_code, gone.text) == (404, "404 page not found\n")
    assert "tide.example" not in client.get("/apis").text
