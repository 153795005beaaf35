from __future__ import annotations

from collections.abc import Callable

import pytest

from slackwater.clusters import Cluster, Right
from slackwater.errors import ClusterUnreachable, ObjectConflict, ObjectExists

from .api_server import Answer, ApiServer, status

LIST = "/apis/x.io/v1/namespaces/a/things"
ONE = f"{LIST}/b"


def test_create_posts_the_object_and_returns_the_server_s(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer({"metadata": {"uid": "1"}}, 201))
    assert cluster.create(LIST, {"spec": {"a": 1}}) == {"metadata": {"uid": "1"}}
    [request] = api.requests
    assert (request.method, request.path, request.json) == ("POST", LIST, {"spec": {"a": 1}})
    assert request.headers["content-type"] == "application/json"


def test_patch_merges(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer({"spec": {}}))
    cluster.patch(ONE, {"spec": {"a": None}})
    [request] = api.requests
    assert (request.method, request.path, request.json) == ("PATCH", ONE, {"spec": {"a": None}})
    assert request.headers["content-type"] == "application/merge-patch+json"


def test_delete_can_be_bound_to_one_uid(cluster: Cluster, api: ApiServer) -> None:
    cluster.delete(ONE, uid="u-1", propagation="Foreground")
    [request] = api.requests
    assert request.method == "DELETE"
    assert request.json == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "u-1"},
        "propagationPolicy": "Foreground",
    }


def test_delete_can_be_bound_to_one_state(cluster: Cluster, api: ApiServer) -> None:
    cluster.delete(ONE, uid="u-1", version="7")
    cluster.delete(ONE, version="7")
    cluster.delete(ONE)
    asked = [request.json.get("preconditions") for request in api.requests]
    assert asked == [{"uid": "u-1", "resourceVersion": "7"}, {"resourceVersion": "7"}, None]


def test_a_name_that_is_taken(cluster: Cluster, api: ApiServer) -> None:
    api.script(status(409, "AlreadyExists", 'things "b" already exists'))
    with pytest.raises(ObjectExists, match="already exists"):
        cluster.create(LIST, {})


def test_an_object_that_changed_meanwhile(cluster: Cluster, api: ApiServer) -> None:
    api.script(status(409, "Conflict", "the object has been modified"))
    writes: list[Callable[[], object]] = [
        lambda: cluster.patch(ONE, {}),
        lambda: cluster.delete(ONE, uid="u-1"),
        lambda: cluster.delete(ONE, version="7"),
        lambda: cluster.create(LIST, {}),
    ]
    for write in writes:
        with pytest.raises(ObjectConflict, match="has been modified"):
            write()


def test_writes_are_never_sent_twice(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer(cut=True))
    writes: list[Callable[[], object]] = [
        lambda: cluster.create(LIST, {}),
        lambda: cluster.patch(ONE, {}),
        lambda: cluster.delete(ONE),
    ]
    for write in writes:
        with pytest.raises(ClusterUnreachable):
            write()
    assert [request.method for request in api.requests] == ["POST", "PATCH", "DELETE"]


def test_rights_are_asked_for_all_at_once(cluster: Cluster, api: ApiServer) -> None:
    api.answer = lambda request: Answer(
        {
            "status": {
                "allowed": request.json["spec"]["resourceAttributes"]["verb"] == "get",
            }
        },
        201,
    )
    read = Right("get", "", "pods", namespace="a")
    write = Right("create", "x.io", "things", subresource="status")
    assert cluster.can_i([read, write, read]) == {read: True, write: False}
    asked = {r.json["spec"]["resourceAttributes"]["verb"]: r.json["spec"] for r in api.requests}
    assert asked == {
        "get": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "a"}},
        "create": {
            "resourceAttributes": {
                "verb": "create",
                "group": "x.io",
                "resource": "things",
                "subresource": "status",
            }
        },
    }
    assert len(api.requests) == 2
    assert [str(read), str(write)] == ["get pods in a", "create things/status.x.io"]
