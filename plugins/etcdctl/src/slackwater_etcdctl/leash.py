"""Runs a program for exactly as long as somebody holds the other end of our standard input.

A process that is killed cannot end its children; but the kernel closes its pipes. So a throw-away
server, and a save that may take minutes, get this module, run as a program of its own, for a
parent, and do not outlive us.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_GRACE = 5.0
"""Seconds that the program has to end by itself once it was told to."""


def leash_on(command: Sequence[str]) -> list[str]:
    """Return the command that runs another as long as somebody holds its standard input."""
    return [sys.executable, "-IS", __file__, *command]


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


def _let_go(child: subprocess.Popen[bytes]) -> None:
    """End the program, once nobody holds the other end any more."""
    while os.read(0, 1):  # unbuffered: a lock held in a thread would abort the interpreter's end
        pass
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()


def main(command: Sequence[str]) -> int:
    """Run the program; return its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_let_go, args=(child,), daemon=True).start()
    code = child.wait()
    if code < 0:  # what ended it is an answer, too
        with suppress(OSError):  # SIGKILL knows no other answer
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
