"""The stages between plain bytes and an artefact: hash, zstd, age, and back.

Level 1 of zstd is the fastest, and its result was smaller than level 3's for long repeats; both
were measured on files of a key-value store. The libraries are imported when bytes flow, so that
short answers of the command line stay quick.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from slackwater.stores.flow import CHUNK, Send, Stage

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

_LEVEL = 1


class Unopened(Exception):
    """The bytes are no age file for these identities, or hold no zstd."""


class Measure:
    """Counts bytes, and hashes them, on their way."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = hashlib.sha256()

    def add(self, chunk: bytes) -> None:
        """Take notice of a piece."""
        self.size += len(chunk)
        self._digest.update(chunk)

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces, measured."""
        for chunk in chunks:
            self.add(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """The SHA-256 of what has come so far, in hex."""
        return self._digest.hexdigest()


def compress(chunks: Iterator[bytes], send: Send) -> None:
    """Compress with zstd; the frame carries a checksum of its own."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            send(packed)
    send(compressor.flush())


def decompress(chunks: Iterator[bytes], send: Send) -> None:
    """Undo ``compress``. Raises ``Unopened``."""
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(_reader(chunks), read_size=CHUNK)
    try:
        while chunk := reader.read(CHUNK):
            send(chunk)
    except zstandard.ZstdError as error:
        raise Unopened(str(error)) from error


def encrypt_to(recipients: Sequence[Recipient]) -> Stage:
    """Return the stage that encrypts for all of these."""
    import pyrage

    def encrypt(chunks: Iterator[bytes], send: Send) -> None:
        pieces = _Pieces(send)
        pyrage.encrypt_io(_reader(chunks), pieces, recipients)
        pieces.flush()

    return encrypt


def decrypt_with(identities: Sequence[Identity]) -> Stage:
    """Return the stage that decrypts with any of these. It raises ``Unopened``."""
    import pyrage

    def decrypt(chunks: Iterator[bytes], send: Send) -> None:
        pieces = _Pieces(send)
        try:
            pyrage.decrypt_io(_reader(chunks), pieces, identities)
        except (pyrage.DecryptError, OSError) as error:  # OSError: changed beyond the header
            raise Unopened(str(error)) from error
        pieces.flush()

    return decrypt


def opens(beginning: bytes, identities: Sequence[Identity]) -> bool:
    """Whether one of these opens what begins so: the whole of it, or at least 64 KiB of its data.

    What comes out of a beginning is authentic, though its end is missing.
    """
    import pyrage

    opened = io.BytesIO()
    try:
        pyrage.decrypt_io(io.BytesIO(beginning), opened, identities)
    except (pyrage.DecryptError, OSError):
        return bool(opened.getvalue())
    return True


class _Chunks(io.RawIOBase):
    """Chunks as a raw stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _reader(chunks: Iterator[bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Chunks(chunks), CHUNK)


class _Pieces:
    """A stream that collects the small writes of a library, and sends them on as chunks."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._buffer = bytearray()

    def write(self, data: bytes) -> int:
        self._buffer += data
        if len(self._buffer) >= CHUNK:
            self._send_on()
        return len(data)

    def flush(self) -> None:
        if self._buffer:
            self._send_on()

    def _send_on(self) -> None:
        self._send(bytes(self._buffer))
        self._buffer.clear()
