"""One engine: started, killed and started again with the same ports and data."""

from __future__ import annotations

import signal
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slackwater_testbed.certificates import KeyPair
from slackwater_testbed.errors import StartFailed, tail
from slackwater_testbed.machine import Machine

SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_TO_STOP = 15.0


@dataclass(frozen=True)
class Server:
    """A process of a machine. All state is in files, so any process may hold such an object."""

    name: str
    machine: Machine
    argv: Sequence[str]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    seconds_to_start: float = 90.0

    @property
    def running(self) -> bool:
        """Whether the process runs, whatever it answers."""
        return self.machine.running(self.name)

    @property
    def log(self) -> Path:
        """The file with its output."""
        return self.machine.log(self.name)

    def start(self) -> None:
        """Start it if it does not run, let it go on if it is paused; wait until it answers.

        Raise StartFailed with the tail of its log when it ends, or does not answer in time.
        """
        self.launch()
        self.wait_until(self.ready)

    def launch(self) -> None:
        """Start it if it does not run, let it go on if it is paused; wait for nothing."""
        if self.running:
            self.resume()
        else:
            self.machine.start(self.name, self.argv, self.environment)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until this holds. Raise StartFailed when the process ends or it takes too long."""
        deadline = time.monotonic() + self.seconds_to_start
        while not condition():
            if not self.running:
                raise StartFailed(f"{self._label} ended; its log:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self._label} does not answer; its log:\n{tail(self.log)}")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def stop(self) -> None:
        """Ask it to end, and wait; after 15 seconds kill it."""
        self.machine.end(self.name, patience=SECONDS_TO_STOP)

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        self.machine.end(self.name)

    def pause(self) -> None:
        """Let it hang: connections are accepted, nothing is answered (SIGSTOP)."""
        self.machine.signal(self.name, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self.machine.signal(self.name, signal.SIGCONT)

    @property
    def _label(self) -> str:
        return f"{self.machine.folder.name}/{self.name}"


def answers(url: str, authority: Path | None = None, pair: KeyPair | None = None) -> bool:
    """Tell whether a GET of this address gives a good status within two seconds."""
    import httpx  # takes half a second, and most commands of hosts ask nothing

    verify = _context(authority, pair) if authority else False
    try:
        return httpx.get(url, verify=verify, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _context(authority: Path, pair: KeyPair | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context
