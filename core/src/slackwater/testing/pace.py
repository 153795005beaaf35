"""Lets an emulator work by itself, as the real tool does, where nobody steps it by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def paced(tick: Callable[[], None], pace: float | None, name: str) -> Iterator[None]:
    """Call ``tick`` every ``pace`` seconds from a thread of this name, until the block is left.

    With no pace nothing is called: the steps are taken by hand.
    """
    if pace is None:
        yield
        return
    over = threading.Event()

    def work() -> None:
        while not over.wait(pace):
            tick()

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
