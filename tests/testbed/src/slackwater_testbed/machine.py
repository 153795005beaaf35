"""Where the processes of one cluster run.

A cluster asks its machine for addresses, ports and processes and knows nothing else of where it
is. Here a machine is a share of loopback; `nodes.machine` has one with namespaces of its own.
"""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from slackwater_testbed.certificates import HOSTS
from slackwater_testbed.ports import Ports
from slackwater_testbed.processes import ProcessRecord, end, spawn

# What a server may know of the caller's environment: no proxy, no kubeconfig, no credentials.
PASSED_ON = ("PATH", "LANG", "TZ")


class Machine(ABC):
    """Runs the servers of one cluster. Each has a name, a log and a pid file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    @abstractmethod
    def address(self) -> str:
        """The address on which tests, and servers of this machine, reach its servers."""

    @property
    def open_address(self) -> str:
        """The address on which a server listens that other machines and pods are to reach."""
        return self.address

    @property
    def inner_address(self) -> str:
        """The address on which other machines and pods reach its servers."""
        return self.address

    @property
    def hosts(self) -> Sequence[str]:
        """Every name and address of its servers, for their certificates."""
        return HOSTS

    @abstractmethod
    def port(self, name: str) -> int:
        """Return the port of that name; the same each time."""

    @abstractmethod
    def command(self, argv: Sequence[str]) -> Sequence[str]:
        """Return the command that runs `argv` in this machine."""

    def log(self, name: str) -> Path:
        """Return the file with everything that this server has written, all starts together."""
        return self.folder / f"{name}.log"

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a server. It lives on when the caller ends."""
        kept = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        home = self.folder / f"{name}.home"
        home.mkdir(parents=True, exist_ok=True)
        everything = {**kept, "HOME": str(home), "TMPDIR": str(home), **environment}
        spawn(self.command(argv), everything, self.log(name)).write(self._pid_file(name))

    def running(self, name: str) -> bool:
        """Whether this server's process runs."""
        record = ProcessRecord.read(self._pid_file(name))
        return record is not None and record.running

    def end(self, name: str, *, patience: float = 0.0) -> None:
        """End a server at once, or ask it to and give it `patience` seconds first."""
        record = ProcessRecord.read(self._pid_file(name))
        if record is not None:
            end(record, patience=patience)
            self._pid_file(name).unlink()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a running server; to one that does not run, nothing."""
        record = ProcessRecord.read(self._pid_file(name))
        if record is not None and record.running:
            os.kill(record.pid, number)

    def _pid_file(self, name: str) -> Path:
        return self.folder / f"{name}.pid"


class LoopbackMachine(Machine):
    """A share of 127.0.0.1: needs no rights at all."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder)
        self._ports = ports

    @property
    def address(self) -> str:
        """Loopback."""
        return "127.0.0.1"

    def port(self, name: str) -> int:
        """Return a port that was free when it was first asked for."""
        return self._ports.port(f"{self.folder.name}/{name}")

    def command(self, argv: Sequence[str]) -> Sequence[str]:
        """Return the command as it is."""
        return argv
