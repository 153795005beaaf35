"""A snapshot that is read while etcdctl still writes it: what follows need not wait for the save.

etcdctl writes ``<file>.part`` and renames it when it is whole (measured, 3.4 to 3.6); an open file
stays the same through that. The member is never held up by a reader: it writes to the spool.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1024 * 1024
_LOOK = 0.05
"""Seconds between two looks whether there is more."""


def part_of(file: Path) -> Path:
    """Return where a snapshot lies as long as it is not whole."""
    return file.with_name(f"{file.name}.part")


@dataclass(frozen=True)
class Arriving:
    """A file that ``saved`` makes: it ends well when the file is whole, else it never will be."""

    file: Path
    saved: Future[None]

    @classmethod
    def whole(cls, file: Path) -> Arriving:
        """A file that is there."""
        saved: Future[None] = Future()
        saved.set_result(None)
        return cls(file, saved)

    def all_but(self, last: int) -> Iterator[bytes]:
        """Yield its bytes as they come, but the last so many. Raises what ``saved`` raises."""
        opened = self._open()
        if opened is None:
            return
        with opened:
            ended = False
            while not ended:
                ended = self._ended()  # asked first: what is there now is all, if it has
                left = os.fstat(opened.fileno()).st_size - opened.tell() - last
                while left > 0 and (chunk := opened.read(min(_CHUNK, left))):
                    left -= len(chunk)
                    yield chunk
                if not ended:
                    wait([self.saved], _LOOK)

    def _open(self) -> BinaryIO | None:
        """Open the file as soon as it is begun; None where its maker has made none."""
        ended = False
        while not ended:
            ended = self._ended()
            for path in (part_of(self.file), self.file):
                try:
                    return path.open("rb")
                except FileNotFoundError:
                    continue
            wait([self.saved], _LOOK)
        return None

    def _ended(self) -> bool:
        if not self.saved.done():
            return False
        self.saved.result()
        return True
