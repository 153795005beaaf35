"""Which workloads are meant: by what stands, by what stood, by what a policy says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from slackwater.catalogue.covering import Covering
from slackwater.clusters import Inventory, Namespace
from slackwater.clusters.platform import platform_of
from slackwater.fleet import FleetFile
from slackwater.fleet.entries import ClusterEntry
from slackwater.model.policy import Policy
from slackwater.model.recovery_point import Contents, RecoveryPoint, Requirement
from slackwater.model.selector import Selector
from slackwater.model.workload import Scope, Workload
from slackwater.planning.choosing import Wanted
from slackwater.planning.workloads import (
    BY_HAND,
    Filter,
    to_back_up,
    to_restore,
    without_namesakes,
)

from .points import NOON, point, workload

GOLD = Policy.model_validate(
    {
        "name": "gold",
        "clusters": "env=prod",
        "protect": [{"namespaces": "tier=gold", "require": ["objects", "off-cluster"]}],
    }
)
FLEET = FleetFile(
    path=Path("fleet.yaml"),
    version=1,
    stores={},
    clusters={
        "eu": ClusterEntry(name="eu", labels={"env": "prod"}),
        "dr": ClusterEntry(name="dr"),
    },
    policies={"gold": GOLD},
)


def inventory(cluster: str = "eu", **tiers: str) -> Inventory:
    namespaces = [Namespace(name, {"tier": tier}, "Active") for name, tier in tiers.items()]
    return Inventory(
        cluster=cluster,
        version="v1.36.0",
        platform=platform_of("v1.36.0", set(), set(), frozenset()),
        namespaces=tuple(namespaces),
        volumes=(),
        storage_classes=(),
        custom_resources=frozenset(),
        gaps=(),
    )


def unread(_: RecoveryPoint) -> RecoveryPoint:
    raise AssertionError("nothing was to be read")


def restored(
    wish: Filter, living: list[Inventory], points: list[RecoveryPoint], read=unread
) -> dict[str, tuple[Requirement, ...]]:
    found = to_restore([wish], FLEET, living, Covering(points), read, moment=NOON)
    return {str(item.workload): item.require for item in found}


def test_a_policy_backs_up_what_has_its_labels_and_asks_what_it_requires() -> None:
    found = list(to_back_up(Filter(policy=GOLD), inventory(shop="gold", wiki="silver")))
    assert [(str(p.workload), p.require) for p in found] == [
        ("eu/shop", (Requirement.OBJECTS, Requirement.OFF_CLUSTER))
    ]


def test_a_namespace_that_is_going_is_not_backed_up() -> None:
    going = Namespace("shop", {"tier": "gold"}, "Terminating")
    assert not list(to_back_up(Filter(), replace(inventory(), namespaces=(going,))))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"eu/shop", "eu/wiki"}),
        ({"namespaces": ("wiki",)}, {"eu/wiki"}),
        ({"selector": Selector.parse("tier=gold")}, {"eu/shop"}),
        ({"policy": GOLD}, {"eu/shop"}),
        ({"clusters": ("dr",)}, set()),
    ],
)
def test_what_stands_is_meant(asked: Mapping[str, object], expected: set[str]) -> None:
    living = [inventory(shop="gold", wiki="silver")]
    assert restored(Filter(**asked), living, []).keys() == expected


def test_what_has_vanished_is_known_by_the_points_that_name_it() -> None:
    points = [point("p", "gone"), point("q", "theirs", origin="dr")]
    assert restored(Filter(), [inventory()], points) == {"eu/gone": BY_HAND, "dr/theirs": BY_HAND}


def test_a_policy_claims_of_the_vanished_only_what_it_backed_up_itself() -> None:
    points = [point("p", "gone", policy="gold"), point("q", "others", policy="silver")]
    assert restored(Filter(policy=GOLD), [inventory()], points) == {
        "eu/gone": (Requirement.OBJECTS, Requirement.OFF_CLUSTER)
    }


def test_of_a_dead_cluster_the_points_tell_everything() -> None:
    assert restored(Filter(), [], [point("p", "shop")]) == {"eu/shop": BY_HAND}


def test_of_points_of_whole_clusters_only_the_newest_is_looked_into() -> None:
    looked: list[str] = []

    def read(known: RecoveryPoint) -> RecoveryPoint:
        looked.append(known.name)
        return known.model_copy(update={"contents": Contents(objects={"shop": 1, "kube-dns": 1})})

    whole = [
        point(f"p{n}", at=n, objects=None).model_copy(update={"scope": Scope(namespaces=("*",))})
        for n in range(50)
    ]
    assert restored(Filter(), [], whole, read) == {"eu/shop": BY_HAND}
    assert looked == ["p0"]


def test_what_cannot_be_read_is_given_up_after_a_few_tries() -> None:
    looked: list[str] = []

    def read(known: RecoveryPoint) -> RecoveryPoint:
        looked.append(known.name)
        return known

    whole = [
        point(f"p{n}", at=n, objects=None).model_copy(update={"scope": Scope(namespaces=("*",))})
        for n in range(50)
    ]
    assert restored(Filter(), [], whole, read) == {}
    assert len(looked) == 3


def test_the_systems_own_namespaces_are_meant_only_by_name() -> None:
    points = [point("p", "kube-system")]
    assert restored(Filter(), [], points) == {}
    assert restored(Filter(namespaces=("kube-system",)), [], points).keys() == {"eu/kube-system"}


def test_a_limited_point_names_its_namespace_though_it_never_serves() -> None:
    assert restored(Filter(namespaces=("shop",)), [], [point("p", limits="app=web")]).keys() == {
        "eu/shop"
    }


def test_a_namesake_in_the_target_is_left_out() -> None:
    both = [Wanted(workload("shop"), BY_HAND), Wanted(workload("shop", "dr"), BY_HAND)]
    other = [Wanted(workload("wiki", "dr"), BY_HAND)]

    def to_dr(of: Workload) -> Workload:
        return of.model_copy(update={"cluster": "dr"})

    assert without_namesakes([*both, *other], to_dr) == (both[0], other[0])
    assert without_namesakes(both, lambda of: of) == tuple(both)
