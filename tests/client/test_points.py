"""What recovery points there are, whoever made them and whoever shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slackwater.errors import ConfigurationError, RecoveryPointNotFound
from slackwater.testing.memory import Mishap, Refusal, Volume

from .stage import Stage, drive

NOW = datetime.now(UTC)


def names(catalogue) -> list[str]:
    return [point.name for point in catalogue.points]


@pytest.fixture
def adopted(stage: Stage) -> Stage:
    stage.adopt("old", "shop", taken=NOW - timedelta(hours=5))
    stage.adopt("new", "crm", taken=NOW - timedelta(hours=1))
    return stage


def test_points_that_others_made_are_there_newest_first(adopted: Stage) -> None:
    with adopted.open() as fleet:
        found = fleet.points()
    assert names(found) == ["new", "old"]
    assert {point.made_by for point in found.points} == {"their-nightly"}


def test_the_only_cluster_that_writes_to_the_store_is_their_origin(adopted: Stage) -> None:
    with adopted.open() as fleet:
        assert {point.origin for point in fleet.points().points} == {"eu"}
    adopted.world.show_store("dr", "eu-store", "theirs")
    with adopted.open() as fleet:
        assert {point.origin for point in fleet.points().points} == {""}, "never guessed"


CHOSEN = [
    ({"namespace": "shop"}, ["old"]),
    ({"since": "2h ago"}, ["new"]),
    ({"at": "2h ago"}, ["old"]),
    ({"at": NOW - timedelta(hours=2)}, ["old"]),
    ({"cluster": "eu"}, ["new", "old"]),
    ({"cluster": ["dr"]}, []),
    ({"selector": "env=prod"}, ["new", "old"]),
    ({"selector": "env!=prod"}, []),
    ({"tool": "memory"}, ["new", "old"]),
    ({"tool": "other"}, []),
]


def test_points_are_chosen(adopted: Stage) -> None:
    with adopted.open() as fleet:
        for asked, expected in CHOSEN:
            assert names(fleet.points(**asked)) == expected, asked


WRONG = [
    ({"cluster": "us"}, 'no cluster "us" (known: eu, dr)'),
    ({"selector": "env in"}, "--selector"),
    ({"at": "some day"}, "is no moment"),
    ({"since": "2h"}, "is no moment"),
]


def test_a_wrong_word_is_named(adopted: Stage) -> None:
    with adopted.open() as fleet:
        for asked, words in WRONG:
            with pytest.raises(ConfigurationError) as refused:
                fleet.points(**asked)
            assert words in str(refused.value), asked


def test_a_point_is_shown_with_what_it_holds_volumes_passed_over_included(stage: Stage) -> None:
    skipped = Volume(claim="data", skipped="hostPath")
    stage.adopt("p", "shop", taken=NOW, volumes=[skipped])
    with stage.open() as fleet:
        point = fleet.point("p")
        assert fleet.point(str(point.id)) == point
    assert point.contents is not None
    assert point.contents.objects == {"shop": 1}
    assert [(v.claim, v.held, v.reason) for v in point.contents.volumes] == [
        ("data", False, "hostPath")
    ]


def test_what_was_read_once_is_known_without_asking_again(adopted: Stage) -> None:
    with adopted.open() as fleet:
        fleet.point("new")
    with adopted.open() as fleet:
        known = {p.name: p.contents is not None for p in fleet.points().points}
    assert known == {"new": True, "old": False}


def test_two_points_of_one_name_must_be_told_apart(adopted: Stage) -> None:
    adopted.adopt("new", "crm", taken=NOW, store="dr-store")
    with adopted.open() as fleet:
        with pytest.raises(RecoveryPointNotFound, match="2 recovery points are named new") as many:
            fleet.point("new")
        assert fleet.point("memory:dr-store/new").id.store == "dr-store"
        with pytest.raises(RecoveryPointNotFound, match="no recovery point lost"):
            fleet.point("lost")
    assert "memory:eu-store/new" in many.value.hint


def test_a_silent_tool_is_a_finding_and_the_others_answers_stand(adopted: Stage) -> None:
    adopted.world.misbehave("dr", Mishap(refusal=Refusal.UNAVAILABLE, times=None))
    with adopted.open() as fleet:
        found = fleet.points()
    assert names(found) == ["new", "old"]
    assert {(s.cluster, s.answered) for s in found.sources} == {("eu", True), ("dr", False)}
    assert [(f.code, f.cluster) for f in found.findings] == [("no-answer", "dr")]


def test_points_of_a_silent_cluster_are_remembered_once_they_were_read(stage: Stage) -> None:
    stage.put("eu", "shop", tier="gold")
    with stage.open() as fleet:
        drive(fleet.backup("gold"))
    stage.world.misbehave("eu", Mishap(refusal=Refusal.UNAVAILABLE, times=None))
    with stage.open() as fleet:
        found = fleet.points()
    assert len(found.points) == 1
    assert {f.code for f in found.findings} == {"no-answer", "only-remembered"}
