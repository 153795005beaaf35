"""Who answers which recovery points make a moment: each in a process of its own, asked in turns.

``python -m tests.benchmarks.choice_contenders NAME POINTS WORKLOADS`` loads the points, asks once
about the whole fleet, and says ready. Then each line of standard input is a round, ``SEED QUESTIONS
CLUSTERS``; what it took is printed as JSON. Answers are compared outside the clock.
"""

from __future__ import annotations

import gc
import hashlib
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from .choice_ours import Planned
from .choice_sql import ByHand
from .many_points import NAMESPACES, Answer, moments, rows, workloads


class Contender(Protocol):
    """Answers about the workloads that are wanted."""

    def want(self, workloads: list[tuple[str, str]]) -> None:
        """Set of which workloads the next questions are."""

    def ask(self, moment: datetime) -> object:
        """Answer, in the contender's own form."""

    def rows(self, answer: object) -> Answer:
        """Return an answer in the form of all contenders."""


CONTENDERS: Mapping[str, Callable[..., Contender]] = {"ours": Planned, "sql": ByHand}


def ask_round(
    contender: Contender, turns: int, of: list[tuple[str, str]], seed: int, questions: int
) -> dict[str, object]:
    """Ask so many questions about these workloads; return seconds, and a digest of the answers."""
    contender.want(of)
    asked = moments(turns, seed, questions)
    seconds, answers = [], []
    processor = time.process_time()
    for moment in asked:
        begin = time.perf_counter()
        answers.append(contender.ask(moment))
        seconds.append(time.perf_counter() - begin)
    return {
        "seconds": seconds,
        "processor_seconds": time.process_time() - processor,
        "digest": _digest([contender.rows(answer) for answer in answers]),
    }


def some_clusters(every: list[tuple[str, str]], count: int, seed: int) -> list[tuple[str, str]]:
    """Return all workloads of so many clusters."""
    clusters = len(every) // NAMESPACES
    first = random.Random(seed).randrange(clusters - count + 1) * NAMESPACES  # noqa: S311  no secret
    return every[first : first + count * NAMESPACES]


def _digest(answers: list[Answer]) -> str:
    return hashlib.sha256(json.dumps(answers).encode()).hexdigest()


def main() -> None:
    """Load, then answer until standard input ends."""
    name, points, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    every = workloads(count)
    begin = time.perf_counter()
    gc.disable()  # as while a fleet's points are gathered
    contender = CONTENDERS[name](rows(points, every))
    gc.enable()
    gc.collect()  # what is held is old: Python's collector leaves it alone from now on
    loaded = time.perf_counter()
    turns = points // count
    ask_round(contender, turns, every, 0, 1)
    ready = {"load": loaded - begin, "first": time.perf_counter() - loaded}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        seed, questions, clusters = map(int, line.split())
        told = ask_round(contender, turns, some_clusters(every, clusters, seed), seed, questions)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**told, "peak_mib": peak}), flush=True)


if __name__ == "__main__":
    main()
