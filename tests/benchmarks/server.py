"""A fleet of API servers that send pages made beforehand: a process of its own.

One listener for each cluster, one thread for each connection. The threads do next to nothing in
Python: find the page, hand it to the kernel whole.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .pages import USUAL_PAGE, Pages, groups, resources, versions

_ROOT = Path(__file__).parents[2]
_LIST = re.compile(r"/apis/velero\.io/v1/(namespaces/velero/)?(?P<kind>[a-z]+)")
_FIXED = {"/api": versions(), "/apis": groups(), "/apis/velero.io/v1": resources()}


@contextmanager
def recorded_fleet(clusters: int, backups: int) -> Iterator[list[str]]:
    """Serve a fleet from another process; the URLs of its API servers, in their order."""
    argv = [sys.executable, "-m", "tests.benchmarks.server", str(clusters), str(backups)]
    with subprocess.Popen(
        argv, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())
        yield [f"http://127.0.0.1:{port}" for port in ports]
        process.stdin.close()  # it ends when nobody is there to ask it


def answer(pages: Pages, cluster: int, target: str) -> tuple[int, bytes]:
    """Return status and body for the target of a GET request."""
    url = urlsplit(target)
    if url.path in _FIXED:
        return 200, _FIXED[url.path]
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    found = _LIST.fullmatch(url.path)
    match found and found["kind"]:
        case "backups":
            limit, start = int(query.get("limit", 0)), int(query.get("continue", 0))
            return 200, pages.backups(cluster, limit, start)
        case "backupstoragelocations":
            return 200, pages.locations(cluster)
    return 404, b'{"kind":"Status","status":"Failure","reason":"NotFound","code":404}'


def _serve(connection: socket.socket, pages: Pages, cluster: int) -> None:
    """Answer one client until it leaves, as Go does: a list is one chunk."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as requests:
        while line := requests.readline():
            while requests.readline().strip():
                pass  # headers: whatever is asked for, it is JSON and not compressed
            status, body = answer(pages, cluster, line.split()[1].decode())
            head = (
                f"HTTP/1.1 {status} Recorded\r\nCache-Control: no-cache, private\r\n"
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                f"{len(body):x}\r\n"
            )
            connection.sendall(head.encode())
            connection.sendall(body)
            connection.sendall(b"\r\n0\r\n\r\n")


def _talk(connection: socket.socket, pages: Pages, cluster: int) -> None:
    try:
        _serve(connection, pages, cluster)
    except ConnectionError:
        return  # a client that was ended


def _accept(listeners: list[socket.socket], pages: Pages) -> None:
    with selectors.DefaultSelector() as selector:
        for cluster, listener in enumerate(listeners):
            selector.register(listener, selectors.EVENT_READ, cluster)
        while True:
            for key, _ in selector.select():
                connection, _ = listeners[key.data].accept()
                threading.Thread(
                    target=_talk, args=(connection, pages, key.data), daemon=True
                ).start()


def main() -> None:
    """Serve until standard input ends. Arguments: how many clusters, how many Backups in each."""
    clusters, backups = int(sys.argv[1]), int(sys.argv[2])
    pages = Pages(backups)
    for cluster in range(clusters):
        pages.locations(cluster)
        for start in range(0, backups, USUAL_PAGE):
            pages.backups(cluster, USUAL_PAGE, start)
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(clusters)]
    threading.Thread(target=_accept, args=(listeners, pages), daemon=True).start()
    print(json.dumps([listener.getsockname()[1] for listener in listeners]), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
