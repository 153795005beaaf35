"""Patches: the same on the emulator and on kube-apiserver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .space import Space, refused, widget

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"


def patch(space: Space, patch: Any, media_type: str = MERGE, name: str = "one") -> httpx.Response:
    headers = {"Content-Type": media_type}
    return space.http.patch(space.path(name=name), json=patch, headers=headers)


@pytest.mark.parametrize("media_type", [MERGE, STRATEGIC])
def test_a_merge_adds_changes_and_removes(space: Space, media_type: str) -> None:
    space.config("one", labels={"a": "1", "b": "2"})
    labels = {"a": None, "b": "3", "c": "4"}
    assert patch(space, {"metadata": {"labels": labels}}, media_type).status_code == 200
    found = space.get("one")
    assert found["metadata"]["labels"] == {"b": "3", "c": "4"}
    assert found["data"] == {"tide": "slack"}


def test_a_json_patch_works_in_order(space: Space) -> None:
    space.config("one", annotations={"a/b": "1", "gone": "x"})
    operations = [
        {"op": "test", "path": "/data/tide", "value": "slack"},
        {"op": "add", "path": "/data/wind", "value": "calm"},
        {"op": "replace", "path": "/data/tide", "value": "ebb"},
        {"op": "copy", "from": "/data/wind", "path": "/data/air"},
        {"op": "move", "from": "/metadata/annotations/a~1b", "path": "/metadata/annotations/c"},
        {"op": "remove", "path": "/metadata/annotations/gone"},
    ]
    assert patch(space, operations, JSON).status_code == 200
    found = space.get("one")
    assert found["data"] == {"tide": "ebb", "wind": "calm", "air": "calm"}
    assert found["metadata"]["annotations"] == {"c": "1"}


def test_a_json_patch_writes_into_lists(space: Space) -> None:
    space.config("one", finalizers=["example.com/a", "example.com/b"])
    operations = [
        {"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/d"},
        {"op": "add", "path": "/metadata/finalizers/2", "value": "example.com/c"},
        {"op": "remove", "path": "/metadata/finalizers/0"},
    ]
    assert patch(space, operations, JSON).status_code == 200
    found = space.get("one")["metadata"]["finalizers"]
    assert found == ["example.com/b", "example.com/c", "example.com/d"]
    patch(space, {"metadata": {"finalizers": None}})


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/data/tide", "value": "ebb"},
        {"op": "remove", "path": "/data/none"},
        {"op": "replace", "path": "/none/deeper", "value": 1},
    ],
)
def test_a_json_patch_that_does_not_fit_changes_nothing(space: Space, operation: Any) -> None:
    space.config("one")
    change = {"op": "add", "path": "/data/wind", "value": "calm"}
    refused(patch(space, [change, operation], JSON), 422, "Invalid")
    assert space.get("one")["data"] == {"tide": "slack"}


def test_a_patch_from_an_older_state_is_a_conflict(space: Space) -> None:
    version = space.config("one")["metadata"]["resourceVersion"]
    patch(space, {"data": {"tide": "flood"}})
    late = {"metadata": {"resourceVersion": version}, "data": {"tide": "ebb"}}
    refused(patch(space, late), 409, "Conflict")


def test_a_patch_of_another_life_is_invalid(space: Space) -> None:
    space.config("one")
    late = {"metadata": {"uid": "of-another-life"}, "data": {"tide": "ebb"}}
    assert "field is immutable" in refused(patch(space, late), 422, "Invalid")


def test_a_patch_of_nothing_is_not_found(space: Space) -> None:
    message = refused(patch(space, {"data": {}}), 404, "NotFound")
    assert message == 'configmaps "one" not found'


def test_a_patch_that_changes_nothing_leaves_the_version(space: Space) -> None:
    version = space.config("one")["metadata"]["resourceVersion"]
    answer = patch(space, {"data": {"tide": "slack"}})
    assert answer.json()["metadata"]["resourceVersion"] == version


def test_a_patch_cannot_rename(space: Space) -> None:
    space.config("one")
    answer = patch(space, {"metadata": {"name": "two"}})
    assert "does not match the name on the URL" in refused(answer, 400, "BadRequest")


def test_a_patch_in_an_unknown_format_is_refused(space: Space) -> None:
    space.config("one")
    refused(patch(space, {}, "application/json"), 415, "UnsupportedMediaType")


def test_defined_kinds_take_no_strategic_patch(space: Space, define: Callable[..., str]) -> None:
    group = define()
    api = f"/apis/{group}/v1"
    space.post(widget(group, "one"), "widgets", api)
    headers = {"Content-Type": STRATEGIC}
    answer = space.http.patch(space.path("widgets", "one", api), json={}, headers=headers)
    refused(answer, 415, "UnsupportedMediaType")
