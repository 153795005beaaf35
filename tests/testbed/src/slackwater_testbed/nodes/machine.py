"""A machine of its own: one set of namespaces, held by one process, the anchor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from slackwater_testbed.certificates import HOSTS
from slackwater_testbed.errors import StartFailed, TestbedError, tail
from slackwater_testbed.machine import Machine
from slackwater_testbed.nodes import anchor, forwarder, system
from slackwater_testbed.nodes.cgroups import remove_cgroups
from slackwater_testbed.ports import Ports
from slackwater_testbed.processes import ProcessRecord, spawn

ANCHOR, FORWARDER = "anchor", "forwarder"
FIRST_SERVICE = "10.96.0.1"
SECONDS_TO_ARRANGE = 30.0
SECONDS_BETWEEN_LOOKS = 0.01
_UNSHARE = (
    *("--net", "--mount", "--pid", "--uts", "--ipc"),
    *("--fork", "--kill-child", "--mount-proc", "--propagation", "private"),
)


class NamespacedMachine(Machine):
    """Namespaces for network, mounts, processes, host name and IPC. Needs root.

    All default paths and ports are free in it. `forwarded` are the names of the ports that tests
    reach on loopback, by the same numbers.
    """

    def __init__(
        self, folder: Path, ports: Ports, node_address: str, forwarded: Sequence[str]
    ) -> None:
        super().__init__(folder)
        self._ports = ports
        self._node_address = node_address
        self._forwarded = forwarded
        self._entered: dict[str, int] = {}

    @property
    def address(self) -> str:
        """Loopback: the machine's own inside, led there from outside."""
        return "127.0.0.1"

    @property
    def open_address(self) -> str:
        """Every address of the machine."""
        return "0.0.0.0"  # noqa: S104  in a network that leads nowhere

    @property
    def inner_address(self) -> str:
        """The machine's own address between the machines."""
        return self._node_address

    @property
    def hosts(self) -> Sequence[str]:
        """Loopback, the machine's own address, and the service `kubernetes`."""
        return (*HOSTS, self._node_address, FIRST_SERVICE)

    @property
    def files(self) -> Path:
        """What the machine's processes write below /etc, /opt, /var/lib and /var/log."""
        return self.folder / "files"

    @property
    def pid(self) -> int:
        """The id of the machine's first process, seen from outside. Raise TestbedError."""
        record = ProcessRecord.read(self._pid_file(ANCHOR))
        if record is None or not record.running:
            raise TestbedError(f"the machine {self.folder.name} does not run")
        return record.pid

    def port(self, name: str) -> int:
        """Return a port that was free outside when it was first asked for."""
        return self._ports.port(f"{self.folder.name}/{name}")

    def command(self, argv: Sequence[str]) -> Sequence[str]:
        """Return the command that enters the namespaces, in a session of its own."""
        return [*self._enter("-n", "-m", "-p", "-u", "-i"), system.program("setsid"), *argv]

    def up(self) -> None:
        """Start the anchor, if it does not run; wait until all is arranged. Raise StartFailed."""
        if self.running(ANCHOR):
            return
        ready = self.folder / "arranged"
        ready.unlink(missing_ok=True)
        self.files.mkdir(parents=True, exist_ok=True)
        arguments = anchor.settings(self.folder.name, self.folder.parent, self.files, ready)
        own_session = [system.program("setsid"), sys.executable, *arguments]
        self._spawn(ANCHOR, [system.program("unshare"), *_UNSHARE, "--", *own_session])
        self._know_child(ANCHOR)
        self._wait(ready.exists, ANCHOR)

    def lead(self) -> None:
        """Lead loopback's ports to the machine, if that is not done yet."""
        if self.running(FORWARDER):
            return
        ports = [str(self.port(name)) for name in self._forwarded]
        self._spawn(FORWARDER, [sys.executable, forwarder.__file__, str(self.pid), *ports])

    def down(self) -> None:
        """End every process and drop every mount, as a loss of power would. Data stays."""
        for name in (FORWARDER, ANCHOR):
            self.end(name)
        remove_cgroups(self.folder)

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a server within; known by its own id, not by that of the one who entered."""
        super().start(name, argv, {"PATH": system.PATH, **environment})
        self._know_child(name)

    def end(self, name: str, *, patience: float = 0.0) -> None:
        """End a server; the process that had entered for it ends by itself."""
        super().end(name, patience=patience)
        if entered := self._entered.pop(name, 0):
            with suppress(ChildProcessError):  # another process started it: its to reap
                os.waitpid(entered, 0)

    def run(self, *argv: str, stdin: str = "", seconds: float = 120) -> str:
        """Run a command within and return its output. Raise TestbedError with its errors."""
        return _run([*self.command(argv)], stdin, seconds)

    def run_in_network(self, *argv: str) -> str:
        """Run a command of this computer in the machine's network only. Raise TestbedError."""
        return _run([*self._enter("-n"), *argv], "", 30)

    def _enter(self, *namespaces: str) -> list[str]:
        return [system.program("nsenter"), "-t", str(self.pid), *namespaces, "--"]

    def _spawn(self, name: str, argv: Sequence[str]) -> None:
        record = spawn(argv, {"PATH": system.PATH}, self.log(name))
        record.write(self._pid_file(name))

    def _know_child(self, name: str) -> None:
        """Know a process by its own id in place of that of the one who entered for it."""
        entered = ProcessRecord.read(self._pid_file(name))
        assert entered is not None
        self._entered[name] = entered.pid
        self._wait(lambda: bool(_children(entered.pid)) or not entered.running, name)
        for child in _children(entered.pid):
            ProcessRecord.of(child).write(self._pid_file(name))

    def _wait(self, condition: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + SECONDS_TO_ARRANGE
        while not condition():
            if not self.running(name) or time.monotonic() > deadline:
                raise StartFailed(f"{self.folder.name}/{name}; its log:\n{tail(self.log(name))}")
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _run(command: Sequence[str], stdin: str, seconds: float) -> str:
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env={"PATH": system.PATH, "HOME": "/nonexistent", "LANG": os.environ.get("LANG", "C")},
    )
    if done.returncode != 0:
        raise TestbedError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
