"""The user's own etcdctl, etcdutl and etcd: found, their versions and flags asked for, run.

A program gets a list of arguments, no shell, and an environment of its own: nothing of the user's
``ETCDCTL_*`` reaches it, for a flag and its variable given both is fatal (measured, 3.4 to 3.6).
Secrets travel in that environment or in private files, never in arguments.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from slackwater.backend import Stopped
from slackwater_etcdctl.errors import ToolMissing, died, failed, missing, timed_out
from slackwater_etcdctl.leash import leash_on

_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG")
_SPARING = {"GOGC": "400", "GOMEMLIMIT": "512MiB", "GOMAXPROCS": "1"}
"""For the Go runtime of these programs: they keep little, throw away much, and do one thing at a
time. Measured on 1.3 GB: rarer collections save a quarter of the processor time of ``snapshot
status``, one processor a quarter of that of ``snapshot save``, which spends it on waking others;
it still takes 200 MB a second. The limit keeps their memory small where they hold more."""
_LOOK = 0.1
"""Seconds between two looks whether to stop."""
_GRACE = 2.0
"""Seconds that a program has to end by itself once it was told to."""
_QUICK = 10.0
"""Seconds for ``version`` and ``--help``, which contact nothing."""
_LAST_LINES = 12
_HIDDEN = "…"


class Program(StrEnum):
    """The programs, by the names under which they are looked for on the PATH."""

    ETCDCTL = "etcdctl"
    ETCDUTL = "etcdutl"
    ETCD = "etcd"


@dataclass(frozen=True)
class Output:
    """What a program printed."""

    stdout: str
    stderr: str


@dataclass
class Tools:
    """The programs of one cluster. May be used from several threads.

    ``wanted`` are the paths that the fleet file names; what it leaves out is looked for on the
    PATH. ``cluster`` is named by errors. Versions and flags are asked for once.
    """

    cluster: str
    wanted: Mapping[Program, str] = field(default_factory=dict)
    _known: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def path(self, program: Program) -> Path:
        """Return where the program is. Raises ``ToolMissing``."""
        wanted = self.wanted.get(program, "")
        found = shutil.which(Path(wanted).expanduser() if wanted else program)
        if found is None:
            raise missing(program, wanted, self.cluster)
        return Path(found)

    def has(self, program: Program) -> bool:
        """Whether the program is there."""
        try:
            self.path(program)
        except ToolMissing:
            return False
        return True

    def version(self, program: Program) -> str:
        """Return the version, such as ``3.6.14``; empty where the program does not tell."""
        asked = "--version" if program is Program.ETCD else "version"
        said = self._ask(program, asked)
        found = re.search(r"version:\s*v?(\d+\.\d+\.\d+\S*)", said, re.IGNORECASE)
        return found[1] if found else ""

    def supports(self, program: Program, command: str, flag: str) -> bool:
        """Whether a command of the program has a flag, by its own help.

        ``command`` may be of several words (``snapshot restore``).
        """
        said = self._ask(program, *command.split(), "--help")
        return re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", said) is not None

    def run(
        self,
        program: Program,
        arguments: Sequence[str],
        *,
        timeout: float,
        environment: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        stopping: Callable[[], bool] | None = None,
        folder: Path | None = None,
        also_fine: Sequence[int] = (),
        on_leash: bool = False,
    ) -> Output:
        """Run a program to its end and return what it printed.

        ``timeout`` is in seconds; then, and when ``stopping`` says so, it is ended with all that
        it has started. ``secrets`` are taken out of its words. ``also_fine`` are exit codes that
        are no failure (``endpoint health`` prints its answer and ends with 1). What runs for long
        is to be ``on_leash``: it ends with this process even where that is killed.

        Raises ``ToolMissing``, ``ToolTimedOut``, ``ToolDied``, ``Stopped``, or an error by its
        words: ``BackendUnavailable``, ``Throttled``, ``PermissionDenied``, ``ToolFailed``.
        """
        path = self.path(program)
        with _started([str(path), *arguments], environment or {}, folder, on_leash) as child:
            try:
                stdout, stderr = _wait(child, timeout, stopping or _never)
            except subprocess.TimeoutExpired:
                words = last_words(_end(child), secrets)
                raise timed_out(path, timeout, words, self.cluster) from None
            except BaseException:
                _end(child)
                raise
        if child.returncode < 0:
            raise died(path, -child.returncode, last_words(stderr, secrets), self.cluster)
        if child.returncode and child.returncode not in also_fine:
            words = last_words(stderr or stdout, secrets)
            raise failed(path, child.returncode, words, self.cluster)
        return Output(stdout, stderr)

    def _ask(self, program: Program, *arguments: str) -> str:
        """Return what a question that never changes is answered with; help may be on stderr."""
        path = str(self.path(program))
        with self._lock:
            if (path, *arguments) not in self._known:
                output = self.run(program, arguments, timeout=_QUICK, also_fine=(1,))
                self._known[path, *arguments] = output.stdout + output.stderr
            return self._known[path, *arguments]


def last_words(stderr: str, secrets: Sequence[str]) -> str:
    """Return the last lines of what a program said, on one line, without the secrets."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        stderr = stderr.replace(secret, _HIDDEN)
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:])


def passed_on() -> dict[str, str]:
    """Return the few variables of our environment that a program gets."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _never() -> bool:
    return False


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str], folder: Path | None, on_leash: bool
) -> Iterator[subprocess.Popen[str]]:
    """Start a program as the first of its own process group, so that all of it can be ended."""
    if not on_leash:
        # With a user and no password it would ask for one, and hang.
        yield _start(command, environment, folder, subprocess.DEVNULL)
        return
    theirs, ours = os.pipe()
    try:
        child = _start(leash_on(command), environment, folder, theirs)
    finally:
        os.close(theirs)
    try:
        yield child
    finally:
        os.close(ours)


def _start(
    command: Sequence[str], environment: Mapping[str, str], folder: Path | None, stdin: int
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**_SPARING, **passed_on(), **environment},
        cwd=folder,
        start_new_session=True,
    )


def _wait(
    child: subprocess.Popen[str], timeout: float, stopping: Callable[[], bool]
) -> tuple[str, str]:
    until = time.monotonic() + timeout
    while True:
        left = until - time.monotonic()
        if stopping():
            raise Stopped
        try:
            return child.communicate(timeout=max(0.0, min(_LOOK, left)))
        except subprocess.TimeoutExpired:
            if left <= _LOOK:
                raise


def _end(child: subprocess.Popen[str]) -> str:
    """End the program and all that it has started; return what it said last."""
    for how, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, how)
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=patience)[1]
    return ""
