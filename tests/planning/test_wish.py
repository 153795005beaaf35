"""What comes back with a control plane, and what needs a recovery point of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slackwater.model.moment import Moment
from slackwater.model.request import Existing, RestoreMapping
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning.choosing import Wanted
from slackwater.planning.wish import Wish

NOON = Moment(at=datetime(2026, 11, 21, 12, tzinfo=UTC), zone="UTC", assumed_zone=False, text="")
WHOLE = Workload(cluster="eu", kind=WorkloadKind.CONTROL_PLANE)
OBJECTS = Workload(cluster="eu", kind=WorkloadKind.CLUSTER_OBJECTS)
SHOP = Workload(cluster="eu", namespace="shop")
THEIRS = Workload(cluster="us", namespace="shop")


def wish(*wanted: Workload, **more: object) -> Wish:
    return Wish(NOON, tuple(Wanted(workload, ()) for workload in wanted), **more)


@pytest.mark.parametrize(
    ("more", "covered"),
    [
        ({}, (OBJECTS, SHOP)),
        ({"targets": {"eu": "dr"}}, ()),
        ({"targets": {"": "dr"}}, ()),
        ({"targets": {"us": "eu"}}, (OBJECTS, SHOP)),
        ({"mapping": RestoreMapping(namespaces={"eu/shop": "shop2"})}, (OBJECTS,)),
        ({"mapping": RestoreMapping(namespaces={"us/shop": "shop2"})}, (OBJECTS, SHOP)),
    ],
)
def test_what_goes_back_to_its_own_place_is_covered(more, covered):
    asked = wish(WHOLE, OBJECTS, SHOP, THEIRS, **more)
    apart, found = asked.split()
    assert found == covered
    assert [item.workload for item in apart] == [
        workload for workload in (WHOLE, OBJECTS, SHOP, THEIRS) if workload not in covered
    ]


def test_without_a_control_plane_nothing_is_covered():
    assert wish(OBJECTS, SHOP).split()[1] == ()


def test_a_control_plane_is_neither_moved_nor_changed():
    asked = wish(
        WHOLE,
        targets={"": "dr"},
        mapping=RestoreMapping(storage_classes={"fast": "slow"}),
        existing=Existing.UPDATE,
    )
    assert asked.target(WHOLE) == WHOLE
    assert asked.mapping_for(WHOLE) == RestoreMapping()
    assert asked.existing_for(WHOLE) is Existing.KEEP
    assert asked.mapping_for(SHOP).storage_classes == {"fast": "slow"}
