"""Awaiting what another thread or process does."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager


def eventually(true, *, within=30.0):
    """Wait until ``true()`` holds; fail if it never does."""
    end = time.monotonic() + within
    while not (seen := true()):
        assert time.monotonic() < end, f"never came true; last seen: {seen!r}"
        time.sleep(0.005)
    return seen


@contextmanager
def in_a_thread(act):
    """Do something beside the test; its result is in the list that is yielded, after the block."""
    came = []
    failed = []

    def run():
        try:
            came.append(act())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield came
    finally:
        thread.join(60)
        assert not thread.is_alive()
    if failed:
        raise failed[0]
