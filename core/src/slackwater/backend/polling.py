"""Short, bounded waits for an answer within one call. Everything longer is waited for by runs.

The one place where a backend waits at all, see decision 0003.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from slackwater.backend.contract import Stopped

_FIRST = 0.02
_LONGEST = 1.0


def answered(
    ask: Callable[[], bool], *, within: float, stopping: Callable[[], bool] | None = None
) -> bool:
    """Ask again, ever more slowly, until the answer is yes; False after ``within`` seconds.

    Raises ``Stopped`` where ``stopping`` says so between two questions.
    """
    deadline = time.monotonic() + within
    pause = _FIRST
    while not ask():
        if stopping is not None and stopping():
            raise Stopped
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST)
    return True
