"""Reads long lists page by page, by ``limit`` and ``continue``, each object exactly once.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
A list that takes longer than the server keeps its state expires (410). It is then read again in
one answer, which cannot expire, as client-go's pager does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from slackwater.errors import ListExpired

T = TypeVar("T")


class _Place(msgspec.Struct):
    """Where the list goes on; empty on the last page."""

    token: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct, Generic[T]):
    """A list answer. Go writes an empty list as null."""

    metadata: _Place = msgspec.field(default_factory=_Place)
    items: list[T] | None = None


class _Rest(msgspec.Struct, rename="camel"):
    token: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class Counted(msgspec.Struct):
    """The first objects of a list, unread, and how many follow."""

    metadata: _Rest = msgspec.field(default_factory=_Rest)
    items: list[msgspec.Raw] | None = None


def counted(answer: Counted) -> int | None:
    """Return how many objects the whole list has; None where it goes on and nobody says how far."""
    following = answer.metadata.remaining_item_count
    if following is None and answer.metadata.token:
        return None
    return len(answer.items or ()) + (following or 0)


class _Metadata(msgspec.Struct):
    uid: str = ""
    namespace: str = ""
    name: str = ""


class _Identified(msgspec.Struct):
    metadata: _Metadata


def read_pages(
    read: Callable[[int, str], bytes],
    decode: Callable[[bytes, type[_Page[Any]]], _Page[Any]],
    limit: int,
    into: object,
) -> Iterator[Sequence[Any]]:
    """Yield the items of each page as ``into``.

    ``read(limit, token)`` gives the bytes of a page (0 and "" mean none), ``decode(body, type)``
    understands them. Items given out before the list expired are not given out again.
    """
    page_type, seen, token = _page_of(into), set[str](), ""
    while True:
        try:
            body = read(limit, token)
        except ListExpired:
            if not token:
                raise
            limit, token = 0, ""
            continue
        page = decode(body, page_type)
        token = page.metadata.token
        items: Sequence[Any] = page.items or ()
        if items and (token or seen):
            # A second look at the bytes costs time; items that tell themselves apart spare it.
            identified = items if _tells(items[0]) else decode(body, _page_of(_Identified)).items
            items = _unseen(items, identified or (), seen)
        yield items
        if not token:
            return


def _page_of(item: object) -> type[_Page[Any]]:
    return _Page[item]  # type: ignore[valid-type]  # a type that is only known at run time


def _tells(item: object) -> bool:
    """Whether the type that was asked for reads what tells objects apart."""
    metadata = getattr(item, "metadata", None)
    return all(hasattr(metadata, field) for field in _Metadata.__struct_fields__)


def _unseen(items: Sequence[T], identified: Sequence[_Identified], seen: set[str]) -> Sequence[T]:
    """The items whose uids are new; ``seen`` grows by them.

    A few aggregated APIs give no uids; there the name has to do.
    """
    fresh = []
    for item, known in zip(items, identified, strict=True):
        metadata = known.metadata
        key = metadata.uid or f"{metadata.namespace}/{metadata.name}"
        if key not in seen:
            seen.add(key)
            fresh.append(item)
    return fresh
