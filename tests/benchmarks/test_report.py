"""Ratios are taken round against round, and every goal says whether it was met."""

from __future__ import annotations

from .points import PointsResult
from .report import points_report, startup_report
from .rounds import Cost, Series, in_turns, ratio
from .startup import FLOOR, OURS, PEER, StartupResult


def series(name: str, *seconds: float, mib: float = 100) -> Series:
    return Series(name, tuple(Cost(each, each / 2, mib) for each in seconds))


def points(*more: Series, mib: float = 400) -> PointsResult:
    ours = series("catalogue", 3, 4, 5, mib=mib)
    slow, fast = series("threads-orjson", 9, 9, 9), series("coroutines-orjson", 3, 2, 5)
    return PointsResult(100, 1000, (ours, slow, fast, *more))


def test_contenders_take_turns() -> None:
    order: list[str] = []

    def run(name: str) -> Cost:
        order.append(name)
        return Cost(len(order), 0, 0)

    measured = in_turns({"a": lambda: run("a"), "b": lambda: run("b")}, 2)
    assert order == ["a", "b", "a", "b"]
    assert [[run.seconds for run in each.runs] for each in measured] == [[1, 3], [2, 4]]


def test_a_ratio_compares_rounds_and_not_medians() -> None:
    busy = ratio(series("a", 2, 20, 2), series("b", 1, 10, 2))
    assert (busy.middle, busy.lowest, busy.highest) == (2, 1, 2)


def test_the_fastest_peer_is_the_one_that_counts() -> None:
    report = points_report(points())
    assert "against the fastest peer (httpx in an event loop, orjson): 1.00 × (1.00–2.00)" in report


def test_goals_are_judged() -> None:
    report = points_report(points(series("kubectl", 12, 24, 20), mib=501))
    assert "goal ≤ 1.5 ×: met" in report
    assert "the kubectl loop against us: 4.00 × (4.00–6.00), goal ≥ 5 ×: missed" in report
    assert "peak memory 501 MiB, goal ≤ 500: missed" in report


def test_what_is_not_built_is_named_with_the_way_out() -> None:
    assert "build kubernetes`" in points_report(points())
    alone = StartupResult((series(OURS[0], 0.1), series(FLOOR, 0.01)))
    assert "build velero`" in startup_report(alone)


def test_short_answers_are_judged_each() -> None:
    measured = (series(OURS[0], 0.1), series(OURS[1], 0.16), series(PEER, 0.06))
    report = startup_report(StartupResult(measured))
    assert "`slackwater --version` against velero: 1.67 × (1.67–1.67), goal ≤ 2 ×: met" in report
    assert "`slackwater --help` against velero: 2.67 × (2.67–2.67), goal ≤ 2 ×: missed" in report
    assert "`slackwater --help` 160 ms, goal < 150: missed" in report
