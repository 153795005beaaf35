"""What a place must be able to do for artefacts to lie there: a bucket, or a folder.

Keys are relative, with ``/`` between their parts. Errors are those of backends: transient where
another try may help (``BackendUnavailable``, ``Throttled``), else permanent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

PARTS = "parts/"
"""Where a shelf that cannot put objects in whole keeps those in the making."""
PROBES = "probes/"
"""Where it is tried whether a store can be written."""


class Absent(LookupError):
    """No object has this key."""


@dataclass(frozen=True)
class Stored:
    """An object as a list shows it: key, size in bytes, when it was written (UTC), its state."""

    key: str
    size: int
    written_at: datetime
    etag: str


class Shelf(ABC):
    """Objects by key. Usable from several threads.

    ``identity`` is the same for everybody who means the same place.
    """

    identity: str

    @abstractmethod
    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Write an object of any size: either all of it is there afterwards, or nothing."""

    @abstractmethod
    def create(self, key: str, content: bytes) -> str | None:
        """Write an object where there is none, and return its etag; None where there is one."""

    @abstractmethod
    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        """Write over an object in this state, and return the new one; None in any other state."""

    @abstractmethod
    def get(self, key: str) -> tuple[bytes, str]:
        """Return a small object and its etag. Raises ``Absent``."""

    @abstractmethod
    def read(self, key: str) -> Iterator[bytes]:
        """Yield an object in pieces. Raises ``Absent``, at the latest with the first piece."""

    @abstractmethod
    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield all objects whose keys begin with the prefix, which ends with ``/``."""

    @abstractmethod
    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects. Those that are gone already are fine."""
