"""Backends around backends: limits and traces, so that no plugin needs to contain them.

A wrapper is a ``Backend`` itself and has the roles of the backend within, by type:
``isinstance(wrapped, SharedStores)`` and ``as_role`` keep working, and calls of a role are limited
and traced like any other. (The other way, a function that looks for roles through the wrappers and
returns what is inside, would have let those calls past.)
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

from slackwater.backend.contract import Backend
from slackwater.backend.roles import Role
from slackwater.model.act import Act
from slackwater.model.operation import OperationRef
from slackwater.model.recovery_point import PointId

R = TypeVar("R")


def as_role(backend: Backend, role: Callable[..., R]) -> R | None:
    """Return the backend as one that has the role (a class), or None where it has not."""
    # Roles are abstract, and mypy lets no abstract class be a ``type[R]``.
    return cast(R, backend) if isinstance(backend, cast(type, role)) else None


def limited(backend: Backend, at_once: int) -> Backend:
    """Let at most so many calls into the backend at once; the others wait.

    A list counts while it fetches, not while its reader thinks: a reader may call again.
    """
    return _wrap(backend, _Limit(at_once))


@dataclass(frozen=True)
class Call:
    """One call of a backend: what about, how long in seconds, and the error it ended with."""

    method: str
    about: str
    seconds: float
    error: Exception | None = None


def traced(
    backend: Backend, sink: Callable[[Call], None], timer: Callable[[], float] = time.perf_counter
) -> Backend:
    """Tell the sink of each call when it has ended; of a list, when its reader is done with it.

    The time of a list is that of fetching. Arguments are named, never shown.
    """
    return _wrap(backend, _Trace(sink, timer))


class _Layer(ABC):
    """How a wrapper makes calls: plain ones, and those that return an iterator."""

    @abstractmethod
    def call(self, method: str, about: str, function: Callable[[], R]) -> R:
        """Make a plain call."""

    @abstractmethod
    def walk(self, method: str, about: str, items: Iterator[R]) -> Iterator[R]:
        """Pass on what the iterator yields."""


class _Limit(_Layer):
    def __init__(self, at_once: int) -> None:
        self._slots = threading.BoundedSemaphore(at_once)

    def call(self, method: str, about: str, function: Callable[[], R]) -> R:  # noqa: ARG002  a layer's signature
        with self._slots:
            return function()

    def walk(self, method: str, about: str, items: Iterator[R]) -> Iterator[R]:
        end = object()
        while (item := self.call(method, about, lambda: next(items, end))) is not end:
            yield cast(R, item)


class _Trace(_Layer):
    def __init__(self, sink: Callable[[Call], None], timer: Callable[[], float]) -> None:
        self._sink = sink
        self._timer = timer

    def call(self, method: str, about: str, function: Callable[[], R]) -> R:
        begin, failure = self._timer(), None
        try:
            return function()
        except Exception as error:
            failure = error
            raise
        finally:
            self._sink(Call(method, about, self._timer() - begin, failure))

    def walk(self, method: str, about: str, items: Iterator[R]) -> Iterator[R]:
        seconds, failure, end = 0.0, None, object()
        try:
            while True:
                begin = self._timer()
                try:
                    item = next(items, end)
                finally:
                    seconds += self._timer() - begin
                if item is end:
                    return
                yield cast(R, item)
        except Exception as error:
            failure = error
            raise
        finally:
            self._sink(Call(method, about, seconds, failure))


def _wrap(backend: Backend, layer: _Layer) -> Backend:
    """Make a class with the contract's methods and those of the backend's roles, each passed on."""
    promises: tuple[type, ...] = (Backend, *_roles(type(backend)))
    methods: dict[str, object] = {
        name: _passing(backend, layer, name)
        for promise in promises
        for name in cast(frozenset[str], vars(promise)["__abstractmethods__"])
    }
    methods["__repr__"] = lambda self: f"{type(self).__name__}({backend!r})"
    name = type(layer).__name__.strip("_")
    return cast(Backend, type(name, promises, methods)())


def _roles(kind: type[Backend]) -> tuple[type[Role], ...]:
    return tuple(base for base in kind.__mro__ if Role in base.__bases__)


def _passing(backend: Backend, layer: _Layer, method: str) -> Callable[..., object]:
    inner = getattr(backend, method)

    def call(self: Backend, *arguments: object, **named: object) -> object:
        del self
        about = _about(*arguments, *named.values())
        result = layer.call(method, about, lambda: inner(*arguments, **named))
        return layer.walk(method, about, result) if isinstance(result, Iterator) else result

    return call


def _about(*arguments: object) -> str:
    for argument in arguments:
        if isinstance(argument, Act):
            return argument.id
        if isinstance(argument, PointId | OperationRef):
            return str(argument)
    return ""
