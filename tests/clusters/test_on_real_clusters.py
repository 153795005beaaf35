"""The same access over real kube-apiservers, so that our picture of them cannot drift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from slackwater.clusters import Cluster, Platform, Resource, Right, take_inventory
from slackwater.errors import ClusterError, ObjectConflict, ObjectExists, ObjectNotFound

if TYPE_CHECKING:
    from slackwater_testbed.testbed import Testbed

pytestmark = pytest.mark.real

CONFIG_MAPS = Resource("", "v1", "configmaps")


@pytest.fixture
def east(testbed: Testbed) -> Iterator[Cluster]:
    first = next(iter(testbed))
    with Cluster("east", kubeconfig=first.kubeconfig) as cluster:
        yield cluster


def test_two_clusters_are_told_apart(testbed: Testbed) -> None:
    identities = set()
    for number, real in enumerate(testbed):
        with Cluster(f"c{number}", kubeconfig=real.kubeconfig) as cluster:
            assert cluster.identity() == cluster.identity()
            identities.add(cluster.identity())
    assert len({found.uid for found in identities}) == 2
    assert all(len(found.ca_hash) == 64 for found in identities)


def test_pages_selectors_and_conflicts(east: Cluster, fresh_namespace: str) -> None:
    here = CONFIG_MAPS.path(fresh_namespace)
    for name in "abcde":
        east.create(here, {"metadata": {"name": name, "labels": {"of": "us"}}, "data": {"x": "1"}})
    pages = list(east.pages(here, label_selector="of in (us)", page=2))
    assert [[item["metadata"]["name"] for item in page] for page in pages] == [
        ["a", "b"],
        ["c", "d"],
        ["e"],
    ]
    [bare] = east.list(here, field_selector="metadata.name=a", metadata_only=True)
    assert "data" not in bare
    one = f"{here}/a"
    with pytest.raises(ObjectExists):
        east.create(here, {"metadata": {"name": "a"}})
    assert east.patch(one, {"data": {"x": None, "y": "2"}})["data"] == {"y": "2"}
    with pytest.raises(ObjectConflict):
        east.patch(one, {"metadata": {"resourceVersion": "1"}})
    with pytest.raises(ObjectConflict):
        east.delete(one, uid="another")
    with pytest.raises(ObjectConflict):
        east.delete(one, version=bare["metadata"]["resourceVersion"])
    version = east.get(one)["metadata"]["resourceVersion"]
    east.delete(one, uid=bare["metadata"]["uid"], version=version)
    with pytest.raises(ObjectNotFound, match='configmaps "a" not found'):
        east.get(one)


def test_what_the_server_says_of_an_invalid_object(east: Cluster, fresh_namespace: str) -> None:
    with pytest.raises(ClusterError, match=r"422 Invalid.*POST") as error:
        east.create(CONFIG_MAPS.path(fresh_namespace), {"metadata": {"name": "Not A Name"}})
    assert error.value.status == 422


def test_a_kind_that_is_not_served(east: Cluster) -> None:
    with pytest.raises(ObjectNotFound):
        list(east.list(Resource("no.such.group", "v1", "things").path()))


def test_rights_clock_and_inventory(east: Cluster, fresh_namespace: str) -> None:
    right = Right("create", "", "configmaps", namespace=fresh_namespace)
    assert east.can_i([right]) == {right: True}
    offset = east.server_time_offset()
    assert abs(offset.seconds) <= offset.error + 1, "both run on one machine"
    inventory = take_inventory(east)
    assert fresh_namespace in {namespace.name for namespace in inventory.namespaces}
    assert inventory.version.startswith("v1.")
    assert inventory.platform is Platform.UNKNOWN
    assert "backups.velero.io" in inventory.custom_resources
    assert inventory.gaps == ()
