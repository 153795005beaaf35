"""The troubles of the conformance kit that befall requests to an API server, emulated or real."""

from __future__ import annotations

from collections.abc import Iterable

from slackwater.testing.conformance import Trouble
from slackwater.testing.kubernetes_api import Cut, Faults, Refuse, Slow, Tear

OF_REQUESTS = frozenset(
    (Trouble.THROTTLED, Trouble.ANSWER_LOST, Trouble.SLOW_LIST, Trouble.TORN_LIST)
)


def befall(
    faults: Faults, trouble: Trouble, *, lists: str, retry_after: float = 7.0, slow: float = 3.5
) -> None:
    """Let one of `OF_REQUESTS` happen; any other is none of these faults.

    `lists` is the end of the path under which recovery points are listed; `slow` are the seconds
    after which a list is later than the backend waits. From its second page on a torn list breaks
    off, however often it is asked for.
    """
    points = f"/{lists}$"
    match trouble:
        case Trouble.THROTTLED:
            faults.add("*", ".", Refuse(429, retry_after=int(retry_after)))
        case Trouble.ANSWER_LOST:
            faults.add("create", ".", Cut(after_effect=True))
        case Trouble.SLOW_LIST:
            faults.add("list", points, Slow(slow))
        case Trouble.TORN_LIST:
            faults.add("list", points, Slow(0.0))
            faults.add("list", points, Tear(), times=None)


def struck(servers: Iterable[Faults]) -> bool:
    """Whether all of it has happened at one of these servers."""
    return any(faults.struck for faults in servers)
