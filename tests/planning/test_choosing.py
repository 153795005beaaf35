"""Which recovery points make a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackwater.catalogue.covering import Covering
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Contents, RecoveryPoint, Requirement
from slackwater.planning.choosing import Selections, Wanted, choose

from .points import NOON, minutes, point, volume, workload

BOTH = (Requirement.OBJECTS, Requirement.VOLUMES)


def chosen(
    points: Sequence[RecoveryPoint],
    namespaces: Sequence[str] = ("shop",),
    *,
    at: datetime = NOON,
    require: tuple[Requirement, ...] = BOTH,
    tolerance: float = 15,
    accept_partial: bool = False,
) -> Selections:
    return choose(
        [Wanted(workload(namespace), require) for namespace in namespaces],
        Covering(points),
        at,
        lambda known: known,
        tolerance=minutes(tolerance),
        accept_partial=accept_partial,
    )


def names(selections: Selections) -> list[str | None]:
    return [item.point.name if item.point else None for item in selections.items]


def test_the_newest_good_point_is_chosen() -> None:
    assert names(chosen([point("old", at=60), point("new", at=10), point("older", at=90)])) == [
        "new"
    ]


def test_a_point_serves_only_when_it_had_ended() -> None:
    running_over = point("over", at=2, lasts=3)
    assert names(chosen([running_over, point("before", at=30)])) == ["before"]


def test_a_point_that_ends_at_the_moment_serves_it() -> None:
    assert names(chosen([point("just", at=1, lasts=1)])) == ["just"]


def test_points_of_other_clusters_and_namespaces_are_not_meant() -> None:
    others = [point("us", origin="us"), point("crm", "crm"), point("nobody", origin="")]
    assert names(chosen(others)) == [None]


@pytest.mark.parametrize(
    "bad",
    [
        point("bad", at=5, phase=Phase.FAILED),
        point("bad", at=5, phase=Phase.UNKNOWN),
        point("bad", at=5, phase=Phase.RUNNING),
        point("bad", at=5, objects=None),
        point("bad", at=5, objects=0),
        point("bad", at=5, limits="only objects with label app=web"),
        point("bad", at=5, volumes=(volume("shop/data", held=False),)),
    ],
    ids=["failed", "unknown", "running", "unread", "empty", "limited", "skipped volume"],
)
def test_what_is_not_good_is_passed_over(bad: RecoveryPoint) -> None:
    assert names(chosen([bad, point("good", at=60)])) == ["good"]


def test_the_reasons_of_newer_points_that_are_not_good_are_kept() -> None:
    skipped = point("bad", at=5, volumes=(volume("shop/data", held=False),))
    item = chosen([skipped, point("good", at=60)]).items[0]
    assert [(p.name, reasons) for p, reasons in item.passed_over] == [
        ("bad", ("volume shop/data is not held: no tool can hold it",))
    ]


def test_a_partial_point_is_taken_only_when_asked_for_and_its_gaps_are_named() -> None:
    skipped = point("bad", at=5, volumes=(volume("shop/data", held=False),))
    item = chosen([skipped], accept_partial=True).items[0]
    assert item.point == skipped
    assert item.gaps == ("volume shop/data is not held: no tool can hold it",)


def test_unread_contents_are_never_accepted_as_partial() -> None:
    assert names(chosen([point("closed", objects=None)], accept_partial=True)) == [None]


def test_off_cluster_is_required_of_every_volume_that_is_held() -> None:
    near = point("near", at=5, volumes=(volume("shop/data", off_cluster=False),))
    far = point("far", at=60, volumes=(volume("shop/data"),))
    require = (*BOTH, Requirement.OFF_CLUSTER)
    assert names(chosen([near, far], require=require)) == ["far"]
    assert names(chosen([near, far])) == ["near"]


def mark(age: float, name: str = "before", run: str = "r-1") -> list[RecoveryPoint]:
    return [
        point(f"{namespace}-{name}-{run}", namespace, at=age + shift, mark=name, run=run)
        for namespace, shift in (("shop", 0), ("crm", 1))
    ]


def test_a_shared_mark_wins_while_no_part_loses_more_than_the_tolerance() -> None:
    newer = point("shop-newer", at=10)
    selections = chosen([newer, *mark(20)], ("shop", "crm"))
    assert names(selections) == ["shop-before-r-1", "crm-before-r-1"]
    assert selections.mark == "before"
    assert selections.spread == minutes(1)


def test_a_mark_that_loses_more_than_the_tolerance_yields_to_the_newest() -> None:
    newer = point("shop-newer", at=4)
    selections = chosen([newer, *mark(20)], ("shop", "crm"))
    assert names(selections) == ["shop-newer", "crm-before-r-1"]
    assert selections.mark == ""


def test_a_mark_that_lacks_a_part_is_no_mark() -> None:
    incomplete = mark(20)[:1]
    selections = chosen([*incomplete, point("crm-alone", "crm", at=25)], ("shop", "crm"))
    assert selections.mark == ""
    assert names(selections) == ["shop-before-r-1", "crm-alone"]


def test_parts_of_two_runs_with_one_name_do_not_make_a_mark() -> None:
    mixed = [mark(20, run="r-1")[0], mark(20, run="r-2")[1]]
    assert chosen(mixed, ("shop", "crm")).mark == ""


def test_the_newest_of_several_marks_is_chosen() -> None:
    selections = chosen([*mark(40, run="r-1"), *mark(20, run="r-2")], ("shop", "crm"))
    assert names(selections) == ["shop-before-r-2", "crm-before-r-2"]


def reading(points: Sequence[RecoveryPoint]) -> list[str]:
    """Choose for one workload; return the names of the points that were looked into."""
    asked: list[str] = []

    def read(known: RecoveryPoint) -> RecoveryPoint:
        asked.append(known.name)
        return known.model_copy(update={"contents": Contents(objects={"shop": len(asked) - 1})})

    item = Wanted(workload(), BOTH)
    choose([item], Covering(points), NOON, read, tolerance=minutes(15))
    return asked


def test_contents_are_read_newest_first_and_no_further_than_needed() -> None:
    points = [point(f"p{age}", at=age, objects=None) for age in (30, 10, 20)]
    assert reading(points) == ["p10", "p20"]


def test_contents_that_are_known_are_not_read_again() -> None:
    assert reading([point("new", at=10), point("old", at=20)]) == []
    assert reading([point("empty", at=10, objects=0), point("old", at=20, objects=None)]) == ["old"]


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60), st.booleans()), max_size=30),
    st.integers(0, 400),
)
def test_nothing_later_and_nothing_worse_than_the_best_is_ever_chosen(
    made: list[tuple[int, int, bool]], before: int
) -> None:
    moment = NOON - minutes(before)
    points = [
        point(f"p{i}", at=age, lasts=lasts, objects=3 if good else 0)
        for i, (age, lasts, good) in enumerate(made)
    ]
    found = chosen(points, at=moment).items[0].point
    good = [p for p in points if p.contents and p.contents.objects["shop"] and p.end]
    serving = [p for p in good if p.end is not None and p.end <= moment]
    if found is None:
        assert not serving
    else:
        assert found in serving
        assert all(p.begin is not None and p.begin <= found.begin for p in serving)  # type: ignore[operator]
