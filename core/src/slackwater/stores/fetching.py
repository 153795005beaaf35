"""Bringing an artefact back, and saying exactly why it could not be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from slackwater.errors import ArtefactDamaged, ArtefactLocked, BackendUnavailable
from slackwater.fleet.age_keys import AgeKeys
from slackwater.stores.flow import Send, Stage, flow
from slackwater.stores.manifest import Artefact
from slackwater.stores.sealing import Measure, Unopened, decompress, decrypt_with
from slackwater.stores.shelf import Absent, Shelf

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

_ANOTHER = "bring the object back from a copy of the store, or use another recovery point"


class _TooLong(Exception):
    """More plain bytes than the manifest says: not what was stored, and not worth the disk."""


def fetch(shelf: Shelf, artefact: Artefact, keys: AgeKeys, into: Path, *, store: str) -> None:
    """Put an artefact's plain bytes into a file. See ``ArtefactStore.read``."""
    _fetch(shelf, artefact, keys, partial(_whole_file, into), store)


def fetch_bytes(shelf: Shelf, artefact: Artefact, keys: AgeKeys, *, store: str) -> bytes:
    """Return an artefact's plain bytes. See ``ArtefactStore.read_bytes``."""
    plain = BytesIO()

    def anew() -> AbstractContextManager[BinaryIO]:
        return nullcontext(plain)

    _fetch(shelf, artefact, keys, anew, store)
    return plain.getvalue()


Target = Callable[[], AbstractContextManager[BinaryIO]]
"""Where plain bytes go."""


def _fetch(shelf: Shelf, artefact: Artefact, keys: AgeKeys, into: Target, store: str) -> None:
    identities = keys.identities()
    try:
        try:
            _open(shelf, artefact, identities, into, store)
        except Unopened as error:
            raise why_unopened(shelf, artefact, store) from error
    except Absent:
        raise ArtefactDamaged(f"{_subject(artefact, store)} is not there", hint=_ANOTHER) from None


def _open(
    shelf: Shelf, artefact: Artefact, identities: Sequence[Identity], into: Target, store: str
) -> None:
    sealed, plain = Measure(), Measure()
    try:
        with into() as file:
            flow(
                sealed.through(shelf.read(artefact.key)),
                decrypt_with(identities),
                decompress,
                _write(file, plain, artefact.plain_size),
            )
            found = (sealed.size, sealed.sha256, plain.size, plain.sha256)
            if found != _measures(artefact):
                raise _changed(artefact, store)
    except _TooLong:
        raise _changed(artefact, store) from None


def _measures(artefact: Artefact) -> tuple[int, str, int, str]:
    return artefact.size, artefact.sha256, artefact.plain_size, artefact.plain_sha256


def _write(file: BinaryIO, plain: Measure, limit: int) -> Stage:
    def write(chunks: Iterator[bytes], _: Send) -> None:
        for chunk in plain.through(chunks):
            if plain.size > limit:
                raise _TooLong
            file.write(chunk)

    return write


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file of this name that is there only when the block has ended well."""
    part = path.with_name(f"{path.name}.part")
    try:
        with _disk_errors(path):
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackendUnavailable(
            f"{path} cannot be written: {error.strerror or error}",
            hint=f"make room in {path.parent}",
        ) from error


def why_unopened(shelf: Shelf, artefact: Artefact, store: str) -> ArtefactDamaged | ArtefactLocked:
    """Why it could not be opened: when it is byte for byte what was stored, it is the key."""
    measure = Measure()
    for chunk in shelf.read(artefact.key):
        measure.add(chunk)
    if (measure.size, measure.sha256) != _measures(artefact)[:2]:
        return _changed(artefact, store)
    return ArtefactLocked(
        f"{_subject(artefact, store)} is encrypted for others: no identity in "
        f"stores.{store}.decrypt_with opens it",
        hint="name the identity that was in use when it was stored",
    )


def _changed(artefact: Artefact, store: str) -> ArtefactDamaged:
    return ArtefactDamaged(
        f"{_subject(artefact, store)} is not what was stored: truncated, changed or exchanged",
        hint=_ANOTHER,
    )


def _subject(artefact: Artefact, store: str) -> str:
    return f'the artefact "{artefact.key}" in "{store}"'
