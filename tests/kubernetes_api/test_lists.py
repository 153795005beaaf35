"""Lists, pages and selectors: the same on the emulator and on kube-apiserver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from .space import Object, Space, refused, widget

LETTERS = ("a", "b", "c", "d", "e")


@pytest.fixture
def five(space: Space) -> Space:
    for letter in LETTERS:
        space.config(letter, labels={"set": "five"})
    return space


def pages(space: Space, **parameters: Any) -> Iterator[Object]:
    token = ""
    while True:
        answer = space.http.get(space.path(), params={**parameters, "continue": token})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        token = page["metadata"].get("continue", "")
        if not token:
            return


def names_in(page: Object) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


def test_a_list_is_in_the_order_of_names(five: Space) -> None:
    assert five.names() == list(LETTERS)


def test_items_of_built_in_kinds_do_not_name_their_kind(five: Space) -> None:
    found = five.http.get(five.path()).json()
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert not any("kind" in item or "apiVersion" in item for item in found["items"])


def test_items_of_defined_kinds_name_their_kind(space: Space, define: Callable[..., str]) -> None:
    group = define()
    space.post(widget(group, "one"), "widgets", f"/apis/{group}/v1")
    found = space.http.get(f"/apis/{group}/v1/widgets").json()
    assert found["kind"] == "WidgetList"
    assert [item["kind"] for item in found["items"]] == ["Widget"]


def test_pages_hold_each_object_once(five: Space) -> None:
    found = list(pages(five, limit=2))
    assert [len(page["items"]) for page in found] == [2, 2, 2]
    assert [name for page in found for name in names_in(page)] == [*LETTERS, "kube-root-ca.crt"]
    remaining = [page["metadata"].get("remainingItemCount") for page in found]
    assert remaining == [4, 2, None]


def test_a_selection_does_not_know_what_remains(five: Space) -> None:
    found = list(pages(five, limit=3, labelSelector="set=five"))
    assert [names_in(page) for page in found] == [["a", "b", "c"], ["d", "e"]]
    assert all("remainingItemCount" not in page["metadata"] for page in found)


def test_later_pages_show_the_state_of_the_first(five: Space) -> None:
    listing = pages(five, limit=2)
    first = next(listing)
    assert five.http.delete(five.path(name="d")).status_code == 200
    five.config("ab")
    later = [name for page in listing for name in names_in(page)]
    assert names_in(first) + later == [*LETTERS, "kube-root-ca.crt"]
    assert five.names() == ["a", "ab", "b", "c", "e"]


def test_all_pages_carry_one_resource_version(five: Space) -> None:
    versions = {page["metadata"]["resourceVersion"] for page in pages(five, limit=2)}
    assert len(versions) == 1


def test_a_broken_token_is_refused(space: Space) -> None:
    answer = space.http.get(space.path(), params={"limit": 2, "continue": "not a token"})
    assert "continue key is not valid" in refused(answer, 400, "BadRequest")


def test_a_token_goes_with_no_resource_version(five: Space) -> None:
    token = next(pages(five, limit=2))["metadata"]["continue"]
    parameters: dict[str, Any] = {"limit": 2, "continue": token, "resourceVersion": "5"}
    answer = five.http.get(five.path(), params=parameters)
    refused(answer, 400, "BadRequest")


@pytest.mark.parametrize("version", ["", "0"])
def test_a_list_without_a_version_shows_what_there_is(five: Space, version: str) -> None:
    assert five.names(resourceVersion=version)[0] == "a"


def test_an_exact_version_shows_what_there_was(five: Space) -> None:
    version = five.http.get(five.path()).json()["metadata"]["resourceVersion"]
    five.http.delete(five.path(name="a"))
    then = five.names(resourceVersion=version, resourceVersionMatch="Exact")
    assert then == list(LETTERS)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("tier=gold", "g"),
        ("tier==gold", "g"),
        ("tier!=gold", "ns"),
        ("tier", "gs"),
        ("!tier", "n"),
        ("tier in (gold, silver)", "gs"),
        ("tier notin (gold)", "ns"),
        ("tier in (gold),env=prod", "g"),
        ("tier,env notin (prod,test)", "s"),
        ("depth>5", "g"),
        ("depth<5", "s"),
        ("example.com/role=pilot", "n"),
        ("tier=", ""),
        ("", "gns"),
    ],
)
def test_label_selectors_choose(space: Space, selector: str, expected: str) -> None:
    space.config("g", labels={"tier": "gold", "env": "prod", "depth": "9"})
    space.config("s", labels={"tier": "silver", "depth": "3"})
    space.config("n", labels={"example.com/role": "pilot"})
    assert "".join(space.names(labelSelector=selector)) == expected


@pytest.mark.parametrize("selector", ["a b", "a in", "a in (b", "=b", "!", "a=b=c"])
def test_a_broken_label_selector_is_refused(space: Space, selector: str) -> None:
    answer = space.http.get(space.path(), params={"labelSelector": selector})
    refused(answer, 400, "BadRequest")


def test_field_selectors_choose_by_name_and_namespace(five: Space) -> None:
    assert five.names(fieldSelector="metadata.name=b") == ["b"]
    assert five.names(fieldSelector="metadata.name!=b,metadata.name!=c") == ["a", "d", "e"]
    everywhere = {"fieldSelector": f"metadata.namespace={five.name}"}
    found = five.http.get("/api/v1/configmaps", params=everywhere).json()
    assert {item["metadata"]["namespace"] for item in found["items"]} == {five.name}


def test_an_unknown_field_is_refused(space: Space) -> None:
    answer = space.http.get(space.path(), params={"fieldSelector": "data.tide=slack"})
    message = refused(answer, 400, "BadRequest")
    assert message.startswith('"data.tide" is not a known field selector')


def test_a_list_of_all_namespaces_holds_each(five: Space, http: httpx.Client) -> None:
    found = http.get("/api/v1/configmaps").json()["items"]
    mine = [i["metadata"]["name"] for i in found if i["metadata"]["namespace"] == five.name]
    assert mine == [*LETTERS, "kube-root-ca.crt"]


def test_a_list_in_a_namespace_that_is_not_there_is_empty(http: httpx.Client) -> None:
    assert http.get("/api/v1/namespaces/nowhere/configmaps").json()["items"] == []
