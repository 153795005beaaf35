"""Runs the commands of the fleet file about hosts: here, without a shell, in a bounded time.

A command is looked at before it is run (``done``), so that one that was cut off and is begun again
is done once; and what it sets off is waited for, because a kubelet or systemd takes its time.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from slackwater.backend import Report, Stopped
from slackwater.backend.polling import answered
from slackwater.errors import BackendUnavailable, PermanentBackendError
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.restore_settings import HostCommand
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.tools import last_words

_PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)
"""What ssh, sudo and systemctl need of our environment; secrets that lie there are not theirs."""
_NO_PROGRAM = 127


@dataclass(frozen=True)
class HostCommandRunner:
    """Runs commands for one cluster. ``timeout`` is in seconds, for each and for its effect.

    When asked to stop, a command that runs is let come to its end, and no other is begun.
    """

    cluster: str
    timeout: float
    stopping: Callable[[], bool]

    @classmethod
    def of(cls, site: Site, report: Report) -> Self:
        """Return one for the commands of a cluster's restore."""
        timeout = site.settings.restore.command_timeout.total_seconds()
        return cls(site.cluster.name, timeout, lambda: report.stopping)

    def run(self, subject: str, command: HostCommand) -> bool:
        """Bring about what the command is for; return whether anything was left to do.

        Raises ``PermanentBackendError`` where it fails, ``BackendUnavailable`` where its time is
        over, ``Stopped`` when asked to stop.
        """
        if command.done and self.ends_well(command.done):
            return False
        self._require(subject, command.run)
        if command.done and not self._comes_true(command.done):
            ended = f"{subject}: {shlex.join(command.run)} has ended"
            raise self._late(f"{ended}, but what it is for")
        return True

    def run_together(self, commands: Sequence[tuple[str, HostCommand]]) -> int:
        """Run several side by side, for each may wait for the others; return how many had to be.

        A start of etcd under systemd, say, ends when there is a quorum.
        """
        with ThreadPoolExecutor(max(1, len(commands))) as pool:
            running = [pool.submit(self.run, subject, command) for subject, command in commands]
        return sum(each.result() for each in running)

    def ends_well(self, argv: Sequence[str]) -> bool:
        """Whether a command that only asks ends with 0."""
        return self._call(argv)[0] == 0

    def _comes_true(self, done: Sequence[str]) -> bool:
        return answered(lambda: self.ends_well(done), within=self.timeout, stopping=self.stopping)

    def _require(self, subject: str, argv: Sequence[str]) -> None:
        status, words = self._call(argv)
        if status != 0:
            how = f"signal {-status}" if status < 0 else f"exit code {status}"
            said = f"{subject}: {shlex.join(argv)} ended with {how}"
            raise PermanentBackendError(
                f"{said}: {words}" if words else said,
                backend=TOOL,
                cluster=self.cluster,
                hint="mend it there and plan again; what was done before stands as the plan says",
            )

    def _call(self, argv: Sequence[str]) -> tuple[int, str]:
        """Run a command to its end; return its exit code and its last words.

        Its words go into a file and not a pipe: a server that it starts may keep them open.
        """
        if self.stopping():
            raise Stopped
        with tempfile.TemporaryFile("w+", errors="replace") as said:
            try:
                child = _start(argv, said.fileno())
            except OSError as error:
                return _NO_PROGRAM, f"{argv[0]}: {error.strerror or error}"
            self._wait(child, argv)
            said.seek(0)
            return child.returncode, last_words(said.read(), ())

    def _wait(self, child: subprocess.Popen[bytes], argv: Sequence[str]) -> None:
        try:
            child.wait(self.timeout)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise self._late(shlex.join(argv)) from None

    def _late(self, what: str) -> BackendUnavailable:
        message = f"{what} takes longer than {self.timeout:g} s"
        return BackendUnavailable(message, backend=TOOL, cluster=self.cluster)


def _start(argv: Sequence[str], said: int) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own: what it starts outlives us, as it should."""
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        start_new_session=True,
    )
