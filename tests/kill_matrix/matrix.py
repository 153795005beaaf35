"""Plays rounds of several scenarios, seed by seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .commands import Commands
from .rounds import Player, Round
from .scenario import Scenario


def play(
    kinds: Sequence[type[Scenario]],
    seeds: Iterable[int],
    commands: Commands,
    *,
    bug: str = "",
    keep: bool = False,
) -> Iterator[Round]:
    """Play every seed of every scenario, and yield each round as it ends."""
    numbers = list(seeds)
    for kind in kinds:
        player = Player(kind, commands, bug=bug, keep=keep)
        for seed in numbers:
            yield player.play(seed)
