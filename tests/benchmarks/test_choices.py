"""Over a fleet of recovery points, the plan and the SQL beside it choose the same."""

from __future__ import annotations

from collections import Counter

import pytest

from .choice_contenders import CONTENDERS, some_clusters
from .choices import measure_choices
from .many_points import Answer, moments, rows, workloads

POINTS, WORKLOADS = 4000, 40


@pytest.fixture(scope="module", params=[1, WORKLOADS // 10], ids=["one cluster", "whole fleet"])
def answers(request: pytest.FixtureRequest) -> list[list[Answer]]:
    every = workloads(WORKLOADS)
    found = []
    for make in CONTENDERS.values():
        contender = make(rows(POINTS, every))
        contender.want(some_clusters(every, request.param, seed=1))
        asked = moments(POINTS // WORKLOADS, 1, 100)
        found.append([contender.rows(contender.ask(moment)) for moment in asked])
    return found


def test_both_choose_the_same(answers: list[list[Answer]]) -> None:
    ours, by_sql = answers
    assert ours == by_sql


def test_the_questions_are_worth_asking(answers: list[list[Answer]]) -> None:
    marks = Counter(mark for mark, _ in answers[0])
    chosen = {(row[1], str(row[4])) for _, found in answers[0] for row in found}
    assert marks["before-migration"]
    assert marks[""] > marks["before-migration"]
    assert len(chosen) > 100
    whole = [name for namespace, name in chosen if f"-{namespace}-" not in name]
    assert whole, "points of whole clusters"


def test_contenders_are_asked_in_turns_and_compared() -> None:
    measured = measure_choices(2000, 20, rounds=2)
    assert [len(each.runs) for each in measured.fleet.series.values()] == [2, 2]
    assert len(measured.cluster.questions["ours"]) == 400
