"""Bugs that a careless change could bring, planted into a process: the checks must see them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from slackwater.model.act import Key
from slackwater.stores import ArtefactStore, Manifest, spool
from slackwater.stores.folder import FolderShelf
from slackwater_etcdctl import saving
from slackwater_etcdctl.arriving import Arriving
from slackwater_etcdctl.backing_up import Performer
from slackwater_etcdctl.blueprint import Blueprint

from . import bugs_in_clusters


def _put(place: object, name: str, bug: object) -> None:
    """Put a bug in place of what is right, for as long as the process lives."""
    mock.patch.object(place, name, bug).start()


def _manifest_first() -> None:
    """The manifest is published, and only then do the artefacts follow."""
    put, publish, later = FolderShelf.put, ArtefactStore.publish, []

    def keep(shelf: FolderShelf, key: str, chunks: Any) -> None:
        later.append((shelf, key, list(chunks)))

    def publish_first(store: ArtefactStore, manifest: Any) -> Any:
        made = publish(store, manifest)
        for shelf, key, chunks in later:
            put(shelf, key, chunks)
        return made

    _put(FolderShelf, "put", keep)
    _put(ArtefactStore, "publish", publish_first)
    _put(ArtefactStore, "_require", lambda *_: None)


def _random_names() -> None:
    """The name of what is made is not the same for the same key."""

    def name(key: Key, stem: str, *, longest: int = 63) -> str:
        return f"{stem[: longest - 9]}-{secrets.token_hex(4)}"

    _put(Key, "name", name)


def _forgetful_performer() -> None:
    """What was begun counts as done when it is begun again."""
    perform, begun = Performer.perform, Path("begun")

    def performed(self: Performer, act: Any, key: Key, report: Any) -> Any:
        if begun.exists():
            return Manifest(
                name=key.name(str(act.payload["stem"])), tool="etcdctl", made_at=_LONG_AGO
            )
        begun.touch()
        return perform(self, act, key, report)

    _put(Performer, "perform", performed)


def _half_a_snapshot() -> None:
    """What is uploaded is cut short, and nobody compares it with its SHA-256."""

    def half(arriving: Arriving, *_: object) -> Iterator[bytes]:
        arriving.saved.result()
        content = arriving.file.read_bytes()
        yield content[: len(content) // 2]

    _put(saving, "measured_chunks", half)


def _spool_not_swept() -> None:
    """What killed processes have left in the spool stays there."""
    _put(spool, "leftovers", lambda _root: ())


def _nothing_deleted() -> None:
    """Artefacts of a performer that was killed stay beside those that count."""
    _put(FolderShelf, "delete", lambda *_: None)


def _aside_anew() -> None:
    """Data is moved aside under another name each time."""
    aside = Blueprint.aside

    def anew(plan: Blueprint, member: Any) -> str:
        return f"{aside(plan, member)}{secrets.token_hex(2)}"

    _put(Blueprint, "aside", anew)


_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

BUGS: Mapping[str, Callable[[], None]] = {
    "manifest-first": _manifest_first,
    "random-names": _random_names,
    "forgetful-performer": _forgetful_performer,
    "half-a-snapshot": _half_a_snapshot,
    "spool-not-swept": _spool_not_swept,
    "nothing-deleted": _nothing_deleted,
    "aside-anew": _aside_anew,
    **bugs_in_clusters.BUGS,
}


def plant(name: str) -> None:
    """Plant a bug into this process; none for an empty name."""
    if name:
        BUGS[name]()
