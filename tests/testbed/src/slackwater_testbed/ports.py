"""Ports on loopback: free when chosen, and the same for a server's whole life."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Container
from pathlib import Path

# Below the range from which systems take the ports of outgoing connections: while a server is
# down, no client can sit on its port by chance.
RANGE = range(20_000, 32_000)


class Ports:
    """The ports of one testbed by name, kept in a file so that a restart finds them again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def port(self, name: str) -> int:
        """Return the port of that name; choose a free one the first time."""
        with self._lock:
            chosen = self._read()
            if name not in chosen:
                chosen[name] = free_port(taken=set(chosen.values()))
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(json.dumps(chosen, indent=1))
            return chosen[name]

    def _read(self) -> dict[str, int]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}


def free_port(*, taken: Container[int] = ()) -> int:
    """Return a port of RANGE on which nothing listens and that is not in `taken`."""
    for port in random.sample(RANGE, len(RANGE)):
        if port not in taken and _is_free(port):
            return port
    raise OSError(f"no port of {RANGE} is free on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
