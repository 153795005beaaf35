"""Defined kinds and discovery: the same on the emulator and on kube-apiserver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .space import Object, Space, eventually, refused, widget, widgets

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = {"Content-Type": "application/merge-patch+json"}

Define = Callable[..., str]


class Widgets:
    """The widgets of a group in a namespace."""

    def __init__(self, space: Space, group: str) -> None:
        self.space, self.group, self.api = space, group, f"/apis/{group}/v1"

    def path(self, name: str) -> str:
        return self.space.path("widgets", name, self.api)

    def create(self, name: str, **content: Any) -> Object:
        return self.space.post(widget(self.group, name, **content), "widgets", self.api)

    def patch(self, name: str, patch: Object, part: str = "") -> httpx.Response:
        return self.space.http.patch(self.path(name) + part, json=patch, headers=MERGE)


def test_a_defined_kind_is_found_by_discovery(http: httpx.Client, define: Define) -> None:
    group = define(status=True)

    def listed() -> bool:
        return group in [each["name"] for each in http.get("/apis").json()["groups"]]

    eventually(listed)
    assert http.get(f"/apis/{group}").json()["preferredVersion"]["version"] == "v1"
    resources = http.get(f"/apis/{group}/v1").json()["resources"]
    assert [each["name"] for each in resources] == ["widgets", "widgets/status"]
    assert resources[0]["namespaced"] is True
    assert "list" in resources[0]["verbs"]


def test_a_definition_becomes_established(http: httpx.Client, define: Define) -> None:
    found = http.get(f"{DEFINITIONS}/widgets.{define()}").json()
    conditions = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert found["status"]["storedVersions"] == ["v1"]
    assert found["spec"]["names"]["listKind"] == "WidgetList"


def test_a_definition_bears_the_name_of_its_kind(http: httpx.Client) -> None:
    definition = widgets("wrong.example.com")
    definition["metadata"]["name"] = "other.wrong.example.com"
    message = refused(http.post(DEFINITIONS, json=definition), 422, "Invalid")
    assert 'must be spec.names.plural+"."+spec.group' in message


def test_a_status_is_part_of_the_object_where_none_is_declared(
    space: Space, define: Define
) -> None:
    widgets = Widgets(space, define())
    created = widgets.create("one", spec={"size": 1}, status={"phase": "New"})
    assert created["status"] == {"phase": "New"}
    assert created["metadata"]["generation"] == 1
    answer = widgets.patch("one", {"status": {"phase": "Done"}})
    assert answer.json()["status"] == {"phase": "Done"}
    assert answer.json()["metadata"]["generation"] == 2


def test_no_path_leads_to_a_status_that_is_not_declared(space: Space, define: Define) -> None:
    widgets = Widgets(space, define())
    widgets.create("one")
    answer = widgets.patch("one", {"status": {"phase": "Done"}}, "/status")
    message = refused(answer, 404, "NotFound")
    assert message == f'widgets.{widgets.group} "one" not found'


def test_a_declared_status_is_written_by_its_own_path_only(space: Space, define: Define) -> None:
    widgets = Widgets(space, define(status=True))
    created = widgets.create("one", spec={"size": 1}, status={"phase": "Mine"})
    assert "status" not in created
    both = {"spec": {"size": 2}, "status": {"phase": "Done"}}
    by_status = widgets.patch("one", both, "/status").json()
    assert (by_status["spec"], by_status["status"]) == ({"size": 1}, {"phase": "Done"})
    assert by_status["metadata"]["generation"] == 1
    other = {"spec": {"size": 3}, "status": {"phase": "Lost"}}
    by_spec = widgets.patch("one", other).json()
    assert (by_spec["spec"], by_spec["status"]) == ({"size": 3}, {"phase": "Done"})
    assert by_spec["metadata"]["generation"] == 2


def test_an_update_of_a_defined_kind_needs_a_version(space: Space, define: Define) -> None:
    widgets = Widgets(space, define())
    widgets.create("one")
    answer = space.http.put(widgets.path("one"), json=widget(widgets.group, "one"))
    message = refused(answer, 422, "Invalid")
    assert message.endswith("must be specified for an update")
    assert message.startswith(f'widgets.{widgets.group} "one" is invalid: metadata.resourceVersion')


def test_a_bad_name_of_a_defined_kind_names_the_kind(space: Space, define: Define) -> None:
    group = define()
    path = space.path("widgets", api=f"/apis/{group}/v1")
    message = refused(space.http.post(path, json=widget(group, "Bad")), 422, "Invalid")
    assert message.startswith(f'Widget.{group} "Bad" is invalid: metadata.name')


def test_a_kind_may_belong_to_the_whole_cluster(http: httpx.Client, define: Define) -> None:
    group = define(scope="Cluster")
    path = f"/apis/{group}/v1/widgets"
    assert http.post(path, json=widget(group, "one")).status_code == 201
    assert "namespace" not in http.get(f"{path}/one").json()["metadata"]
    within = http.get(f"/apis/{group}/v1/namespaces/default/widgets")
    assert within.status_code == 404


def test_a_definition_goes_with_its_objects(space: Space, define: Define) -> None:
    widgets = Widgets(space, define())
    widgets.create("one")
    definition = f"{DEFINITIONS}/widgets.{widgets.group}"
    assert space.http.delete(definition).status_code == 200
    eventually(lambda: space.http.get(definition).status_code == 404)
    eventually(lambda: space.http.get(widgets.path("one")).text == "404 page not found\n")


def test_a_definition_waits_for_what_is_held(space: Space, define: Define) -> None:
    widgets = Widgets(space, define())
    widgets.create("free")
    widgets.create("held", metadata={"name": "held", "finalizers": ["example.com/hold"]})
    definition = f"{DEFINITIONS}/widgets.{widgets.group}"
    space.http.delete(definition)
    eventually(lambda: space.http.get(widgets.path("free")).status_code == 404)
    assert space.http.get(definition).json()["metadata"]["deletionTimestamp"]
    widgets.patch("held", {"metadata": {"finalizers": None}})
    eventually(lambda: space.http.get(definition).status_code == 404)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/v1", {"namespaces", "configmaps", "pods", "pods/status", "persistentvolumes"}),
        ("/apis/apps/v1", {"deployments", "daemonsets", "statefulsets", "replicasets"}),
        ("/apis/batch/v1", {"jobs", "cronjobs"}),
        ("/apis/storage.k8s.io/v1", {"storageclasses"}),
        ("/apis/authorization.k8s.io/v1", {"selfsubjectaccessreviews"}),
    ],
)
def test_built_in_kinds_are_discovered(http: httpx.Client, path: str, names: set[str]) -> None:
    found = http.get(path).json()
    assert found["kind"] == "APIResourceList"
    assert names <= {each["name"] for each in found["resources"]}


def test_the_server_tells_its_version_and_health(http: httpx.Client) -> None:
    assert http.get("/version").json()["gitVersion"].startswith("v1.")
    assert http.get("/readyz").text == "ok"
    assert http.get("/api").json()["versions"] == ["v1"]
    assert "Date" in http.get("/version").headers
