"""The spool: private folders for plain bytes in the making, swept of what killed processes left.

Besides data directories that a restore plan names, the spool is the only place where plain bytes
may lie. Layout, all of it closed to other users (mode 0700)::

    <root>/lock               held for a moment while folders come and go
    <root>/<owner>/lock       held by the owner for as long as it lives: flock(2) ends with it
    <root>/<owner>/files/     what the owner works with

A folder whose lock nobody holds was left by a process that was killed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_LOCK = "lock"
_FILES = "files"
_TRIES = 10


@dataclass(frozen=True)
class Leftover:
    """A folder that a killed process left, and how many bytes its files hold."""

    folder: Path
    size: int


class Spool:
    """This process's own part of a spool, from now until ``close``.

    ``swept`` is what was found of killed processes, and removed, on the way in. Raises ``OSError``
    where the root cannot be written.
    """

    def __init__(self, root: Path) -> None:
        _make_private(root)
        with _locked(root / _LOCK):
            self.swept = leftovers(root)
            for leftover in self.swept:
                _remove(leftover.folder)
            self._folder = root / f"{os.getpid()}-{secrets.token_hex(4)}"
            _make_private(self._folder)
            self._lock = _open_lock(self._folder / _LOCK)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = self._folder / _FILES
        _make_private(self.path)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def folder(self, *names: str) -> Path:
        """Return a private folder within, made if it is not there: one for each backend."""
        path = self.path
        for name in names:
            path /= name
            _make_private(path)
        return path

    def close(self) -> None:
        """Remove everything in it and let go. Twice is fine."""
        if self._closed:
            return
        self._closed = True
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)


def leftovers(root: Path) -> tuple[Leftover, ...]:
    """Return what killed processes left, without touching it."""
    if not root.is_dir():
        return ()
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir())
    return tuple(Leftover(folder, _size(folder)) for folder in folders if not _is_held(folder))


def _remove(folder: Path) -> None:
    """Remove what a killed process left.

    Its children may live for a moment longer, and take away, or make, files in there meanwhile.
    """
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
    shutil.rmtree(folder)  # raises why it cannot be


def _is_held(folder: Path) -> bool:
    try:
        with _locked(folder / _LOCK, fcntl.LOCK_NB, create=False):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


@contextmanager
def _locked(path: Path, extra: int = 0, *, create: bool = True) -> Iterator[None]:
    descriptor = _open_lock(path, create=create)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | extra)
        yield
    finally:
        os.close(descriptor)


def _open_lock(path: Path, *, create: bool = True) -> int:
    return os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)


def _make_private(folder: Path) -> None:
    """Make the folder if it is missing, and close it to others whatever the umask says."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # its owner may have come to its end in the meantime
            total += 0 if path.is_dir() else path.lstat().st_size
    return total
