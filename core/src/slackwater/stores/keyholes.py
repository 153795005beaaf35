"""Whether a key fits, told by the first bytes of an artefact: before a restore has begun.

An age file begins with its file key, encrypted for each recipient; what follows comes in pieces
that are authentic one by one (age's specification, "payload"). So the beginning of an artefact
shows whether an identity opens it, however large it is and whoever wrote its manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from slackwater.errors import (
    ArtefactDamaged,
    ArtefactLocked,
    BackendError,
    ConfigurationError,
    SecretError,
)
from slackwater.fleet.age_keys import AgeKeys
from slackwater.model.finding import Finding, Severity
from slackwater.stores.fetching import why_unopened
from slackwater.stores.manifest import Artefact, Manifest
from slackwater.stores.sealing import opens
from slackwater.stores.shelf import Absent, Shelf

_BEGINNING = 256 * 1024
"""Bytes: a header for hundreds of recipients, and the first whole piece (64 KiB) behind it."""
_WAY_OUT = "name the identity that was in use when it was stored; several can stand in one file"


class _Readable(Protocol):
    """What reads manifests: the store."""

    def manifest(self, name: str) -> Manifest:
        """Return a manifest."""


def try_key(shelf: Shelf, artefact: Artefact, keys: AgeKeys, *, store: str) -> None:
    """Raise ``ArtefactLocked`` where no identity opens the artefact.

    Raises ``ArtefactDamaged`` where a small one is not what was stored, ``Absent`` where it is not
    there, and what reading and keys raise else.
    """
    identities = keys.identities()
    beginning = _beginning(shelf, artefact.key)
    if opens(beginning, identities):
        return
    if len(beginning) < _BEGINNING:  # all of it: what it is can be told from what was stored
        raise why_unopened(shelf, artefact, store)
    raise ArtefactLocked(
        f"no identity in stores.{store}.decrypt_with opens it: it is encrypted for others, or "
        "its beginning was changed",
        hint=_WAY_OUT,
    )


def review_key(
    shelf: Shelf, manifest: Manifest, keys: AgeKeys, *, store: str
) -> tuple[Finding, ...]:
    """Say whether a recovery point can be opened here, by its first artefact.

    All of them were encrypted at once, for the same recipients.
    """
    try:
        for artefact in manifest.artefacts[:1]:
            try_key(shelf, artefact, keys, store=store)
    except (ArtefactLocked, ConfigurationError, SecretError) as error:
        way_out = error.hint or _WAY_OUT
        return (_finding(Severity.ERROR, "point-locked", manifest.name, str(error), way_out),)
    except ArtefactDamaged as error:
        return (_finding(Severity.ERROR, "point-damaged", manifest.name, str(error), error.hint),)
    except Absent:
        return ()  # told with the point itself
    except BackendError as error:
        said = f"whether a key opens it cannot be told: {error}"
        return (_finding(Severity.WARNING, "key-not-tried", manifest.name, said, error.hint),)
    return ()


def review_ends(
    shelf: Shelf, prefix: str, keys: AgeKeys, store: str, readable: _Readable
) -> Iterator[Finding]:
    """Say whether the newest and the oldest recovery point can be opened here.

    They tell a wrong identity, and one that was exchanged and whose forerunner was thrown away:
    old points expire, so that is no more than a warning.
    """
    written = sorted((stored.written_at, stored.key) for stored in shelf.list(prefix))
    for _, key in dict.fromkeys([*written[-1:], *written[:1]]):
        name = key.removeprefix(prefix).removesuffix(".json")
        with suppress(BackendError, ValueError):  # a manifest that cannot be read is told elsewhere
            for finding in review_key(shelf, readable.manifest(name), keys, store=store):
                newest = key == written[-1][1]
                severity = finding.severity if newest else Severity.WARNING
                yield finding.model_copy(update={"severity": severity})


def _beginning(shelf: Shelf, key: str) -> bytes:
    found = bytearray()
    for chunk in shelf.read(key):
        found += chunk
        if len(found) >= _BEGINNING:
            break
    return bytes(found)


def _finding(severity: Severity, code: str, name: str, message: str, way_out: str) -> Finding:
    return Finding(severity=severity, code=code, subject=name, message=message, way_out=way_out)
