"""A performer that is killed before its n-th change of a folder, or at a request of a bucket.

Reads a line of JSON for each round from stdin; the round runs in a child, whose end is told on
stdout: ``done`` or ``killed``.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import obstore  # noqa: F401  loaded once, not in every child
import pyrage  # noqa: F401
import zstandard  # noqa: F401

from slackwater.fleet import StoreEntry
from slackwater.stores import Manifest, open_store

CHANGES = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "open"}


def kill_at(number: int, folder: str) -> Callable[[str, tuple], None]:
    """An audit hook that kills this process before its n-th change below the folder."""
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        if event not in CHANGES or folder not in str(arguments[0]):
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def back_up(entry: dict, secrets: dict[str, str], name: str, plain: str) -> None:
    store = open_store(
        "vault",
        StoreEntry(**entry),
        secrets.__getitem__,
        tool="keeper",
        clock=lambda: datetime.now(UTC),
    )
    parts = [store.write(name, part, [plain.encode()] * 3) for part in ("db", "pki")]
    store.publish(
        Manifest(name=name, tool="keeper", made_at=datetime.now(UTC), artefacts=tuple(parts))
    )


def play(wish: dict) -> None:
    if folder := wish.get("folder"):
        sys.addaudithook(kill_at(wish["number"], folder))
    else:
        # The service kills whoever has told it so.
        connection = http.client.HTTPConnection(wish["service"])
        connection.request("VICTIM", f"/{os.getpid()}")
        connection.getresponse().read()
        connection.close()
    back_up(wish["entry"], wish["secrets"], wish["name"], wish["plain"])


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            play(json.loads(line))
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    ended = "killed" if os.WIFSIGNALED(status) else "done" if status == 0 else "failed"
    print(ended, flush=True)
