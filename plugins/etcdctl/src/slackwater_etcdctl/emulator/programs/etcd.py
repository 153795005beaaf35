"""A stand-in for etcd: serves a data directory until it is told to end.

Its client addresses become places of the folder; nothing listens. Members know each other's client
addresses once they run [documented].
"""

from __future__ import annotations

import os
import signal
import sys

from .database import Identity
from .folder import Folder, place_of
from .talking import Call, fail

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module typing takes longer to load than a program runs
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: Sequence[str], version: str, folder: str) -> None:
    """Serve, or say the version."""
    call = Call(arguments, ("version", "force-new-cluster"))
    if call.flag("version") or call.words_line == "version":
        sys.stdout.write(f"etcd Version: {version}\nGit SHA: emulated\n")
        return
    data_dir = call.flag("data-dir")
    try:
        Identity.read(data_dir)
    except FileNotFoundError:
        fail(f"{data_dir} holds no member; this stand-in makes none by itself")
    world = Folder(folder)
    places = [place_of(url) for url in call.flag("listen-client-urls").split(",")]
    signal.signal(signal.SIGTERM, _leave)
    for place in places:
        world.serve(place, data_dir, os.getpid())
    try:
        while True:
            signal.pause()
    finally:
        for place in places:
            world.leave(place)


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(0)
