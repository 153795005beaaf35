"""Bytes flowing through several stages at once, each in a thread of its own, in bounded memory.

Hashing, compression, encryption and the network release the interpreter's lock, so on several
cores they overlap.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, TypeAlias

CHUNK = 1024 * 1024
"""Bytes that are read at once."""

_AHEAD = 4
"""Chunks that a stage may be ahead of the next."""

Send: TypeAlias = Callable[[bytes], None]
Stage: TypeAlias = Callable[[Iterator[bytes], Send], None]
"""Takes pieces, and sends others on; returns when there are no more."""


class _BrokenOff(Exception):
    """Another stage failed; its error is the one that counts."""


class _Channel:
    """A bounded queue between two stages, which either side can break off."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._broken = False

    def send(self, chunk: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._broken or len(self._waiting) < _AHEAD)
            if self._broken:
                raise _BrokenOff
            self._waiting.append(chunk)
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def break_off(self) -> None:
        with self._changed:
            self._broken = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._broken or self._waiting or self._ended)
                if self._broken:
                    raise _BrokenOff
                if not self._waiting:
                    return
                chunk = self._waiting.popleft()
                self._changed.notify_all()
            yield chunk


class _Flow:
    def __init__(self, stages: tuple[Stage, ...]) -> None:
        self._stages = stages
        self._channels = [_Channel() for _ in stages]
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def run(self, source: Iterable[bytes]) -> None:
        with ThreadPoolExecutor(len(self._stages)) as pool:
            for index, stage in enumerate(self._stages):
                pool.submit(self._run_stage, index, stage)
            self._guarded(self._feed, source)
        if self._error is not None:
            raise self._error

    def _feed(self, source: Iterable[bytes]) -> None:
        for chunk in source:
            self._channels[0].send(chunk)
        self._channels[0].end()

    def _run_stage(self, index: int, stage: Stage) -> None:
        last = index + 1 == len(self._stages)
        send = _nowhere if last else self._channels[index + 1].send
        self._guarded(stage, iter(self._channels[index]), send)
        if not last:
            self._channels[index + 1].end()

    def _guarded(self, work: Callable[..., None], *arguments: object) -> None:
        """Do a part of the work. The first error ends all parts: what follows is its echo."""
        try:
            work(*arguments)
        except BaseException as error:  # noqa: BLE001  raised by ``run``, in the caller's thread
            with self._lock:
                self._error = self._error or error
            for channel in self._channels:
                channel.break_off()


def flow(source: Iterable[bytes], *stages: Stage) -> None:
    """Send the source through the stages. The source is read in the caller's thread.

    Raises what the source or any stage raised first, when all stages have ended.
    """
    _Flow(stages).run(source)


def chunks_of(source: BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    """Yield a file's content in chunks, or the pieces as they come; never an empty one."""
    read = getattr(source, "read", None)
    pieces: Iterable[bytes] = iter(lambda: read(CHUNK), b"") if read is not None else source
    return (piece for piece in pieces if piece)


def _nowhere(chunk: bytes) -> None:
    raise AssertionError(f"the last stage sent {len(chunk)} bytes on")
