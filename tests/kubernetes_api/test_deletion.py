"""Deletion, finalizers and namespaces: the same on the emulator and on kube-apiserver."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .space import Space, config_map, eventually, refused

FINALIZER = "example.com/hold"


def delete(space: Space, name: str, **options: Any) -> httpx.Response:
    body = {"apiVersion": "v1", "kind": "DeleteOptions", **options} if options else None
    return space.http.request("DELETE", space.path(name=name), json=body)


def release(space: Space, name: str) -> httpx.Response:
    headers = {"Content-Type": "application/merge-patch+json"}
    patch = {"metadata": {"finalizers": None}}
    return space.http.patch(space.path(name=name), json=patch, headers=headers)


def gone(space: Space, name: str) -> bool:
    return space.http.get(space.path(name=name)).status_code == 404


def test_a_deletion_tells_what_is_gone(space: Space) -> None:
    uid = space.config("one")["metadata"]["uid"]
    status = delete(space, "one").json()
    assert (status["kind"], status["status"]) == ("Status", "Success")
    assert status["details"] == {"name": "one", "kind": "configmaps", "uid": uid}
    assert gone(space, "one")


def test_some_kinds_answer_with_what_is_gone(space: Space) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mate"}}
    space.post(account, "serviceaccounts")
    answer = space.http.delete(space.path("serviceaccounts", "mate"))
    assert answer.json()["kind"] == "ServiceAccount"


def test_a_deletion_of_nothing_is_not_found(space: Space) -> None:
    refused(delete(space, "one"), 404, "NotFound")


def test_a_deletion_of_another_life_is_a_conflict(space: Space) -> None:
    uid = space.config("one")["metadata"]["uid"]
    answer = delete(space, "one", preconditions={"uid": "of-another-life"})
    assert refused(answer, 409, "Conflict") == (
        'Operation cannot be fulfilled on ConfigMap "one": the UID in the precondition '
        f"(of-another-life) does not match the UID in record ({uid}). "
        "The object might have been deleted and then recreated"
    )
    assert delete(space, "one", preconditions={"uid": uid}).status_code == 200


@pytest.mark.parametrize("policy", ["Background", "Orphan"])
def test_a_propagation_policy_is_accepted(space: Space, policy: str) -> None:
    space.config("one")
    assert delete(space, "one", propagationPolicy=policy).status_code == 200
    eventually(lambda: gone(space, "one"))


def test_finalizers_hold_an_object_until_they_are_gone(space: Space) -> None:
    space.config("one", finalizers=[FINALIZER])
    held = delete(space, "one").json()
    assert held["kind"] == "ConfigMap"
    assert held["metadata"]["deletionTimestamp"]
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert space.get("one")["metadata"]["finalizers"] == [FINALIZER]
    assert release(space, "one").status_code == 200
    assert gone(space, "one")


def test_a_second_deletion_changes_nothing(space: Space) -> None:
    space.config("one", finalizers=[FINALIZER])
    first, second = (delete(space, "one").json() for _ in range(2))
    assert first["metadata"] == second["metadata"]
    release(space, "one")


def test_nothing_new_may_hold_what_is_going(space: Space) -> None:
    space.config("one", finalizers=[FINALIZER])
    delete(space, "one")
    headers = {"Content-Type": "application/merge-patch+json"}
    patch = {"metadata": {"finalizers": [FINALIZER, "example.com/late"]}}
    answer = space.http.patch(space.path(name="one"), json=patch, headers=headers)
    assert "no new finalizers can be added" in refused(answer, 422, "Invalid")
    release(space, "one")


def test_a_collection_is_deleted_by_selector(space: Space) -> None:
    for name in ("a", "b"):
        space.config(name, labels={"set": "two"})
    space.config("c")
    answer = space.http.delete(space.path(), params={"labelSelector": "set=two"})
    assert answer.status_code == 200
    assert {item["metadata"]["name"] for item in answer.json()["items"]} == {"a", "b"}
    assert space.names() == ["c"]


def test_namespaces_are_not_deleted_as_a_collection(http: httpx.Client) -> None:
    refused(http.delete("/api/v1/namespaces"), 405, "MethodNotAllowed")


def test_the_namespace_of_the_system_stays(http: httpx.Client) -> None:
    message = refused(http.delete("/api/v1/namespaces/kube-system"), 403, "Forbidden")
    assert message == 'namespaces "kube-system" is forbidden: this namespace may not be deleted'


def test_a_namespace_goes_with_its_contents(space: Space) -> None:
    space.config("one")
    path = f"/api/v1/namespaces/{space.name}"
    told = space.http.delete(path).json()
    assert told["status"]["phase"] == "Terminating"
    eventually(lambda: space.http.get(path).status_code == 404)
    assert space.http.get(space.path()).json()["items"] == []


def test_a_namespace_waits_for_what_is_held_inside(space: Space) -> None:
    space.config("one", finalizers=[FINALIZER])
    space.config("two")
    path = f"/api/v1/namespaces/{space.name}"
    space.http.delete(path)
    eventually(lambda: gone(space, "two"))
    assert space.http.get(path).json()["status"]["phase"] == "Terminating"
    answer = space.http.post(space.path(), json=config_map("late"))
    assert refused(answer, 403, "Forbidden") == (
        f'configmaps "late" is forbidden: unable to create new content in namespace {space.name} '
        "because it is being terminated"
    )
    release(space, "one")
    eventually(lambda: space.http.get(path).status_code == 404)
