"""The table of a matrix: one line for each scenario, and their sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .rounds import Round

COLUMNS = ("runs", "kills", "resumed", "lost", "doubled", "false green", "plain", "orphans")
NEVER = ("lost", "doubled", "false green")
"""What must be nought."""


def count(rounds: Iterable[Round]) -> Counter[str]:
    """Return the numbers of a line."""
    numbers: Counter[str] = Counter()
    for each in rounds:
        numbers["runs"] += 1
        numbers["kills"] += len(each.kills)
        numbers["resumed"] += bool(each.resumed)
        for name, found in each.verdict.counts.items():
            numbers[name.replace("_", " ")] += found
    return numbers


def table(rounds: Sequence[Round]) -> str:
    """Return the table as text."""
    names = list(dict.fromkeys(each.scenario for each in rounds))
    lines = {name: count(each for each in rounds if each.scenario == name) for name in names}
    lines["all"] = count(rounds)
    head = f"{'':18}" + "".join(f"{column:>13}" for column in COLUMNS)
    return "\n".join([head, *(_line(name, numbers) for name, numbers in lines.items())])


def _line(name: str, numbers: Mapping[str, int]) -> str:
    return f"{name:18}" + "".join(f"{numbers[column]:>13}" for column in COLUMNS)
