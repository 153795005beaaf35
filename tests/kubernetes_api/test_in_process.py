"""The emulated API used without HTTP, and by the Kubernetes client with its kubeconfig."""

from __future__ import annotations

import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from slackwater.testing.kubernetes_api import ApiError, Event, KubernetesApi, Server, serve

from .space import config_map, widget, widgets

MORNING = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def in_default(name: str, **metadata: Any) -> dict[str, Any]:
    return config_map(name, namespace="default", **metadata)


def test_objects_are_created_changed_listed_and_deleted(api: KubernetesApi) -> None:
    api.create(in_default("one", labels={"tier": "gold"}))
    api.patch("configmaps", "one", {"data": {"tide": "ebb"}}, "default")
    found = api.get("configmaps", "one", "default")
    assert (found["kind"], found["data"]) == ("ConfigMap", {"tide": "ebb"})
    found["data"] = {"tide": "flood"}
    api.update(found)
    listed = api.list("configmaps", labels="tier=gold")
    assert [each["data"] for each in listed] == [{"tide": "flood"}]
    api.delete("configmaps", "one", "default")
    with pytest.raises(ApiError, match='configmaps "one" not found') as refusal:
        api.get("configmaps", "one", "default")
    assert (refusal.value.code, refusal.value.reason) == (404, "NotFound")


def test_what_is_handed_out_is_a_copy(api: KubernetesApi) -> None:
    given = in_default("one")
    created = api.create(given)
    created["data"]["tide"] = "spoilt"
    given["data"]["tide"] = "spoilt"
    assert api.get("configmaps", "one", "default")["data"] == {"tide": "slack"}


def test_an_unknown_kind_is_named(api: KubernetesApi) -> None:
    with pytest.raises(KeyError, match=r"boats\.example\.com"):
        api.list("boats.example.com")


def test_times_come_from_the_clock() -> None:
    api = KubernetesApi("harbour", clock=lambda: MORNING)
    created = api.create(in_default("one"))
    assert created["metadata"]["creationTimestamp"] == "2026-05-04T03:02:01Z"


def test_the_identity_of_a_cluster_can_be_chosen() -> None:
    api = KubernetesApi("harbour", uid="4c1e")
    assert api.get("namespaces", "kube-system")["metadata"]["uid"] == "4c1e"


def test_seeded_objects_stand_as_given() -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "hold", "namespace": "default", "uid": "u-1"},
        "status": {"phase": "Bound"},
    }
    api = KubernetesApi("harbour", objects=[claim])
    found = api.get("persistentvolumeclaims", "hold", "default")
    assert (found["metadata"]["uid"], found["status"]) == ("u-1", {"phase": "Bound"})


def test_a_subscriber_is_told_every_change_in_order(api: KubernetesApi) -> None:
    events: list[Event] = []
    stop = api.subscribe("configmaps", events.append)
    api.create(in_default("one"))
    api.patch("configmaps", "one", {"data": None}, "default")
    api.delete("configmaps", "one", "default")
    stop()
    api.create(in_default("two"))
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[-1].object["metadata"]["name"] == "one"


def test_a_subscriber_may_write(api: KubernetesApi) -> None:
    events: list[str] = []

    def controller(event: Event) -> None:
        events.append(event.type)
        if event.type == "ADDED":
            api.patch("configmaps", "one", {"data": {"seen": "yes"}}, "default")
            events.append("written")

    api.subscribe("configmaps", controller)
    api.create(in_default("one"))
    assert events == ["ADDED", "written", "MODIFIED"]


def test_many_writers_lose_no_write(api: KubernetesApi) -> None:
    def write(letter: str) -> None:
        for number in range(50):
            api.create(in_default(f"{letter}{number}"))

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    told: list[str] = []
    api.subscribe("configmaps", lambda event: told.append(event.object["metadata"]["name"]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created = [each["metadata"] for each in api.list("configmaps", "default")]
    assert len(created) == 201  # and kube-root-ca.crt
    assert len({each["resourceVersion"] for each in created}) == 201
    assert len(told) == 200


def test_everything_survives_in_a_file(api: KubernetesApi, tmp_path: Path) -> None:
    api.create(widgets("example.com", status=True))
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "quay"}})
    one = widget("example.com", "one", spec={"size": 1})
    one["metadata"]["namespace"] = "quay"
    api.create(one)
    api.patch("widgets.example.com", "one", {"status": {"phase": "Done"}}, "quay",
              subresource="status")  # fmt: skip
    file = tmp_path / "harbour.json"
    api.dump(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    loaded = KubernetesApi.load(file)
    for kind in ("widgets.example.com", "namespaces", "configmaps", "serviceaccounts"):
        assert without_versions(loaded.list(kind)) == without_versions(api.list(kind))


def without_versions(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for each in objects:
        del each["metadata"]["resourceVersion"]
    return objects


def test_another_version_of_a_kind_shows_the_same_objects(api: KubernetesApi) -> None:
    definition = widgets("example.com")
    older = {**definition["spec"]["versions"][0], "name": "v1beta1", "storage": False}
    definition["spec"]["versions"].append(older)
    api.create(definition)
    one = widget("example.com", "one")
    one["metadata"]["namespace"] = "default"
    api.create({**one, "apiVersion": "example.com/v1beta1"})
    assert api.get("widgets.example.com", "one", "default")["apiVersion"] == "example.com/v1"
    with serve(api) as server:
        url = f"{server.url}/apis/example.com"
        path = "namespaces/default/widgets/one"
        versions = {httpx.get(f"{url}/{each}/{path}").json()["apiVersion"] for each in (
            "v1", "v1beta1")}  # fmt: skip
        assert versions == {"example.com/v1", "example.com/v1beta1"}
        assert httpx.get(url).json()["preferredVersion"]["version"] == "v1"


def test_the_kubernetes_client_logs_in_by_the_kubeconfig(tmp_path: Path) -> None:
    from kubernetes import config as kubeconfigs  # each worker would pay for it when it collects
    from kubernetes.client import CoreV1Api

    file = tmp_path / "config"
    with (
        serve(KubernetesApi("east"), token="of-east") as east,
        serve(KubernetesApi("west", uid="w-1")) as west,
    ):
        for context, server in (("east", east), ("west", west)):
            server.kubeconfig(file, context=context)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for context, server in (("east", east), ("west", west)):
            client = kubeconfigs.new_client_from_config(str(file), context=context)  # type: ignore[no-untyped-call]
            with client:
                found = CoreV1Api(client).read_namespace("kube-system")
            expected = server.api.get("namespaces", "kube-system")["metadata"]["uid"]
            assert found.to_dict()["metadata"]["uid"] == expected


def test_a_server_ends_while_clients_are_still_there(api: KubernetesApi) -> None:
    with httpx.Client() as client:
        with serve(api) as server:
            url, watched = server.url, f"{server.url}/api/v1/configmaps?watch=true"
            client.get(f"{url}/version")
            watch = client.stream("GET", watched)
            answer = watch.__enter__()
        with pytest.raises(httpx.TransportError):
            list(answer.iter_lines())
        watch.__exit__(None, None, None)
        with pytest.raises(httpx.ConnectError):
            client.get(f"{url}/version")


def test_a_long_list_is_read_in_pages(server: Server, client: httpx.Client) -> None:
    server.api.seed(*(in_default(f"c{number:04}") for number in range(2_000)))
    names, token = [], ""
    while True:
        page = client.get("/api/v1/configmaps", params={"limit": 500, "continue": token}).json()
        names += [each["metadata"]["name"] for each in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert len(names) == len(set(names)) + 1  # kube-root-ca.crt is in both namespaces
    assert len(names) == 2_002
