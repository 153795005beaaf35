"""What was said when it was asked where data is makes a point as good as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slackwater.catalogue.reading import with_known_contents
from slackwater.catalogue.whereabouts import with_data_seen
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import (
    Contents,
    DataSight,
    HeldVolume,
    PointId,
    RecoveryPoint,
    Requirement,
    Whereabouts,
    shortfalls,
)
from slackwater.model.workload import Scope, Workload

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP = Workload(cluster="eu", namespace="shop")
VOLUMES = tuple(HeldVolume(namespace="shop", claim=claim, held=True) for claim in ("a", "b"))
LISTED = RecoveryPoint(
    id=PointId(tool="tide", store="s3://vault", name="one"),
    phase=Phase.SUCCEEDED,
    scope=Scope(namespaces=("shop",)),
    origin="eu",
    begin=NOON,
    end=NOON,
    contents=Contents(objects={"shop": 5}, volumes=VOLUMES),
    data=DataSight(),
)
LATER = NOON + timedelta(hours=1)
GONE = DataSight(
    whereabouts=Whereabouts.GONE, at=LATER, lost=(("shop", "a"),), message="a is gone, said the SAN"
)
THERE = DataSight(whereabouts=Whereabouts.THERE, at=LATER)
UNTOLD = DataSight(whereabouts=Whereabouts.UNTOLD, at=LATER, message="nobody answered")


class Memory:
    def __init__(self, sight: DataSight, read: RecoveryPoint | None = None) -> None:
        self.sight, self.read = sight, read

    def data_seen(self, ids):
        return dict.fromkeys(ids, self.sight)

    def contents(self, ids):
        return {point: self.read for point in ids if self.read}

    def remember_contents(self, point):
        raise AssertionError("nothing was read")


def test_a_point_whose_data_is_gone_is_not_good() -> None:
    (point,) = with_data_seen([LISTED], Memory(GONE))
    assert (point.phase, point.data) == (Phase.PARTIAL, GONE)
    assert [v.held for v in point.contents.volumes] == [False, True]
    assert shortfalls(point, SHOP, (Requirement.VOLUMES,)) == (
        "volume shop/a is not held: its data is gone",
    )
    assert shortfalls(point, SHOP, (Requirement.OBJECTS,))
    (finding,) = point.findings
    assert (finding.code, finding.message) == ("data-gone", "a is gone, said the SAN")


def test_what_was_judged_is_not_judged_twice() -> None:
    judged = with_data_seen([LISTED], Memory(GONE))
    assert with_data_seen(judged, Memory(GONE)) == judged


@pytest.mark.parametrize("sight", [THERE, UNTOLD])
def test_what_is_there_or_was_not_told_is_noted_and_makes_nothing_worse(sight: DataSight) -> None:
    (point,) = with_data_seen([LISTED], Memory(sight))
    assert point == LISTED.model_copy(update={"data": sight})


def test_an_answer_from_before_the_point_is_about_another_one() -> None:
    old = GONE.model_copy(update={"at": NOON - timedelta(seconds=1)})
    assert with_data_seen([LISTED], Memory(old)) == (LISTED,)


def test_a_tool_whose_word_is_enough_is_not_asked_about() -> None:
    plain = LISTED.model_copy(update={"data": None})
    assert with_data_seen([plain], Memory(GONE)) == (plain,)


def test_contents_from_memory_are_judged_too() -> None:
    """What was read when all was well makes no point better than what was found out since."""
    unread = LISTED.model_copy(update={"contents": None})
    (listed,) = with_data_seen([unread], Memory(GONE))
    usable = listed.model_copy(update={"phase": Phase.SUCCEEDED})
    for known in (LISTED, LISTED.model_copy(update={"data": None})):
        (point,) = with_known_contents([usable], Memory(GONE, read=known))
        assert (point.phase, point.data) == (Phase.PARTIAL, GONE)
        assert [v.held for v in point.contents.volumes] == [False, True]
