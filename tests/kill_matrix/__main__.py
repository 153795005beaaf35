"""``python -m tests.kill_matrix``: plays the matrix, or one seed of it, and prints what was found.

One round: a command of ours is killed with SIGKILL at a point that its seed draws (see
``killing``), what was recorded is resumed by a new process, which may be killed too, and the world
is held against what was asked for. The columns of the table:

    runs          rounds that were played
    kills         processes of ours that were killed in them
    resumed       rounds in which another process went on with what was recorded
    lost          the run ended, or was recorded, and the point or the restored thing is not there
    doubled       two points, operations or directories for one key
    false green   the run says "succeeded", and a comparison byte by byte, object by object does not
    plain         something lies in clear where it must not, after the last process has ended
    orphans       something lies about that belongs to nothing, after the last process has ended

Exit code 1 where anything was lost, doubled, or green and false.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .commands import commands
from .emulated import SCENARIOS
from .matrix import play
from .real import SCENARIOS as ON_ENGINES
from .real import on
from .scenario import Scenario
from .table import NEVER, count, table


def main() -> int:
    """Play what was asked for."""
    asked = _arguments().parse_args()
    seeds = range(asked.runs) if asked.seed is None else [asked.seed]
    rounds = []
    with commands() as processes, _stage(real=asked.real) as scenarios:
        kinds = [kind for kind in scenarios if not asked.scenario or kind.name == asked.scenario]
        for each in play(kinds, seeds, processes, bug=asked.bug, keep=asked.keep):
            rounds.append(each)
            if asked.seed is not None or not each.verdict.well:
                print(each, *each.verdict.lines(), sep="\n    ", flush=True)
            if asked.seed is not None:
                print(each.said)
    print(table(rounds))
    return int(any(count(rounds)[name] for name in NEVER))


@contextmanager
def _stage(*, real: bool) -> Iterator[Sequence[type[Scenario]]]:
    """Give the scenarios; real engines run until the block is left."""
    if not real:
        yield SCENARIOS
        return
    from slackwater_testbed import state
    from slackwater_testbed.testbed import Testbed

    testbed = Testbed(state.claim())
    try:
        testbed.install()
        yield on(testbed)
    finally:
        testbed.remove()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.kill_matrix", description="Kills and counts.")
    parser.add_argument("--scenario", choices=[kind.name for kind in (*SCENARIOS, *ON_ENGINES)])
    parser.add_argument("--real", action="store_true", help="on real engines")
    parser.add_argument("--runs", type=int, default=44, help="seeds of each scenario")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--bug", default="", help="plant one first")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    return parser


if __name__ == "__main__":
    sys.exit(main())
