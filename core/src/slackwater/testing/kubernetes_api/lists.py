"""Lists: selection, pages, and the tokens that carry a list from page to page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import msgspec

from slackwater.testing.kubernetes_api.kinds import Resource
from slackwater.testing.kubernetes_api.selectors import field_selector, label_selector
from slackwater.testing.kubernetes_api.status import (
    EXPIRED_CONTINUE,
    bad_request,
    expired,
    too_large_version,
)
from slackwater.testing.kubernetes_api.store import Compacted, Record, Store

INCONSISTENT = -1


@dataclass(frozen=True, slots=True)
class Query:
    """What a list was asked for, in the words of the query string. `limit` 0: everything."""

    namespace: str = ""
    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    version: str = ""
    exact: bool = False

    def select(self, records: Iterable[Record]) -> Iterator[Record]:
        """Return those that the selectors hold for, in order."""
        if not self.selective:
            return iter(records)
        labels, fields = label_selector(self.labels), field_selector(self.fields)
        return (each for each in records if labels(each.labels) and fields(each.fields))

    @property
    def selective(self) -> bool:
        """Whether selectors may leave something out."""
        return bool(self.labels or self.fields)

    @classmethod
    def parse(cls, namespace: str, parameters: Mapping[str, str]) -> Query:
        """Read a query string, or raise a 400."""
        limit = parameters.get("limit") or "0"
        if not limit.isdigit():
            raise bad_request(f'strconv.ParseInt: parsing "{limit}": invalid syntax')
        return cls(
            namespace=namespace,
            labels=parameters.get("labelSelector", ""),
            fields=parameters.get("fieldSelector", ""),
            limit=int(limit),
            token=parameters.get("continue", ""),
            version=parameters.get("resourceVersion", ""),
            exact=parameters.get("resourceVersionMatch") == "Exact",
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its records, the revision it shows, and the way to the next one."""

    records: list[Record]
    revision: int
    token: str = ""
    remaining: int | None = None

    def encoded(self, resource: Resource) -> bytes:
        """Return the list object. As on a real server, items of built-in kinds carry no kind."""
        metadata = {"resourceVersion": str(self.revision)}
        if self.token:
            metadata["continue"] = self.token
        count = b"" if self.remaining is None else b',"remainingItemCount":%d' % self.remaining
        head = item_head(resource) if resource.custom else b"{"
        return b'{"kind":"%sList","apiVersion":"%s","metadata":%s%s},"items":[%s]}' % (
            resource.kind.encode(),
            resource.api_version.encode(),
            msgspec.json.encode(metadata)[:-1],
            count,
            b",".join([head + record.body[1:] for record in self.records]),
        )


class Token(msgspec.Struct, rename={"revision": "rv"}):
    """Where a list goes on: at which revision, and from which key."""

    revision: int
    start: str
    v: str = "meta.k8s.io/v1"

    def encoded(self) -> str:
        """Return the opaque text that a client hands back."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def item_head(resource: Resource) -> bytes:
    """Return the beginning of an object's JSON, to stand before a record's body."""
    return b'{"kind":"%s","apiVersion":"%s",' % (
        resource.kind.encode(),
        resource.api_version.encode(),
    )


def read_page(store: Store, resource: Resource, query: Query) -> Page:
    """Return one page of a list, or raise 400, 410 or 504 as the server does."""
    revision, start = _position(store, query)
    try:
        listing = store.listing(resource.table, revision)
    except Compacted:
        raise _too_old(store, query, start) from None
    records = query.select(listing.within(query.namespace, start))
    if not query.limit:
        return Page(list(records), revision)
    page = list(islice(records, query.limit))
    following = next(records, None)
    if following is None:
        return Page(page, revision)
    token = Token(revision, following.key).encoded()
    remaining = None if query.selective else 1 + sum(1 for _ in records)
    return Page(page, revision, token, remaining)


def _position(store: Store, query: Query) -> tuple[int, str]:
    """Return the revision to show and the key to begin at."""
    if query.token:
        if query.version not in {"", "0"}:
            raise bad_request("specifying resource version is not allowed when using continue")
        token = _decoded(query.token)
        return (store.revision if token.revision == INCONSISTENT else token.revision), token.start
    if not query.version:
        return store.revision, ""
    asked = parsed_version(query.version)
    if asked > store.revision:
        raise too_large_version(asked, store.revision)
    return (asked if query.exact else store.revision), ""


def parsed_version(text: str) -> int:
    """Return a resource version as a number, or raise a 400."""
    if not text.isdigit():
        raise bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


def _decoded(text: str) -> Token:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=Token)
    except (binascii.Error, ValueError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error


def _too_old(store: Store, query: Query, start: str) -> Exception:
    """A list begun may go on inconsistently with the token in the answer; no other can."""
    if query.token:
        return expired(EXPIRED_CONTINUE, Token(INCONSISTENT, start).encoded())
    return expired(f"The resourceVersion for the provided list is too old: {query.version}")
