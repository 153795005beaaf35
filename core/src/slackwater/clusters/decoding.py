"""Answers into msgspec types, from any number of threads.

msgspec works a type out when it first meets it, and shows other threads what it has so far: two
that meet a new type at the same time end the interpreter with a segmentation fault (0.22.0). So
types are worked out one at a time, once; what comes of it may be used by all threads at once.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_WORKING_OUT = threading.Lock()
_DECODERS: dict[object, msgspec.json.Decoder[Any]] = {}


def decode(body: bytes | msgspec.Raw, into: type[T]) -> T:
    """Return what the JSON says, as the type asked for. Raises ``msgspec.MsgspecError``."""
    return _worked_out(into).decode(body)


def convert(value: object, into: type[T]) -> T:
    """Return what was read already, as the type asked for. Raises ``msgspec.MsgspecError``."""
    _worked_out(into)
    return msgspec.convert(value, into)


def _worked_out(into: type[T]) -> msgspec.json.Decoder[T]:
    with _WORKING_OUT:
        return _DECODERS.get(into) or _DECODERS.setdefault(into, msgspec.json.Decoder(into))
