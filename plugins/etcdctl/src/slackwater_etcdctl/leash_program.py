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


class _Running:
    """The program, as long as its number is its own: until it is reaped."""

    def __init__(self, command: list[str]) -> None:
        self._process = _start(command)
        self._runs, self._turn = _thread.allocate_lock(), _thread.allocate_lock()
        self._reaped = False
        self._runs.acquire()

    def wait(self) -> os.waitid_result | None:
        """Wait until it ends; then what it has used counts as ours, and nobody signals it."""
        ended = os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOWAIT)
        with self._turn:
            self._reaped = True
            os.waitpid(self._process, 0)
        self._runs.release()
        return ended

    def let_go(self) -> None:
        """End the program, once nobody holds the other end any more."""
        while os.read(0, 1):  # unbuffered: a lock held in a thread would abort our own end
            pass
        self._signal(_TERMINATE)
        if not self._runs.acquire(timeout=_GRACE):
            self._signal(_KILL)

    def _signal(self, number: int) -> None:
        with self._turn:
            if not self._reaped:
                os.kill(self._process, number)


def main(command: list[str]) -> int:
    """Run the program; return its exit code."""
    running = _Running(command)
    _thread.start_new_thread(running.let_go, ())
    ended = running.wait()
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
