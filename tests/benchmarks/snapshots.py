"""P6: a snapshot of etcd, encrypted, in the bucket: by each contender in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from slackwater_testbed.engines import missing

from .rounds import Cost, Ratio, Series, as_installed, in_turns, processor, ratio
from .snapshot_stage import Stage, staged

OURS, STEPS, PIPE = "ours", "steps", "pipe"
TITLES: Mapping[str, str] = {
    OURS: "Slackwater: save, check, hash, encrypt, store, manifest",
    STEPS: "`etcdctl snapshot save`, `zstd`, age, upload: one after the other",
    PIPE: "`etcdctl snapshot save`, then `zstd`, age and upload in a pipe",
}
ENGINES = ["etcd", "s3"]
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class SnapshotsResult:
    """What P6 measured; ``size`` is that of the database in bytes. Without engines: no series."""

    size: int = 0
    series: tuple[Series, ...] = ()

    def against(self, peer: str) -> Ratio:
        """How many times as long as a peer we take."""
        named = {each.name: each for each in self.series}
        return ratio(named[OURS], named[peer])

    def by_processor(self, peer: str) -> Ratio:
        """How many times as much processor time: that of the process and its programs, without
        the servers.
        """
        named = {each.name: each for each in self.series}
        return ratio(named[OURS], named[peer], of=processor)


def measure_snapshots(size: int, rounds: int) -> SnapshotsResult:
    """Fill an etcd with values of so many bytes, and let every contender save it in turns."""
    if missing(ENGINES):
        return SnapshotsResult()
    with staged(size) as stage, tempfile.TemporaryDirectory(prefix="slackwater-bench-") as place:
        numbers = count()

        def turn(name: str) -> Cost:
            return run_contender(name, stage, f"{name}-{next(numbers)}", Path(place))

        contenders = {name: lambda name=name: turn(name) for name in TITLES}
        turn(OURS)  # compiles modules, and brings the database into memory
        series = tuple(in_turns(contenders, rounds))
        return SnapshotsResult(stage.database_size(), series)


def run_contender(name: str, stage: Stage, run: str, bytecode: Path) -> Cost:
    """Run one contender in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.snapshot_contenders", name, stage.folder, run],
        cwd=_ROOT,
        env=as_installed(bytecode),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Cost(**json.loads(done.stdout))
