"""``make bench``: measures side by side, prints tables. Numbers never fail it."""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

from .choices import ChoicesResult, measure_choices
from .points import PointsResult, measure_points
from .report import choices_report, points_report, snapshots_report, startup_report
from .snapshots import SnapshotsResult, measure_snapshots
from .startup import StartupResult, measure_startup


def main() -> None:
    """Measure, print, and save if asked to."""
    asked = _arguments().parse_args()
    points = measure_points(asked.clusters, asked.backups, asked.rounds)
    startup = measure_startup(asked.starts)
    choices = measure_choices(asked.points, asked.workloads, asked.rounds)
    snapshots = measure_snapshots(asked.etcd * 1_000_000, asked.rounds)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"# Slackwater beside others\n\nPython {platform.python_version()}, "
        f"{os.cpu_count()} processors, load {load}. Rounds: {asked.rounds} and {asked.starts}.\n"
    )
    print(points_report(points))
    print(startup_report(startup))
    print(choices_report(choices))
    print(snapshots_report(snapshots))
    if asked.save:
        asked.save.write_text(
            json.dumps(_raw(points, startup, choices, snapshots), indent=1) + "\n"
        )


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=main.__doc__)
    parser.add_argument("--clusters", type=int, default=100, help="in the fleet")
    parser.add_argument("--backups", type=int, default=1000, help="in each cluster")
    parser.add_argument("--rounds", type=int, default=3, help="of everything but programs' starts")
    parser.add_argument("--starts", type=int, default=20, help="of each program")
    parser.add_argument("--points", type=int, default=1_000_000, help="to choose from")
    parser.add_argument("--workloads", type=int, default=1000, help="to choose for")
    parser.add_argument("--etcd", type=int, default=1000, metavar="MB", help="to save")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the raw numbers, as JSON")
    return parser


def _raw(
    points: PointsResult,
    startup: StartupResult,
    choices: ChoicesResult,
    snapshots: SnapshotsResult,
) -> dict[str, object]:
    return {
        "clusters": points.clusters,
        "backups": points.backups,
        "P1": {each.name: each.raw() for each in points.series},
        "P2": {each.name: each.raw() for each in startup.series},
        "P3": {
            "points": choices.points,
            "workloads": choices.workloads,
            "loads": choices.loads,
            "one cluster": choices.cluster.questions,
            "whole fleet": choices.fleet.questions,
        },
        "P6": {each.name: each.raw() for each in snapshots.series},
    }


if __name__ == "__main__":
    main()
