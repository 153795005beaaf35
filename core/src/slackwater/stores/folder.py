"""A folder as a shelf: for a mounted file system, and for tests.

Layout: every object is a file under its key. What is being written lies in a file beside until it
is whole and known to the disk; then it is renamed, and what a kill left there is swept with the
folder. Objects that must not be overwritten, or only in one state, are made under ``parts/``.
Whoever writes holds a lock on the file, which the system takes back from a process that is killed;
so what somebody still writes is told from what was left.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from slackwater.errors import BackendError, BackendUnavailable, PermissionDenied, Unsupported
from slackwater.stores.flow import chunks_of
from slackwater.stores.shelf import PARTS, Absent, Shelf, Stored

_LOCK = "lock"
_PART = ".part"


class FolderShelf(Shelf):
    """Files under ``folder / prefix``. The folder is never made: a mount may be missing."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.identity = folder.resolve().as_uri()
        self._folder = folder
        self._root = folder / prefix

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Write beside, then rename: whatever happens, no half-written file has this key.

        Raises ``BackendUnavailable`` where somebody removes the half of it meanwhile.
        """
        folder = (self._root / key).parent
        try:
            with self._errors(key), self._part(chunks, folder) as part:
                self._into_place(key, part.rename)
        except Absent as error:
            raise BackendUnavailable(
                f"{key} was removed from {self._folder} while it was written",
                hint="see who else deletes there, and try again",
            ) from error
        finally:
            self._prune(folder)

    def create(self, key: str, content: bytes) -> str | None:
        """Write beside, then link: linking fails where the name is taken."""
        with self._errors(key), self._part([content], self._root / PARTS) as part:
            try:
                self._into_place(key, lambda path: os.link(part, path))
            except FileExistsError:
                return None
            return _etag(part.stat())

    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        """Compare and rename under a lock that all writers of this folder take."""
        path = self._root / key
        with self._errors(key), self._locked(), self._part([content], self._root / PARTS) as part:
            try:
                if _etag(path.stat()) != etag:
                    return None
            except FileNotFoundError:
                return None
            part.rename(path)
            return _etag(path.stat())

    def get(self, key: str) -> tuple[bytes, str]:
        """Read the file and its state from one descriptor: it may be replaced meanwhile."""
        with self._errors(key), (self._root / key).open("rb") as file:
            return file.read(), _etag(os.fstat(file.fileno()))

    def read(self, key: str) -> Iterator[bytes]:
        """Yield the file's chunks."""
        with self._errors(key), (self._root / key).open("rb") as file:
            yield from chunks_of(file)

    def list(self, prefix: str) -> Iterator[Stored]:
        """Walk the folder of this prefix."""
        with self._errors(prefix):
            if not self._folder.is_dir():
                raise FileNotFoundError(errno.ENOENT, "no such folder", str(self._folder))
        for folder, _, names in os.walk(self._root / prefix):
            for name in names:
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # deleted meanwhile
                    yield self._stored(path)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove the files, and the folders that are empty then; not what is being written."""
        for key in keys:
            with self._errors(key):
                path = self._root / key
                if path.suffix == _PART and _is_being_written(path):
                    continue
                path.unlink(missing_ok=True)
                self._prune(path.parent)

    def _stored(self, path: Path) -> Stored:
        status = path.stat()
        written = datetime.fromtimestamp(status.st_mtime, UTC)
        key = path.relative_to(self._root).as_posix()
        return Stored(key, status.st_size, written, _etag(status))

    @contextmanager
    def _part(self, chunks: Iterable[bytes], folder: Path) -> Iterator[Path]:
        """A new file with this content, known to the disk; gone afterwards if it was not moved."""
        part = folder / f"{secrets.token_hex(8)}{_PART}"
        self._make_folder(folder)
        try:
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                yield part
        finally:
            part.unlink(missing_ok=True)

    def _into_place(self, key: str, move: Callable[[Path], object]) -> None:
        path = self._root / key
        try:
            self._make_folder(path.parent)
            move(path)
        except FileNotFoundError:  # another process has just removed the empty folder
            self._make_folder(path.parent)
            move(path)
        _sync(path.parent)

    def _make_folder(self, folder: Path) -> None:
        missing = [f for f in (folder, *folder.parents) if f.is_relative_to(self._root)]
        if not self._folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(self._folder))
        for each in reversed(missing):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _prune(self, folder: Path) -> None:
        while folder.is_relative_to(self._root) and folder.parent != self._root:
            try:
                folder.rmdir()
            except OSError:  # not empty, or gone
                return
            folder = folder.parent

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if self._folder.is_dir():
                raise Absent(key) from error
            raise _unavailable(self._folder, error) from error
        except OSError as error:
            raise _translated(self._root, error) from error


def _is_being_written(part: Path) -> bool:
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(folder: Path, error: OSError) -> BackendUnavailable:
    return BackendUnavailable(
        f"the store {folder} does not answer: {error.strerror}",
        hint=f"mount or make {folder}, and see that there is room",
    )


def _translated(folder: Path, error: OSError) -> BackendError:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PermissionDenied(
            f"the store {folder} refuses: {error.strerror}",
            hint=f"give the user that Slackwater runs as the right to write in {folder}",
        )
    if error.errno in (errno.ENOTSUP, errno.ENOSYS):
        return Unsupported(
            f"the store {folder} cannot be used: {error.strerror}",
            hint="use a file system that has hard links",
        )
    return _unavailable(folder, error)
