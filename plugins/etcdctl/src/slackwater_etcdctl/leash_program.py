"""Runs a program for exactly as long as somebody holds the other end of its standard input.

Run as a program of its own, before each save of a snapshot and each throw-away server. So it
imports almost nothing: ``subprocess``, ``threading`` and ``signal`` take thrice as long to load as
Python takes to start.
"""

from __future__ import annotations

import _thread
import os
import sys

_GRACE = 5.0
"""Seconds that the program has to end by itself once it was told to."""
_TERMINATE, _KILL = 15, 9
_IGNORED_BY_PYTHON = (13, 25)
"""SIGPIPE and SIGXFSZ, which the program is to know as usual."""


def _start(command: list[str]) -> int:
    """Start the program, with nothing to read; return its process id."""
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    return os.posix_spawnp(
        command[0], command, os.environ, file_actions=[nothing], setsigdef=_IGNORED_BY_PYTHON
    )


def _let_go(process: int, runs: _thread.LockType) -> None:
    """End the program, once nobody holds the other end any more."""
    while os.read(0, 1):  # unbuffered: a lock held in a thread would abort the interpreter's end
        pass
    os.kill(process, _TERMINATE)
    if not runs.acquire(timeout=_GRACE):
        os.kill(process, _KILL)


def main(command: list[str]) -> int:
    """Run the program; return its exit code."""
    process, runs = _start(command), _thread.allocate_lock()
    runs.acquire()
    _thread.start_new_thread(_let_go, (process, runs))
    # It is not reaped: its number stays its own, so that nobody else is ended in its place.
    ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    runs.release()
    if ended is not None and ended.si_code != os.CLD_EXITED:  # a signal is an answer, too
        _die_of(ended.si_status)
    return ended.si_status if ended is not None else 1


def _die_of(number: int) -> None:
    import signal

    if number not in (signal.SIGKILL, signal.SIGSTOP):  # they know no other answer
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
