"""P3: which recovery points make a moment, over a million of them, beside SQL written by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .many_points import NAMESPACES
from .rounds import Cost, Ratio, Series, in_turns, processor, ratio

OURS, PEER = "ours", "sql"
TITLES: Mapping[str, str] = {
    OURS: "Slackwater: `choose` over a catalogue that is held",
    PEER: "SQL by hand, SQLite in memory",
}
_CLUSTER_QUESTIONS = 200
_FLEET_QUESTIONS = 20
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Asked:
    """One kind of question: by contender, the rounds and what every single question took."""

    series: Mapping[str, Series]
    questions: Mapping[str, tuple[float, ...]]

    @property
    def against_peer(self) -> Ratio:
        """How many times as long as the SQL we take: a round's questions together."""
        return ratio(self.series[OURS], self.series[PEER])

    @property
    def by_processor(self) -> Ratio:
        """The same by processor time, which other work on the machine disturbs less."""
        return ratio(self.series[OURS], self.series[PEER], of=processor)

    def at_most(self, name: str, share: float) -> float:
        """Return the seconds within which this share of the questions was answered."""
        ordered = sorted(self.questions[name])
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True)
class ChoicesResult:
    """What P3 measured. ``loads`` are seconds: to load the points, and to ask first."""

    points: int
    workloads: int
    cluster: Asked
    fleet: Asked
    loads: Mapping[str, tuple[float, float]]


class _Process:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        ready = self._read()
        self.load = ready["load"], ready["first"]
        self.questions: list[float] = []
        self.digests: list[str] = []

    def ask(self, seed: int, questions: int, clusters: int) -> Cost:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seed} {questions} {clusters}\n")
        self._process.stdin.flush()
        told = self._read()
        self.questions += told["seconds"]
        self.digests.append(told["digest"])
        return Cost(sum(told["seconds"]), told["processor_seconds"], told["peak_mib"])

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def measure_choices(points: int, workloads: int, rounds: int) -> ChoicesResult:
    """Load the points into every contender, and ask them in turns. Raises where answers differ."""
    with ExitStack() as stack:
        loaded = {name: stack.enter_context(_contender(name, points, workloads)) for name in TITLES}
        return ChoicesResult(
            points=points,
            workloads=workloads,
            cluster=_ask(loaded, rounds, _CLUSTER_QUESTIONS, 1),
            fleet=_ask(loaded, rounds, _FLEET_QUESTIONS, workloads // NAMESPACES),
            loads={name: process.load for name, process in loaded.items()},
        )


def _ask(loaded: Mapping[str, _Process], rounds: int, questions: int, clusters: int) -> Asked:
    for process in loaded.values():
        process.ask(0, questions, clusters)
        process.questions, process.digests = [], []

    def turn(process: _Process) -> Cost:
        return process.ask(len(process.digests) + 1, questions, clusters)

    contenders = {name: lambda process=process: turn(process) for name, process in loaded.items()}
    series = in_turns(contenders, rounds)
    if loaded[OURS].digests != loaded[PEER].digests:
        raise ValueError("the contenders chose differently")
    return Asked(
        {each.name: each for each in series},
        {name: tuple(process.questions) for name, process in loaded.items()},
    )


@contextmanager
def _contender(name: str, points: int, workloads: int) -> Iterator[_Process]:
    argv = [sys.executable, "-m", "tests.benchmarks.choice_contenders"]
    with subprocess.Popen(
        [*argv, name, str(points), str(workloads)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield _Process(process)
        assert process.stdin is not None
        process.stdin.close()  # it ends when nobody asks any more
