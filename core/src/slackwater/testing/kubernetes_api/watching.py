"""Watches: the changes of one kind as a stream of events, from a revision on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import msgspec

from slackwater.testing.kubernetes_api.kinds import Resource
from slackwater.testing.kubernetes_api.lists import Query, item_head, parsed_version, read_page
from slackwater.testing.kubernetes_api.status import expired
from slackwater.testing.kubernetes_api.store import Change, Compacted, Record, Store


def watch(
    store: Store, resource: Resource, query: Query, seconds: float | None
) -> AsyncIterator[bytes]:
    """Return one line for each event, until so many seconds have passed or the reader leaves.

    Without a resource version the objects that exist come first, as ADDED. A revision that is no
    longer kept gives one ERROR event with the 410 of the server. A broken query raises its 400
    here, before anything is answered.
    """
    any(query.select(()))
    beginning = _beginning(store, resource, query)
    return _lines(store, resource, query, beginning, seconds)


async def _lines(
    store: Store,
    resource: Resource,
    query: Query,
    beginning: tuple[int, list[bytes]],
    seconds: float | None,
) -> AsyncIterator[bytes]:
    seen, first = beginning
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def wake(_: Change) -> None:
        with suppress(RuntimeError):  # the loop was closed between the change and this call
            loop.call_soon_threadsafe(woken.set)

    stop = store.subscribe(wake)
    deadline = None if seconds is None else loop.time() + seconds
    try:
        for line in first:
            yield line
        while True:
            woken.clear()
            for change in store.changes(seen):
                seen = change.revision
                for line in _told(resource, query, change):
                    yield line
            async with asyncio.timeout_at(deadline):
                await woken.wait()
    except TimeoutError:
        return
    except Compacted:
        yield _too_old(query, store)
    finally:
        stop()


def _beginning(store: Store, resource: Resource, query: Query) -> tuple[int, list[bytes]]:
    """Return the revision to go on from, and the events for what exists already."""
    if query.version not in {"", "0"}:
        return parsed_version(query.version), []
    page = read_page(store, resource, query)
    return page.revision, [_line("ADDED", resource, record) for record in page.records]


def _told(resource: Resource, query: Query, change: Change) -> Iterator[bytes]:
    """An object that begins to match a selector is ADDED, one that ceases to is DELETED."""
    if change.table != resource.table:
        return
    if query.namespace and not change.key.startswith(f"{query.namespace}/"):
        return
    before = bool(change.before) and any(query.select([change.before] if change.before else []))
    after = bool(change.after) and any(query.select([change.after] if change.after else []))
    if before or after:
        kind = "MODIFIED" if before and after else "ADDED" if after else "DELETED"
        yield _line(kind, resource, change.last)


def _line(kind: str, resource: Resource, record: Record) -> bytes:
    content = item_head(resource) + record.body[1:]
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), content)


def _too_old(query: Query, store: Store) -> bytes:
    status = expired(f"too old resource version: {query.version} ({store.compacted})").body()
    return msgspec.json.encode({"type": "ERROR", "object": status}) + b"\n"
