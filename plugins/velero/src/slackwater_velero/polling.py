"""Short waits for an answer of the server, inside one call. Long ones are not ours to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable

_FIRST = 0.02
_LONGEST = 0.5


def answered(ask: Callable[[], bool], *, within: float) -> bool:
    """Ask again, ever more slowly, until the answer is yes; False after ``within`` seconds."""
    deadline = time.monotonic() + within
    pause = _FIRST
    while not ask():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST)
    return True
