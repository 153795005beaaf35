"""Whether a store can be relied on: findings, each with its way out; nothing is left behind."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from slackwater.errors import BackendError, SlackwaterError
from slackwater.fleet.age_keys import AgeKeys
from slackwater.fleet.store_checking import review_store
from slackwater.model.finding import Finding, Severity
from slackwater.stores.shelf import PROBES, Shelf


def check(shelf: Shelf, keys: AgeKeys) -> Iterator[Finding]:
    """Yield what stands in the way of writing to the store, and of reading it back."""
    has_identity = keys.entry.decrypt_with is not None
    yield from review_store(keys, identities=has_identity)
    if not has_identity:
        yield Finding(
            severity=Severity.INFO,
            code="store-write-only",
            subject=f"stores.{keys.store}.decrypt_with",
            message="is not given: what is stored cannot be read back here",
            way_out="name the age identity where restores are to run",
        )
    try:
        next(shelf.list(PROBES), None)
    except SlackwaterError as error:
        yield _refused(keys.store, error, stops_restores=True)
    else:
        yield from _try_writing(shelf, keys.store)


def _try_writing(shelf: Shelf, store: str) -> Iterator[Finding]:
    key = f"{PROBES}{secrets.token_hex(8)}"
    try:
        try:
            shelf.create(key, b"probe")
            twice = shelf.create(key, b"probe")
        finally:
            shelf.delete([key])
    except BackendError as error:
        yield _refused(store, error, stops_restores=False)
        return
    if twice is not None:
        yield Finding(
            severity=Severity.ERROR,
            code="store-not-conditional",
            subject=f"stores.{store}",
            message="the service takes no notice of If-None-Match: of two backups that run under "
            "one name, the second would overwrite the first",
            way_out="use a service or a version of it that has conditional writes",
        )


def _refused(store: str, error: SlackwaterError, *, stops_restores: bool) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="store-unavailable",
        subject=f"stores.{store}",
        message=str(error),
        way_out=error.hint,
        stops_restores=stops_restores,
    )
