"""``make bench``: measures side by side, prints tables. Numbers never fail it."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .choices import measure_choices
from .points import measure_points
from .report import choices_report, points_report, snapshots_report, startup_report
from .rounds import Series
from .snapshots import measure_snapshots
from .startup import measure_startup


@dataclass(frozen=True)
class Told:
    """What one benchmark has to say: for people, and as raw numbers."""

    report: str
    raw: object


def main() -> None:
    """Measure, print, and save if asked to."""
    asked = _arguments().parse_args()
    told = {name: _MEASURED[name](asked) for name in _MEASURED if name in asked.only}
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"# Slackwater beside others\n\nPython {platform.python_version()}, "
        f"{os.cpu_count()} processors, load {load}. Rounds: {asked.rounds} and {asked.starts}.\n"
    )
    for each in told.values():
        print(each.report)
    if asked.save:
        sizes = {"clusters": asked.clusters, "backups": asked.backups}
        raw = {**sizes, **{name: each.raw for name, each in told.items()}}
        asked.save.write_text(json.dumps(raw, indent=1) + "\n")


def _points(asked: argparse.Namespace) -> Told:
    result = measure_points(asked.clusters, asked.backups, asked.rounds)
    return Told(points_report(result), _runs(result.series))


def _startup(asked: argparse.Namespace) -> Told:
    result = measure_startup(asked.starts)
    return Told(startup_report(result), _runs(result.series))


def _choices(asked: argparse.Namespace) -> Told:
    result = measure_choices(asked.points, asked.workloads, asked.rounds)
    raw = {
        "points": result.points,
        "workloads": result.workloads,
        "loads": result.loads,
        "one cluster": result.cluster.questions,
        "whole fleet": result.fleet.questions,
    }
    return Told(choices_report(result), raw)


def _snapshots(asked: argparse.Namespace) -> Told:
    result = measure_snapshots(asked.etcd * 1_000_000, asked.rounds)
    return Told(snapshots_report(result), _runs(result.series))


def _runs(series: Iterable[Series]) -> dict[str, object]:
    return {each.name: each.raw() for each in series}


_MEASURED: Mapping[str, Callable[[argparse.Namespace], Told]] = {
    "P1": _points,
    "P2": _startup,
    "P3": _choices,
    "P6": _snapshots,
}


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=main.__doc__)
    every = tuple(_MEASURED)
    parser.add_argument("--only", nargs="+", choices=every, default=every, help="measure no others")
    parser.add_argument("--clusters", type=int, default=100, help="in the fleet")
    parser.add_argument("--backups", type=int, default=1000, help="in each cluster")
    parser.add_argument("--rounds", type=int, default=3, help="of everything but programs' starts")
    parser.add_argument("--starts", type=int, default=20, help="of each program")
    parser.add_argument("--points", type=int, default=1_000_000, help="to choose from")
    parser.add_argument("--workloads", type=int, default=1000, help="to choose for")
    parser.add_argument("--etcd", type=int, default=1000, metavar="MB", help="to save")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the raw numbers, as JSON")
    return parser


if __name__ == "__main__":
    main()
