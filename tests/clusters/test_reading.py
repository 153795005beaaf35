from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from slackwater.clusters import Cluster
from slackwater.clusters.resources import NAMESPACES, PERSISTENT_VOLUME_CLAIMS, Resource
from slackwater.errors import ClusterError, ListExpired, ObjectNotFound

from .api_server import Answer, ApiServer, Request, status

PODS = "/api/v1/pods"


class Spec(msgspec.Struct):
    nodeName: str  # noqa: N815  the API's word


class Pod(msgspec.Struct):
    spec: Spec


class Metadata(msgspec.Struct):
    uid: str
    namespace: str
    name: str


class NamedPod(Pod):
    metadata: Metadata


def pod(name: str, uid: str = "") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"} | ({"uid": uid} if uid else {})
    return {"metadata": metadata, "spec": {"nodeName": f"node-of-{name}"}}


def listed(*items: dict[str, Any], more: str = "") -> Answer:
    return Answer({"metadata": {"continue": more} if more else {}, "items": list(items)})


def names(items: Any) -> list[str]:
    return [item["metadata"]["name"] for item in items]


def test_get_reads_one_object(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer(pod("a")))
    assert cluster.get("/api/v1/namespaces/shop/pods/a")["spec"] == {"nodeName": "node-of-a"}
    assert [(r.method, r.path) for r in api.requests] == [("GET", "/api/v1/namespaces/shop/pods/a")]


def test_get_builds_only_the_type_asked_for(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer(pod("a")))
    assert cluster.get(PODS, into=Pod) == Pod(Spec("node-of-a"))


def test_compressed_answers_are_read(cluster: Cluster, api: ApiServer) -> None:
    body = gzip.compress(json.dumps(pod("a")).encode())
    api.script(Answer(body, headers={"Content-Encoding": "gzip"}))
    assert names([cluster.get(PODS)]) == ["a"]
    assert api.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("body", [b"<html>please log in</html>", b"", b"[1", b"[]", b'"x"'])
def test_an_answer_that_is_no_api_object_is_an_error(
    cluster: Cluster, api: ApiServer, body: bytes
) -> None:
    api.script(Answer(body))
    with pytest.raises(ClusterError, match="not what the API promises"):
        cluster.get(PODS)


def test_exists_tells_missing_from_present(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer(pod("a")), status(404, "NotFound"))
    assert cluster.exists(PODS)
    assert not cluster.exists(PODS)


def test_list_follows_the_pages(cluster: Cluster, api: ApiServer) -> None:
    api.script(
        listed(pod("a", "1"), pod("b", "2"), more="x"), listed(more="y"), listed(pod("c", "3"))
    )
    assert names(cluster.list(PODS, page=2)) == ["a", "b", "c"]
    assert [r.query for r in api.requests] == [
        {"limit": "2"},
        {"limit": "2", "continue": "x"},
        {"limit": "2", "continue": "y"},
    ]


def test_list_sends_its_selectors_with_each_page(cluster: Cluster, api: ApiServer) -> None:
    api.script(listed(pod("a", "1"), more="x"), listed())
    found = cluster.list(PODS, label_selector="app in (a,b),!c", field_selector="metadata.name=a")
    assert names(found) == ["a"]
    for request in api.requests:
        assert request.query["labelSelector"] == "app in (a,b),!c"
        assert request.query["fieldSelector"] == "metadata.name=a"


def test_list_asks_only_as_far_as_it_is_walked(cluster: Cluster, api: ApiServer) -> None:
    api.script(listed(pod("a", "1"), more="x"), listed(pod("b", "2")))
    found = cluster.list(PODS)
    assert api.requests == []
    assert names([next(found)]) == ["a"]
    assert len(api.requests) == 1


def test_list_builds_only_the_type_asked_for(cluster: Cluster, api: ApiServer) -> None:
    api.script(listed(pod("a", "1"), more="x"), listed(pod("b", "2")))
    assert [p.spec.nodeName for p in cluster.list(PODS, into=Pod)] == ["node-of-a", "node-of-b"]


def test_an_empty_list_may_be_null(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer({"metadata": {}, "items": None}))
    assert list(cluster.list(PODS)) == []


def test_pages_keep_the_server_s_pages(cluster: Cluster, api: ApiServer) -> None:
    api.script(listed(pod("a", "1"), pod("b", "2"), more="x"), listed(pod("c", "3")))
    assert [names(page) for page in cluster.pages(PODS)] == [["a", "b"], ["c"]]


def test_metadata_only_asks_the_server_to_leave_out_the_rest(
    cluster: Cluster, api: ApiServer
) -> None:
    api.script(listed())
    assert list(cluster.list(PODS, metadata_only=True)) == []
    assert (
        api.requests[0]
        .headers["accept"]
        .startswith("application/json;as=PartialObjectMetadataList;")
    )


EXPIRED = status(410, "Expired", "The provided continue parameter is too old")


def test_an_expired_list_is_read_again_and_gives_each_object_once(
    cluster: Cluster, api: ApiServer
) -> None:
    before = [pod("a", "1"), pod("b", "2")]
    after = [pod("a", "1-new"), pod("b", "2"), pod("c", "3"), pod("d", "4")]
    api.script(listed(*before, more="x"), EXPIRED, listed(*after))
    found = [item["metadata"]["uid"] for item in cluster.list(PODS, page=2)]
    assert found == ["1", "2", "1-new", "3", "4"]
    assert [r.query for r in api.requests][-1] == {}, "in one answer, which cannot expire"


@pytest.mark.parametrize("into", [Pod, NamedPod], ids=["blind", "telling"])
def test_a_type_need_not_read_what_tells_objects_apart(
    cluster: Cluster, api: ApiServer, into: type[Pod]
) -> None:
    first = [pod("a", "1"), pod("b", "2")]
    api.script(listed(*first, more="x"), EXPIRED, listed(*first, pod("c", "3")))
    found = [pod.spec.nodeName for pod in cluster.list(PODS, into=into, page=2)]
    assert found == ["node-of-a", "node-of-b", "node-of-c"]


def test_an_object_that_two_pages_show_is_given_once(cluster: Cluster, api: ApiServer) -> None:
    api.script(listed(pod("a", "1"), more="x"), listed(pod("a", "1"), pod("b", "2")))
    assert names(cluster.list(PODS)) == ["a", "b"]


def test_objects_without_uid_are_told_apart_by_name(cluster: Cluster, api: ApiServer) -> None:
    api.script(listed(pod("a"), pod("b"), more="x"), EXPIRED, listed(pod("a"), pod("c")))
    assert names(cluster.list(PODS)) == ["a", "b", "c"]


def test_a_list_that_expires_at_once_is_an_error(cluster: Cluster, api: ApiServer) -> None:
    api.script(EXPIRED)
    with pytest.raises(ListExpired, match="continue parameter is too old"):
        list(cluster.list(PODS))


@pytest.mark.parametrize(
    ("resource", "place", "path"),
    [
        (NAMESPACES, ("", "shop"), "/api/v1/namespaces/shop"),
        (PERSISTENT_VOLUME_CLAIMS, (), "/api/v1/persistentvolumeclaims"),
        (PERSISTENT_VOLUME_CLAIMS, ("a",), "/api/v1/namespaces/a/persistentvolumeclaims"),
        (
            Resource("x.io", "v1", "things"),
            ("a", "b", "status"),
            "/apis/x.io/v1/namespaces/a/things/b/status",
        ),
        (
            Resource("rbac.authorization.k8s.io", "v1", "clusterroles", namespaced=False),
            ("", "system:node"),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        ),
        (
            Resource("x.io", "v1", "things"),
            ("a", "../b"),
            "/apis/x.io/v1/namespaces/a/things/..%2Fb",
        ),
    ],
)
def test_paths(resource: Resource, place: tuple[str, ...], path: str) -> None:
    assert resource.path(*place) == path


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (NAMESPACES, ("shop", "x")),
        (PERSISTENT_VOLUME_CLAIMS, ("", "x")),
        (PERSISTENT_VOLUME_CLAIMS, ("shop", "", "status")),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(resource: Resource, place: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=resource.plural):
        resource.path(*place)


def test_a_server_under_a_path_is_reached_there(api: ApiServer, kubeconfig: Any) -> None:
    api.answer = lambda request: Answer({"seen": request.path})
    with Cluster("eu", kubeconfig=kubeconfig(api.url + "/k8s/clusters/c-1/")) as cluster:
        assert cluster.get("/version") == {"seen": "/k8s/clusters/c-1/version"}
        assert cluster.url == api.url + "/k8s/clusters/c-1"


def test_a_missing_object_names_itself(cluster: Cluster, api: ApiServer) -> None:
    api.script(status(404, "NotFound", 'pods "a" not found'))
    with pytest.raises(ObjectNotFound) as error:
        cluster.get(PODS)
    assert str(error.value) == f'eu: pods "a" not found (404 NotFound; GET {PODS})'
    assert (error.value.cluster, error.value.status) == ("eu", 404)


def test_many_threads_share_one_cluster(cluster: Cluster, api: ApiServer) -> None:
    def echo(request: Request) -> Answer:
        return Answer({"path": request.path})

    api.answer = echo
    paths = [f"/api/v1/namespaces/n{number}" for number in range(60)]
    with ThreadPoolExecutor(20) as threads:
        assert [found["path"] for found in threads.map(cluster.get, paths)] == paths
