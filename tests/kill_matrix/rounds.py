"""One round: a command is killed at a seeded point, resumed, perhaps killed again, and judged."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .commands import Commands
from .killing import Point, draw
from .scenario import Broken, Scenario, green
from .verdict import Verdict

_AGAIN = 0.35
"""How often a process that goes on is killed as well."""
_MOST_PROCESSES = 8


@dataclass
class Round:
    """What was done in one round, and what was found."""

    scenario: str
    seed: int
    kills: list[str] = field(default_factory=list)
    resumed: int = 0
    state: str = ""
    verdict: Verdict = field(default_factory=Verdict)
    said: str = ""

    def __str__(self) -> str:
        killed = ", ".join(self.kills) or "not killed"
        return f"{self.scenario} --seed {self.seed}: {killed}; {self.state}"


@dataclass
class Player:
    """Plays rounds of one kind of scenario."""

    kind: type[Scenario]
    commands: Commands
    bug: str = ""
    keep: bool = False
    _counted: Mapping[str, int] = field(default_factory=dict)

    def play(self, seed: int) -> Round:
        """Play the round of a seed: the same seed draws the same points."""
        chance = random.Random(f"{self.kind.name} {seed}")  # noqa: S311  to be drawn again
        points = _drawn(chance, self._effects())
        return self._play(Round(self.kind.name, seed), points)

    def play_at(self, *points: Point) -> Round:
        """Play a round in which one process after the other is killed at a point of its own."""
        return self._play(Round(self.kind.name, -1), iter(points))

    def _play(self, played: Round, points: Iterator[Point]) -> Round:
        with _folder(self.keep) as folder:
            scenario = self.kind(folder, self.commands)
            try:
                self._drive(scenario, played, points)
                self._judge(scenario, played)
            finally:
                scenario.close()
        return played

    def _effects(self) -> Mapping[str, int]:
        """Return how many effects the command has when nobody disturbs it."""
        if not self._counted:
            with _folder() as folder:
                scenario = self.kind(folder, self.commands)
                try:
                    words = scenario.prepare()
                    self._counted = scenario.must(*words).counted
                finally:
                    scenario.close()
        return self._counted

    def _drive(self, scenario: Scenario, played: Round, points: Iterator[Point]) -> None:
        words = scenario.prepare()
        for _ in range(_MOST_PROCESSES):
            kill = next(points, None)
            ended = scenario.do(*words, kill=kill, bug=self.bug)
            played.said = f"{ended.out}{ended.err}"
            if not ended.killed:
                return
            played.kills.append(str(kill))
            words = self._next(scenario, words, played)
        raise Broken(f"{played}: it does not come to an end")

    def _next(self, scenario: Scenario, words: Sequence[str], played: Round) -> Sequence[str]:
        """What a person does then: resume what was recorded, else ask again."""
        runs = scenario.runs()
        if not runs:
            if not scenario.untouched():
                played.verdict.orphans.append("something was done that is in no ledger")
            return words
        played.resumed += 1
        return ("runs", "resume", runs[0].id)

    def _judge(self, scenario: Scenario, played: Round) -> None:
        runs = scenario.runs()
        if len(runs) != 1:
            played.verdict.lost.append(f"{len(runs)} runs are in the ledger")
            return
        played.state = str(runs[0].state)
        if not green(runs[0]):
            played.verdict.lost.append(f"the run has ended as {played.state}: {runs[0].message}")
        scenario.judge(runs[0], played.verdict)


def _drawn(chance: random.Random, counted: Mapping[str, int]) -> Iterator[Point]:
    yield draw(chance, counted)
    while chance.random() < _AGAIN:
        yield draw(chance, counted)


@contextmanager
def _folder(keep: bool = False) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="kill-matrix-"))
    yield folder
    if not keep:
        shutil.rmtree(folder)
