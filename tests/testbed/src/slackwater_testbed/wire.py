"""A way to a server that a test can hold or cut in the middle of a transfer."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_CHUNK = 65_536


class Wire:
    """Hands bytes on between clients and the server behind a URL; TLS goes through untouched.

    `url` is the server's with a port of the wire's own. `held` is set as soon as the bytes that
    `hold_after` allows have passed: from then on nothing does, until `release` or `cut`.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self.held = threading.Event()
        self._target = (target.hostname or "", target.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{target.scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._room = threading.Condition()
        self._allowed: int | None = None
        self._closing = False
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def hold_after(self, count: int) -> None:
        """Let this many more bytes pass, of both directions together, and then hold the rest.

        The few thousand bytes with which TLS begins count too.
        """
        with self._room:
            self.held.clear()
            self._allowed = count
            self._room.notify_all()

    def release(self) -> None:
        """Let everything pass again, what was held too."""
        with self._room:
            self._allowed = None
            self._room.notify_all()

    def cut(self) -> None:
        """End all connections at both ends, and let new ones pass."""
        with self._room:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self.release()

    def close(self) -> None:
        """End it: connections are refused from now on."""
        self._closing = True
        with suppress(OSError):  # wakes the one who accepts
            socket.create_connection(self._listener.getsockname()).close()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._closing:
                client.close()
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._join(client, server)

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        with self._room:
            self._open |= {client, server}
        pumps = [
            threading.Thread(target=self._pump, args=ends, daemon=True)
            for ends in ((client, server), (server, client))
        ]
        self._threads.append(threading.Thread(target=self._run, args=(pumps, client, server)))
        self._threads[-1].start()

    def _run(
        self, pumps: list[threading.Thread], client: socket.socket, server: socket.socket
    ) -> None:
        for pump in pumps:
            pump.start()
        for pump in pumps:
            pump.join()
        with self._room:
            self._open -= {client, server}
        client.close()
        server.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(_CHUNK):
                while piece:
                    room = self._take(len(piece))
                    target.sendall(piece[:room])
                    piece = piece[room:]
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _take(self, wanted: int) -> int:
        """Return how many of these bytes may pass now; wait while none may."""
        with self._room:
            while self._allowed == 0:
                self.held.set()
                self._room.wait()
            if self._allowed is None:
                return wanted
            taken = min(wanted, self._allowed)
            self._allowed -= taken
            if self._allowed == 0:
                self.held.set()
            return taken
