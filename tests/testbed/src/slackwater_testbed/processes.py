"""Processes that outlive the one who started them, and are ended by nobody's mistake.

A process is known by its id *and* the time it started, kept in a pid file: a later process that
got the same id is never signalled.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

SECONDS_BETWEEN_LOOKS = 0.02
SECONDS_TO_DIE = 10.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ProcessRecord:
    """Which process: its id, the boot it belongs to and its start, in the system's own words."""

    pid: int
    boot: str
    started: str

    @property
    def running(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return self.boot == _boot() and started_at(self.pid) == self.started

    def write(self, file: Path) -> None:
        """Write the pid file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, file: Path) -> ProcessRecord | None:
        """Read a pid file; None when there is none or it was never finished."""
        try:
            return cls(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    @classmethod
    def of(cls, pid: int) -> ProcessRecord:
        """Describe the process that has this id now."""
        return cls(pid, _boot(), started_at(pid) or "gone")


def started_at(pid: int) -> str | None:
    """Return when the process with this id started, comparable only for equality; None if gone."""
    if _BOOT.exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        # The second field is the program's name in parentheses and may hold spaces: proc(5).
        state, *fields = stat.rpartition(")")[2].split()
        threads, start = int(fields[16]), fields[18]
        # While other threads of a zombie end, its ports are still taken.
        return None if state in "ZX" and threads <= 1 else start
    answer = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(answer) < 2 or answer[0].startswith("Z") else answer[1].strip()


def spawn(argv: Sequence[str], environment: Mapping[str, str], log: Path) -> ProcessRecord:
    """Start a program in a session of its own, with its output appended to a log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        argv[0],
        list(argv),
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return ProcessRecord.of(pid)


def end(record: ProcessRecord, *, patience: float = 0.0) -> None:
    """End a process and the children in its session; ask first and wait `patience` seconds."""
    if patience and record.running:
        os.kill(record.pid, signal.SIGTERM)
        _gone_within(record, patience)
    if record.boot == _boot() and started_at(record.pid) in (record.started, None):
        # The session's id stays taken while a child lives, so this reaches orphans of ours only.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(record.pid, signal.SIGKILL)
    if not _gone_within(record, SECONDS_TO_DIE):
        raise TimeoutError(f"process {record.pid} does not end")


def _gone_within(record: ProcessRecord, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while record.running and time.monotonic() < deadline:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    with suppress(ChildProcessError):  # another process started it: its to reap
        os.waitpid(record.pid, os.WNOHANG)
    return not record.running


def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else ""
