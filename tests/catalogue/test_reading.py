"""What was read of a point once is believed for as long as the point is listed as usable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slackwater.catalogue.reading import with_known_contents
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Contents, PointId, RecoveryPoint
from slackwater.model.workload import Scope

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
READ = RecoveryPoint(
    id=PointId(tool="tide", store="s3://vault", name="one"),
    phase=Phase.SUCCEEDED,
    scope=Scope(control_plane=True),
    begin=NOON,
    end=NOON,
    contents=Contents(objects={"": 5}),
)


class Remembered:
    def contents(self, ids):
        return {point: READ for point in ids if point == READ.id}

    def remember_contents(self, point):
        raise AssertionError("nothing was read")

    def data_seen(self, ids):
        return {}


def seen_again(**changes) -> RecoveryPoint:
    listed = READ.model_copy(update={"contents": None, **changes})
    (point,) = with_known_contents([listed], Remembered())
    return point


def test_what_was_read_is_filled_in() -> None:
    assert seen_again().contents == READ.contents


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.UNKNOWN])
def test_what_was_read_makes_no_point_better_than_it_is_listed(phase: Phase) -> None:
    point = seen_again(phase=phase)

    assert (point.phase, point.contents) == (phase, None)


def test_what_a_listing_shows_inside_is_newer_than_memory() -> None:
    shown = Contents(objects={"": 4})
    assert seen_again(contents=shown, phase=Phase.PARTIAL).contents == shown


def test_what_was_read_of_another_point_of_that_name_is_not_filled_in() -> None:
    assert seen_again(begin=NOON - timedelta(hours=1)).contents is None
