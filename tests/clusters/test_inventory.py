from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackwater.clusters import Cluster, Platform, take_inventory
from slackwater.clusters.inventory import Namespace, StorageClass, Volume
from slackwater.clusters.platform import platform_of
from slackwater.clusters.quantity import bytes_of
from slackwater.errors import ClusterDenied, ClusterError

from .api_server import Answer, ApiServer, Request, status

GIB = 1024**3


def named(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "uid": f"uid-{name}"} | more.pop("metadata", {})
    return {"metadata": metadata | ({"namespace": namespace} if namespace else {})} | more


def claim(name: str, volume: str = "", asked: str = "1Gi", given: str = "") -> dict[str, Any]:
    spec = {"resources": {"requests": {"storage": asked}}, "storageClassName": "fast"}
    bound = {"capacity": {"storage": given}} if given else {}
    return named(name, "shop", spec=spec | ({"volumeName": volume} if volume else {}), status=bound)


def volume(name: str, **source: Any) -> dict[str, Any]:
    return named(name, spec={"capacity": {"storage": "1Gi"}, "volumeMode": "Filesystem", **source})


CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WORLD: dict[str, Any] = {
    "/version": {"gitVersion": "v1.36.3"},
    "/api/v1/namespaces": [
        named("shop", metadata={"labels": {"tier": "gold"}}, status={"phase": "Active"}),
        named("old", status={"phase": "Terminating"}),
    ],
    "/api/v1/nodes": [named("n1", spec={"providerID": "kind://docker/kind/n1"})],
    "/api/v1/persistentvolumes": [
        volume("pv-1", csi={"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}),
        volume("pv-2", hostPath={"path": "/data"}),
    ],
    "/api/v1/persistentvolumeclaims": [
        claim("data", "pv-1", given="10Gi"),
        claim("books", "pv-2"),
        claim("pending"),
        claim("lost", "pv-gone"),
    ],
    CLASSES: [
        named("slow", provisioner="nfs"),
        named(
            "fast",
            provisioner="ebs.csi.aws.com",
            metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        ),
    ],
    DEFINITIONS: [named("things.x.io")],
}


def world(**changes: Answer) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        if changed := changes.get(request.path):
            return changed
        content = WORLD[request.path]
        listed = isinstance(content, list)
        return Answer({"metadata": {}, "items": content} if listed else content)

    return answer


def test_an_inventory_of_everything(cluster: Cluster, api: ApiServer) -> None:
    api.answer = world()
    inventory = take_inventory(cluster)
    assert (inventory.cluster, inventory.version) == ("eu", "v1.36.3")
    assert inventory.platform is Platform.KIND
    assert inventory.namespaces == (
        Namespace("old", {}, "Terminating"),
        Namespace("shop", {"tier": "gold"}, "Active"),
    )
    assert inventory.volumes == (
        Volume("books", "shop", "fast", GIB, "pv-2", "hostPath", ""),
        Volume("data", "shop", "fast", 10 * GIB, "pv-1", "csi", "ebs.csi.aws.com"),
        Volume("lost", "shop", "fast", GIB, "pv-gone", "", ""),
        Volume("pending", "shop", "fast", GIB, "", "", ""),
    )
    assert inventory.storage_classes == (
        StorageClass("fast", "ebs.csi.aws.com", is_default=True),
        StorageClass("slow", "nfs", is_default=False),
    )
    assert inventory.custom_resources == {"things.x.io"}
    assert inventory.gaps == ()


def test_a_look_changes_nothing_and_spares_the_long_lists(cluster: Cluster, api: ApiServer) -> None:
    api.answer = world()
    take_inventory(cluster)
    assert {request.method for request in api.requests} == {"GET"}
    asked = {request.path: request for request in api.requests}
    assert len(asked) == len(api.requests)
    assert asked["/api/v1/nodes"].query == {"limit": "5"}
    assert "PartialObjectMetadataList" in asked[DEFINITIONS].headers["accept"]


def test_lists_that_are_not_given_to_us_are_named(cluster: Cluster, api: ApiServer) -> None:
    api.answer = world(
        **{
            "/api/v1/persistentvolumes": status(403, "Forbidden", "cannot list persistentvolumes"),
            CLASSES: status(404, "NotFound", "the server could not find the requested resource"),
        }
    )
    inventory = take_inventory(cluster)
    assert [gap.resource for gap in inventory.gaps] == [
        "persistentvolumes",
        "storageclasses.storage.k8s.io",
    ]
    assert "cannot list persistentvolumes" in inventory.gaps[0].reason
    assert {found.source for found in inventory.volumes} == {""}
    assert len(inventory.namespaces) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(401, "Unauthorized"), ClusterDenied),
        (status(500, "InternalError"), ClusterError),
        (status(429, "TooManyRequests"), ClusterError),
    ],
)
def test_what_is_no_missing_right_is_raised(
    cluster: Cluster, api: ApiServer, answer: Answer, expected: type[Exception]
) -> None:
    api.answer = world(**{"/api/v1/namespaces": answer})
    with pytest.raises(expected):
        take_inventory(cluster)


@pytest.mark.parametrize(
    ("platform", "signs"),
    [
        (Platform.EKS, {"version": "v1.33.5-eks-113cf36"}),
        (Platform.EKS, {"labels": ["eks.amazonaws.com/nodegroup"]}),
        (Platform.GKE, {"version": "v1.34.1-gke.1279000"}),
        (Platform.GKE, {"labels": ["cloud.google.com/gke-nodepool"]}),
        (Platform.AKS, {"labels": ["kubernetes.azure.com/cluster"]}),
        (Platform.OPENSHIFT, {"definitions": ["clusterversions.config.openshift.io"]}),
        (
            Platform.OPENSHIFT,
            {
                "labels": ["kubernetes.azure.com/cluster"],
                "definitions": ["clusterversions.config.openshift.io"],
            },
        ),
        (Platform.K3S, {"version": "v1.34.1+k3s1"}),
        (Platform.KIND, {"nodes": ["kind://docker/kind/kind-control-plane"]}),
        (Platform.UNKNOWN, {}),
        (Platform.UNKNOWN, {"nodes": ["aws:///eu-west-1a/i-1"]}),
    ],
)
def test_platforms(platform: Platform, signs: dict[str, Any]) -> None:
    found = platform_of(
        signs.get("version", "v1.36.3"),
        signs.get("labels", []),
        signs.get("nodes", []),
        signs.get("definitions", []),
    )
    assert found is platform


@pytest.mark.parametrize(
    ("quantity", "size"),
    [
        ("0", 0),
        ("1", 1),
        ("10Gi", 10 * GIB),
        ("1.5Ki", 1536),
        ("500M", 500_000_000),
        ("2k", 2000),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("2Ei", 2 * 1024**6),
        ("100m", 1),
        ("1500m", 2),
        (".5Ki", 512),
        ("5.", 5),
    ],
)
def test_quantities(quantity: str, size: int) -> None:
    assert bytes_of(quantity) == size


@given(st.text(alphabet="0123456789.eEkKMGinum+- ", max_size=8))
def test_any_text_is_a_whole_number_of_bytes_or_refused(text: str) -> None:
    try:
        size = bytes_of(text)
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017  both outcomes are right
    else:
        assert isinstance(size, int)
