"""Ratios are taken round against round, and every goal says whether it was met."""

from __future__ import annotations

from .choices import Asked, ChoicesResult
from .points import PointsResult
from .report import choices_report, points_report, snapshots_report, startup_report
from .rounds import Cost, Series, in_turns, ratio
from .snapshots import SnapshotsResult
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


def asked(ours: float, sql: float) -> Asked:
    took = {"ours": ours, "sql": sql}
    return Asked(
        {name: series(name, each, each) for name, each in took.items()},
        {name: (each / 10,) * 99 + (each,) for name, each in took.items()},
    )


def test_choices_are_judged_by_their_slowest_and_against_the_sql() -> None:
    loads = {"ours": (60.0, 10.0), "sql": (20.0, 0.1)}
    result = ChoicesResult(1_000_000, 1000, asked(0.04, 0.02), asked(1.1, 1.0), loads)
    report = choices_report(result)
    assert "one cluster: p99 40.0 ms, goal ≤ 50 ms: met" in report
    assert "one cluster: against the SQL: 2.00 × (2.00–2.00), goal ≤ 1.2 ×: missed" in report
    assert "whole fleet: p99 1100.0 ms, goal ≤ 1000 ms: missed" in report
    assert "whole fleet: against the SQL: 1.10 × (1.10–1.10), goal ≤ 1.2 ×: met" in report
    assert "one cluster: against the SQL by processor time: 2.00 × (2.00–2.00)" in report
    assert "points loaded in 60.0 s, first question 10.0 s" in report


def test_a_snapshot_is_judged_against_both_ways_by_hand() -> None:
    measured = (series("ours", 9, 9), series("steps", 10, 10), series("pipe", 8, 8))
    report = snapshots_report(SnapshotsResult(1_100_000_000, measured))
    assert "an etcd of 1,100 MB" in report
    assert "one after the other: 0.90 × (0.90–0.90), goal ≤ 1 ×: met" in report
    assert "in a pipe: 1.12 × (1.12–1.12), goal ≤ 1 ×: missed" in report
    assert "build etcd s3`" in snapshots_report(SnapshotsResult())
