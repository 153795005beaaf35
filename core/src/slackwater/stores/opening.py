"""From an entry of the fleet file to a store that a tool can use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from slackwater.fleet import StoreEntry
from slackwater.fleet.age_keys import AgeKeys
from slackwater.stores.artefact_store import ArtefactStore
from slackwater.stores.bucket import BucketShelf
from slackwater.stores.folder import FolderShelf
from slackwater.stores.shelf import Shelf


def open_store(
    name: str,
    entry: StoreEntry,
    secret: Callable[[str], str],
    *,
    tool: str,
    clock: Callable[[], datetime],
) -> ArtefactStore:
    """Return the part of a store that belongs to a tool. Contacts nothing.

    ``secret`` follows references; it is asked in the calls that need a key, and not before.
    """
    return ArtefactStore(
        name, _shelf(entry, tool, secret), AgeKeys(name, entry, secret), clock=clock
    )


def _shelf(entry: StoreEntry, tool: str, secret: Callable[[str], str]) -> Shelf:
    url = urlsplit(entry.url)
    if url.scheme == "file":
        return FolderShelf(Path(unquote(url.path)), tool)
    return BucketShelf(entry, tool, secret)
