"""P2: how long the shortest answers of the command line take, beside those of others."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slackwater_testbed.engines import binary, missing

from .rounds import Cost, Ratio, Series, as_installed, in_turns, ratio

OURS = ("slackwater --version", "slackwater --help")
PEER = "velero version --client-only"
FLOOR = "python -c pass"


@dataclass(frozen=True)
class StartupResult:
    """What P2 measured."""

    series: tuple[Series, ...]

    @property
    def ours(self) -> tuple[Series, ...]:
        """Our two short answers."""
        return tuple(each for each in self.series if each.name in OURS)

    def against_peer(self, one: Series) -> Ratio | None:
        """How many times as long as Velero's client it takes; None where that is not built."""
        peer = next((each for each in self.series if each.name == PEER), None)
        return ratio(one, peer) if peer else None


def measure_startup(rounds: int) -> StartupResult:
    """Start every program in turns, after one uncounted start of each."""
    with tempfile.TemporaryDirectory(prefix="slackwater-bench-") as place:
        environment = as_installed(Path(place))
        contenders = {
            name: partial(_start, argv, environment) for name, argv in _programs().items()
        }
        for start in contenders.values():
            start()  # compiles modules, and brings the files into memory
        return StartupResult(tuple(in_turns(contenders, rounds)))


def _programs() -> dict[str, Sequence[str]]:
    """The console script as pip installs it, beside the interpreter that runs this."""
    slackwater = str(Path(sys.executable).with_name("slackwater"))
    programs: dict[str, Sequence[str]] = {
        OURS[0]: [slackwater, "--version"],
        OURS[1]: [slackwater, "--help"],
        FLOOR: [sys.executable, "-c", "pass"],
    }
    if not missing(["velero"]):
        programs[PEER] = [str(binary("velero")), "version", "--client-only"]
    return programs


def _start(argv: Sequence[str], environment: Mapping[str, str]) -> Cost:
    begin = time.perf_counter()
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, argv)
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
