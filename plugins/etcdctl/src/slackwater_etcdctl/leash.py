"""Runs a program for exactly as long as somebody holds the other end of our standard input.

A process that is killed cannot end its children; but the kernel closes its pipes. So a throw-away
server, and a save that may take minutes, get ``leash_program`` for a parent, and do not outlive us.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = Path(__file__).with_name("leash_program.py")


def leash_on(command: Sequence[str]) -> list[str]:
    """Return the command that runs another as long as somebody holds its standard input."""
    return [sys.executable, "-IS", str(_PROGRAM), *command]


@contextmanager
def leashed(
    command: Sequence[str], *, folder: Path, log: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as long as the block lasts, or as long as this process lives, if shorter."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            leash_on(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us: the block ends it in order
        )
    try:
        yield child
    finally:
        if child.stdin is not None:
            child.stdin.close()
        child.wait()
