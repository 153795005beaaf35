"""P1: the recovery points of a whole fleet, by each contender in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slackwater_testbed.engines import missing

from .fleet_files import write_fleet_files
from .rounds import Cost, Ratio, Series, as_installed, in_turns, ratio
from .server import recorded_fleet

OURS = "catalogue"
LOOP = "kubectl"
FLOOR = "unread"
PEERS = ("coroutines-orjson", "coroutines-msgspec", "threads-orjson", "threads-msgspec")
TITLES: Mapping[str, str] = {
    OURS: "Slackwater: `gather`, Velero's plugin",
    "coroutines-orjson": "httpx in an event loop, orjson",
    "coroutines-msgspec": "httpx in an event loop, msgspec untyped",
    "threads-orjson": "httpx in threads, orjson",
    "threads-msgspec": "httpx in threads, msgspec untyped",
    LOOP: "`kubectl get -A -o json` in `xargs -P`",
    FLOOR: "(the same bytes fetched and not read)",
}

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class PointsResult:
    """What P1 measured."""

    clusters: int
    backups: int
    series: tuple[Series, ...]

    @property
    def ours(self) -> Series:
        """The catalogue's runs."""
        return self._named(OURS)

    @property
    def best_peer(self) -> Series:
        """The peer in Python that was fastest in the middle."""
        return min((s for s in self.series if s.name in PEERS), key=lambda s: s.seconds)

    @property
    def against_peer(self) -> Ratio:
        """How many times as long as the best peer we take."""
        return ratio(self.ours, self.best_peer)

    @property
    def loop_against_ours(self) -> Ratio | None:
        """How many times as long as we the loop takes; None without a kubectl."""
        if LOOP not in {each.name for each in self.series}:
            return None
        return ratio(self._named(LOOP), self.ours)

    def _named(self, name: str) -> Series:
        return next(each for each in self.series if each.name == name)


def measure_points(clusters: int, backups: int, rounds: int) -> PointsResult:
    """Let every contender read the fleet in turns. Raises where one finds another number."""
    names = [OURS, *PEERS, LOOP, FLOOR]
    if missing(["kubernetes"]):
        names.remove(LOOP)
    with (
        recorded_fleet(clusters, backups) as urls,
        tempfile.TemporaryDirectory(prefix="slackwater-bench-") as place,
    ):
        folder = Path(place)
        write_fleet_files(folder, urls)
        contenders: dict[str, Callable[[], Cost]] = {
            name: partial(run_contender, name, folder, clusters * backups) for name in names
        }
        contenders[OURS]()  # compiles the modules that it loads, as its first run does everywhere
        return PointsResult(clusters, backups, tuple(in_turns(contenders, rounds)))


def run_contender(name: str, folder: Path, points: int) -> Cost:
    """Run one contender in a fresh process, which must find so many points."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.contenders", name, str(folder)],
        cwd=_ROOT,
        env=as_installed(folder / "bytecode"),
        stdout=subprocess.PIPE,
        check=True,
    )
    cost = Cost(**json.loads(done.stdout))
    if cost.points != points:
        raise ValueError(f"{name} found {cost.points} points of {points}")
    return cost
