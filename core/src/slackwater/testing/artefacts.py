"""A store of artefacts in a folder that can be troubled, for tools that keep theirs in one of ours.

Everything lies in the folder, troubles too: processes that are given its path share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from slackwater.errors import BackendUnavailable, PermissionDenied, Throttled
from slackwater.fleet import StoreEntry
from slackwater.fleet.age_keys import AgeKeys
from slackwater.stores import ArtefactStore
from slackwater.stores.folder import FolderShelf
from slackwater.stores.shelf import Shelf, Stored

RETRY_AFTER = 7.0
"""Seconds that a throttled request is told to wait."""


class StoreTrouble(StrEnum):
    """What can go wrong with a store. Some troubles end with the request that they befall."""

    UNAVAILABLE = "unavailable"
    """Nothing answers."""
    DENIED = "denied"
    """Every request is refused."""
    THROTTLED = "throttled"
    """The next request is refused for being one too many."""
    ANSWER_LOST = "answer lost"
    """The next conditional creation is made, and its answer does not come."""
    TORN_LIST = "torn list"
    """The next list breaks off after some of it."""
    SLOW_LIST = "slow list"
    """The next list is not answered in time."""


_ONCE = frozenset(
    (
        StoreTrouble.THROTTLED,
        StoreTrouble.ANSWER_LOST,
        StoreTrouble.TORN_LIST,
        StoreTrouble.SLOW_LIST,
    )
)


class TroubledStore:
    """A store in a folder of its own, made if it is not there, with keys of its own."""

    name = "vault"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept = folder / "kept"
        self._kept.mkdir(parents=True, exist_ok=True)
        self._key = folder / "key"
        if not self._key.exists():
            from pyrage.x25519 import Identity

            self._key.write_text(str(Identity.generate()))

    @property
    def key(self) -> str:
        """The secret half of the age key: a canary."""
        return self._key.read_text()

    def open(self, tool: str, clock: Callable[[], datetime]) -> ArtefactStore:
        """Return the tool's part of the store."""
        from pyrage.x25519 import Identity

        entry = StoreEntry(
            url=self._kept.as_uri(),
            encrypt_to=(str(Identity.from_str(self.key).to_public()),),
            decrypt_with=f"file:{self._key}",
        )
        keys = AgeKeys(self.name, entry, lambda _: self.key)
        shelf = _TroubledShelf(FolderShelf(self._kept, tool), self)
        return ArtefactStore(self.name, shelf, keys, clock=clock)

    def cause(self, trouble: StoreTrouble) -> None:
        """Bring about the trouble."""
        (self.folder / "trouble").write_text(trouble)

    @property
    def struck(self) -> bool:
        """Whether a trouble that befalls one request has befallen it."""
        return (self.folder / "struck").exists()

    def heal(self) -> None:
        """End every trouble."""
        (self.folder / "trouble").unlink(missing_ok=True)
        (self.folder / "struck").unlink(missing_ok=True)

    def troubled(self, *troubles: StoreTrouble) -> StoreTrouble | None:
        """Return the trouble that there is, if it is one of these; some end by that."""
        try:
            found = StoreTrouble((self.folder / "trouble").read_text())
        except FileNotFoundError:
            return None
        if found not in troubles:
            return None
        if found in _ONCE:
            (self.folder / "trouble").replace(self.folder / "struck")
        return found

    def count_request(self) -> None:
        """Note that a request was made."""
        with (self.folder / "requests").open("ab") as file:
            file.write(b".")

    def requests(self) -> int:
        """Return how many requests were made."""
        counted = self.folder / "requests"
        return counted.stat().st_size if counted.exists() else 0

    def fingerprint(self) -> str:
        """Return a value that differs after any change of what is stored."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self._kept.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(self._kept)}\0".encode() + path.read_bytes())
        return digest.hexdigest()


class _TroubledShelf(Shelf):
    """A shelf on which every request counts, and some go wrong."""

    def __init__(self, shelf: Shelf, store: TroubledStore) -> None:
        self.identity = shelf.identity
        self._shelf = shelf
        self._store = store

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Write an object."""
        self._request("write")
        self._shelf.put(key, chunks)

    def create(self, key: str, content: bytes) -> str | None:
        """Write an object where there is none; the answer may get lost."""
        self._request("create")
        etag = self._shelf.create(key, content)
        if self._store.troubled(StoreTrouble.ANSWER_LOST):
            raise _silent()
        return etag

    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        """Write over an object in this state."""
        self._request("replace")
        return self._shelf.replace(key, content, etag)

    def get(self, key: str) -> tuple[bytes, str]:
        """Return a small object."""
        self._request("read")
        return self._shelf.get(key)

    def read(self, key: str) -> Iterator[bytes]:
        """Yield an object in pieces."""
        self._request("read")
        yield from self._shelf.read(key)

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield what begins with the prefix; it may break off, or not come in time."""
        self._request("list")
        if self._store.troubled(StoreTrouble.SLOW_LIST):
            raise _silent()
        torn = self._store.troubled(StoreTrouble.TORN_LIST)
        for number, stored in enumerate(self._shelf.list(prefix)):
            if torn and number == 2:
                raise _silent()
            yield stored

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects."""
        self._request("delete")
        self._shelf.delete(keys)

    def _request(self, right: str) -> None:
        self._store.count_request()
        match self._store.troubled(
            StoreTrouble.UNAVAILABLE, StoreTrouble.DENIED, StoreTrouble.THROTTLED
        ):
            case StoreTrouble.UNAVAILABLE:
                raise _silent()
            case StoreTrouble.DENIED:
                raise PermissionDenied(
                    f"the store refuses: not allowed to {right} objects",
                    hint=f"give the key the right to {right} objects",
                )
            case StoreTrouble.THROTTLED:
                raise Throttled("the store has too many requests", retry_after=RETRY_AFTER)


def _silent() -> BackendUnavailable:
    error = BackendUnavailable("the store does not answer", hint="see that it runs")
    error.__cause__ = ConnectionResetError("the connection was closed")
    return error
