"""The measurements as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import choices, snapshots
from .choices import Asked, ChoicesResult
from .points import TITLES, PointsResult
from .rounds import Ratio, Series
from .snapshots import SnapshotsResult
from .startup import StartupResult

MOST_AGAINST_PEER = 1.5
LEAST_AGAINST_LOOP = 5.0
MOST_MIB = 500
MOST_AGAINST_CLIENT = 2.0
MOST_MILLISECONDS = 150
MOST_AGAINST_SQL = 1.2
MOST_SECONDS_OF_CLUSTER = 0.05
MOST_SECONDS_OF_FLEET = 1.0
MOST_AGAINST_HAND = 1.0

_NOT_BUILT = "not measured: not built (`python -m slackwater_testbed build {}`)"


def points_report(result: PointsResult) -> str:
    """Return P1 as a heading, a table, and a line for each goal."""
    peer = TITLES[result.best_peer.name]
    loop = result.loop_against_ours
    goals = [
        _goal(f"against the fastest peer ({peer})", result.against_peer, most=MOST_AGAINST_PEER),
        _goal("the kubectl loop against us", loop, least=LEAST_AGAINST_LOOP)
        if loop
        else f"the kubectl loop: {_NOT_BUILT.format('kubernetes')}",
        f"peak memory {result.ours.peak_mib:.0f} MiB, "
        + _judged(result.ours.peak_mib <= MOST_MIB, f"≤ {MOST_MIB}"),
    ]
    title = f"P1: recovery points of {result.clusters:,} clusters × {result.backups:,} backups"
    rows = [
        f"| {TITLES[each.name]} | {_cells(each, 's', 1)} | {each.peak_mib:.0f} |"
        for each in result.series
    ]
    head = ("contender", "median, s", "spread, s", "processor, s", "peak, MiB")
    return _section(title, head, rows, goals)


def startup_report(result: StartupResult) -> str:
    """Return P2 as a heading, a table, and a line for each goal."""
    rows = [f"| `{each.name}` | {_cells(each, 'ms', 1000)} |" for each in result.series]
    head = ("program", "median, ms", "spread, ms", "processor, ms")
    return _section("P2: short answers", head, rows, _startup_goals(result))


def choices_report(result: ChoicesResult) -> str:
    """Return P3 as a heading, a table for each kind of question, and a line for each goal."""
    title = (
        f"P3: a moment among {result.points:,} recovery points of {result.workloads:,} workloads"
    )
    rows = [
        f"| {what}: {choices.TITLES[name]} | {_questions(asked, name)} |"
        for what, asked in (("one cluster", result.cluster), ("whole fleet", result.fleet))
        for name in choices.TITLES
    ]
    head = ("question: contender", "median, ms", "p99, ms", "slowest, ms", "peak, MiB")
    loads = (
        f"{choices.TITLES[name]}: points loaded in {load:.1f} s, first question {first:.1f} s"
        for name, (load, first) in result.loads.items()
    )
    return _section(title, head, rows, [*_choices_goals(result), *loads])


def _choices_goals(result: ChoicesResult) -> Iterator[str]:
    for what, asked, most in (
        ("one cluster", result.cluster, MOST_SECONDS_OF_CLUSTER),
        ("whole fleet", result.fleet, MOST_SECONDS_OF_FLEET),
    ):
        took = asked.at_most(choices.OURS, 0.99)
        yield f"{what}: p99 {took * 1000:.1f} ms, {_judged(took <= most, f'≤ {most * 1000:g} ms')}"
        yield _goal(f"{what}: against the SQL", asked.against_peer, most=MOST_AGAINST_SQL)
        yield f"{what}: against the SQL by processor time: {asked.by_processor}"


def _questions(asked: Asked, name: str) -> str:
    took = (asked.at_most(name, share) * 1000 for share in (0.5, 0.99, 1))
    times = " | ".join(f"{each:.2f}" for each in took)
    return f"{times} | {asked.series[name].peak_mib:.0f}"


def snapshots_report(result: SnapshotsResult) -> str:
    """Return P6 as a heading, a table, and a line for each goal."""
    rows = [
        f"| {snapshots.TITLES[each.name]} | {_cells(each, 's', 1)} | {each.peak_mib:.0f} |"
        for each in result.series
    ]
    goals = [
        _goal(f"against {snapshots.TITLES[peer]}", result.against(peer), most=MOST_AGAINST_HAND)
        for peer in (snapshots.STEPS, snapshots.PIPE)
        if result.series
    ]
    goals += [
        f"the same by processor time: {result.by_processor(peer)}"
        for peer in (snapshots.STEPS, snapshots.PIPE)
        if result.series
    ]
    head = ("contender", "median, s", "spread, s", "processor, s", "peak, MiB")
    title = f"P6: a snapshot of an etcd of {result.size / 1e6:,.0f} MB, encrypted, in S3"
    return _section(title, head, rows, goals or [_NOT_BUILT.format(" ".join(snapshots.ENGINES))])


def _startup_goals(result: StartupResult) -> Iterator[str]:
    for ours in result.ours:
        against = result.against_peer(ours)
        if against is None:
            yield f"`{ours.name}` against velero: {_NOT_BUILT.format('velero')}"
        else:
            yield _goal(f"`{ours.name}` against velero", against, most=MOST_AGAINST_CLIENT)
        took = ours.seconds * 1000
        judged = _judged(took < MOST_MILLISECONDS, f"< {MOST_MILLISECONDS}")
        yield f"`{ours.name}` {took:.0f} ms, {judged}"


def _cells(series: Series, unit: str, factor: int) -> str:
    digits = 0 if unit == "ms" else 2
    numbers = (series.seconds, series.fastest, series.slowest, series.processor_seconds)
    median, fastest, slowest, processor = (f"{number * factor:.{digits}f}" for number in numbers)
    return f"{median} | {fastest}–{slowest} | {processor}"


def _goal(what: str, measured: Ratio, *, most: float = 0, least: float = 0) -> str:
    met = measured.middle <= most if most else measured.middle >= least
    return f"{what}: {measured}, {_judged(met, f'≤ {most:g} ×' if most else f'≥ {least:g} ×')}"


def _judged(met: bool, goal: str) -> str:
    return f"goal {goal}: {'met' if met else 'missed'}"


def _section(title: str, head: Iterable[str], rows: Iterable[str], goals: Iterable[str]) -> str:
    columns = list(head)
    lines = [
        f"## {title}",
        "",
        f"| {' | '.join(columns)} |",
        "|---" + "|--:" * (len(columns) - 1) + "|",
        *rows,
        "",
        *(f"- {goal}" for goal in goals),
        "",
    ]
    return "\n".join(lines)
