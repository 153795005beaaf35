"""Measures in turns, so that a busy moment of the machine meets every contender alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

_KEEPS_BYTECODE = "PYTHONPYCACHEPREFIX"
_FORBIDS_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Cost:
    """What one run cost: seconds by the clock, seconds of all processors, MiB at the peak.

    ``points`` is what it found, where it is to find something.
    """

    seconds: float
    processor_seconds: float
    peak_mib: float
    points: int = 0


@dataclass(frozen=True)
class Series:
    """The runs of one contender, in the order of the rounds."""

    name: str
    runs: tuple[Cost, ...]

    @property
    def seconds(self) -> float:
        """The median by the clock."""
        return median(run.seconds for run in self.runs)

    @property
    def fastest(self) -> float:
        """The shortest by the clock."""
        return min(run.seconds for run in self.runs)

    @property
    def slowest(self) -> float:
        """The longest by the clock."""
        return max(run.seconds for run in self.runs)

    @property
    def processor_seconds(self) -> float:
        """The median of all processors."""
        return median(run.processor_seconds for run in self.runs)

    @property
    def peak_mib(self) -> float:
        """The highest of all rounds."""
        return max(run.peak_mib for run in self.runs)

    def raw(self) -> list[dict[str, float]]:
        """Return the numbers as they were measured."""
        return [asdict(run) for run in self.runs]


@dataclass(frozen=True)
class Ratio:
    """How many times as long one takes as another: round against round."""

    middle: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} × ({self.lowest:.2f}–{self.highest:.2f})"


def in_turns(contenders: Mapping[str, Callable[[], Cost]], rounds: int) -> list[Series]:
    """Run all contenders one after the other, again and again."""
    runs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, run in contenders.items():
            runs[name].append(run())
            said = f"round {number} of {rounds}: {name}: {runs[name][-1].seconds:.3f} s"
            print(said, file=sys.stderr, flush=True)
    return [Series(name, tuple(costs)) for name, costs in runs.items()]


def clock(run: Cost) -> float:
    """What a run took by the clock."""
    return run.seconds


def processor(run: Cost) -> float:
    """What a run took of all processors."""
    return run.processor_seconds


def ratio(one: Series, other: Series, of: Callable[[Cost], float] = clock) -> Ratio:
    """Compare two contenders by the rounds that they shared."""
    ratios = [of(a) / of(b) for a, b in zip(one.runs, other.runs, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))


def as_installed(bytecode: Path) -> dict[str, str]:
    """Return the environment of programs in Python that were run before, as a user's were.

    Compiled modules are kept in a folder of ours, whatever the environment says of them.
    """
    environment = {k: v for k, v in os.environ.items() if k != _FORBIDS_BYTECODE}
    return environment | {_KEEPS_BYTECODE: str(bytecode)}
