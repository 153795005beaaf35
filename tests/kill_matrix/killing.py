"""Where a process of ours can be killed: just before, amid and just after each of its effects.

Effects are of four kinds:

    ledger    a transaction that is written
    request   an HTTP request
    program   a child process; it is struck amid when it has just begun
    file      a file or folder that is made, moved, removed, or made known to the disk

Reads of the ledger change nothing and are not counted.
"""

from __future__ import annotations

import functools
import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

KINDS = ("ledger", "request", "program", "file")
_FILE_CALLS = ("rename", "replace", "link", "unlink", "remove", "mkdir", "rmdir", "fsync")


@dataclass(frozen=True)
class Point:
    """A moment in the life of a process: ``before``, ``amid`` or ``after`` its n-th effect.

    With ``of``, only effects count in whose description it is: a path, a URL, a command.
    """

    kind: str
    when: str
    number: int = 1
    of: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.when, self.kind, str(self.number), self.of)))

    def plain(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def draw(chance: random.Random, counted: Mapping[str, int]) -> Point:
    """Draw a point among so many effects of each kind: first the kind, for some are rare."""
    kind = chance.choice([kind for kind in KINDS if counted.get(kind)])
    whens = ("before", "amid", "after") if kind == "program" else ("before", "after")
    return Point(kind, chance.choice(whens), chance.randint(1, counted[kind]))


class Killer:
    """Counts the effects of this process, and kills it at one of them."""

    def __init__(self, at: Point | None) -> None:
        self.counted: Counter[str] = Counter()
        self._at = at
        self._left = at.number if at else 0
        self._lock = threading.Lock()

    @contextmanager
    def effect(self, kind: str, what: str = "") -> Iterator[Callable[[], None]]:
        """Surround an effect; what is given is called amid it."""
        with self._lock:
            self.counted[kind] += 1
            meant = self._meant(kind, what)
        strike = self._strike if meant else _spare
        strike("before")
        yield lambda: strike("amid")
        strike("after")

    def _meant(self, kind: str, what: str) -> bool:
        """Whether this is the effect at which the process is to die."""
        if self._at is None or kind != self._at.kind or self._at.of not in what:
            return False
        self._left -= 1
        return self._left == 0

    def _strike(self, when: str) -> None:
        if self._at is not None and self._at.when == when:
            os.kill(os.getpid(), signal.SIGKILL)


def _spare(_when: str) -> None:
    """Let the process live."""


def watch(killer: Killer) -> None:
    """Have every effect of this process, from now on, pass by the killer."""
    for name in _FILE_CALLS:
        setattr(os, name, _counted(getattr(os, name), killer, "file"))
    _watch_requests(killer)
    _watch_ledger(killer)
    _watch_programs(killer)


def _counted(call: Callable[..., Any], killer: Killer, kind: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def counted(*args: Any, **more: Any) -> Any:
        with killer.effect(
            kind, " ".join(str(each) for each in args if isinstance(each, str | Path))
        ):
            return call(*args, **more)

    return counted


def _watch_requests(killer: Killer) -> None:
    """urllib3 speaks to API servers, httpcore below httpx fetches what Velero signs."""
    import httpcore
    from urllib3.connectionpool import HTTPConnectionPool

    for where, name in (
        (HTTPConnectionPool, "urlopen"),
        (httpcore.ConnectionPool, "handle_request"),
    ):
        setattr(where, name, _counted(getattr(where, name), killer, "request"))


def _watch_ledger(killer: Killer) -> None:
    from slackwater.ledger.database import Database

    write = Database.write

    @contextmanager
    def watched(self: Database) -> Iterator[Any]:
        with killer.effect("ledger"), write(self) as connection:
            yield connection

    Database.write = watched  # type: ignore[method-assign]


def _watch_programs(killer: Killer) -> None:
    """A child has ended when it was waited for; then its effect has, too."""
    begin, wait = subprocess.Popen.__init__, subprocess.Popen.wait
    communicate = subprocess.Popen.communicate
    open_effects: dict[int, Any] = {}

    def begun(self: Any, *args: Any, **more: Any) -> None:
        effect = killer.effect("program", " ".join(map(str, args[0])))
        amid = effect.__enter__()
        begin(self, *args, **more)
        open_effects[id(self)] = effect
        amid()

    def ended(self: Any) -> None:
        effect = open_effects.pop(id(self), None)
        if effect is not None:
            effect.__exit__(None, None, None)

    def waited(self: Any, timeout: float | None = None) -> int:
        code = wait(self, timeout)
        ended(self)
        return code

    def communicated(self: Any, *args: Any, **more: Any) -> Any:
        said = communicate(self, *args, **more)
        ended(self)
        return said

    for name, watched in (("__init__", begun), ("wait", waited), ("communicate", communicated)):
        setattr(subprocess.Popen, name, watched)
