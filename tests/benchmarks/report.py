"""The measurements as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .points import TITLES, PointsResult
from .rounds import Ratio, Series
from .startup import StartupResult

MOST_AGAINST_PEER = 1.5
LEAST_AGAINST_LOOP = 5.0
MOST_MIB = 500
MOST_AGAINST_CLIENT = 2.0
MOST_MILLISECONDS = 150

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
