"""A store of artefacts: written in one pass, made to count by a manifest, read back and checked.

Layout below the tool's prefix::

    manifests/<name>.json                      plain JSON, created once: it is what counts
    artefacts/<name>/<random>/<part>.zst.age   compressed, then encrypted; never written twice

The random part lets two performers write the same recovery point side by side: whoever creates
the manifest first wins, and no bytes of one are ever taken for the other's.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from slackwater.errors import (
    ArtefactDamaged,
    BackendUnavailable,
    PermanentBackendError,
    RecoveryPointNotFound,
    Unsupported,
)
from slackwater.fleet.age_keys import AgeKeys
from slackwater.model.finding import Finding, Severity
from slackwater.stores.fetching import fetch, fetch_bytes
from slackwater.stores.flow import chunks_of, flow
from slackwater.stores.keyholes import review_ends, review_key
from slackwater.stores.manifest import Artefact, Manifest, checked_name, decoded, encoded
from slackwater.stores.sealing import Measure, compress, encrypt_to
from slackwater.stores.shelf import PARTS, PROBES, Absent, Shelf, Stored
from slackwater.stores.upkeep import check

_MANIFESTS = "manifests/"
_ARTEFACTS = "artefacts/"
_READERS = 16
"""Manifests that are read at once."""

_LOOKS = 6
"""How often what another wrote is looked for: for about two seconds in all."""


@dataclass(frozen=True)
class Orphan:
    """An object that no manifest names: left by a killed performer. Size in bytes."""

    key: str
    size: int
    written_at: datetime


class ArtefactStore:
    """The artefacts of one tool in one store of the fleet file. Usable from several threads.

    ``identity`` is the same for everybody who means the same place; ``name`` is the fleet file's.
    Raises ``TransientBackendError`` where another try may help, else ``PermanentBackendError``;
    no message holds a secret.
    """

    def __init__(
        self, name: str, shelf: Shelf, keys: AgeKeys, *, clock: Callable[[], datetime]
    ) -> None:
        self.name = name
        self.identity = shelf.identity
        self._shelf = shelf
        self._keys = keys
        self._clock = clock
        self._known: dict[str, Manifest] = {}

    def write(
        self,
        name: str,
        part: str,
        source: BinaryIO | Iterable[bytes],
        *,
        progress: Callable[[int], None] = lambda _: None,
        measure: Measure | None = None,
    ) -> Artefact:
        """Hash, compress, encrypt and store the source in one pass, in bounded memory.

        Nothing counts before ``publish``. The source is read, and ``progress`` called with the
        bytes read so far, in the caller's thread; what either raises comes out unchanged, and
        nothing is left then. That is also how to stop. ``measure`` is what the plain bytes pass,
        for a source that checks what has gone before: no byte is hashed twice.
        """
        key = f"{_ARTEFACTS}{checked_name(name)}/{secrets.token_hex(8)}/{checked_name(part)}"
        key += ".zst.age"
        plain, sealed = measure or Measure(), Measure()

        def pieces() -> Iterator[bytes]:
            for chunk in plain.through(chunks_of(source)):
                progress(plain.size)
                yield chunk

        flow(
            pieces(),
            compress,
            encrypt_to(self._keys.recipients()),
            lambda chunks, _: self._shelf.put(key, sealed.through(chunks)),
        )
        return Artefact(
            part=part,
            key=key,
            size=sealed.size,
            sha256=sealed.sha256,
            plain_size=plain.size,
            plain_sha256=plain.sha256,
        )

    def publish(self, manifest: Manifest) -> Manifest:
        """Make the artefacts count; return the manifest that does, which another may have made.

        The last write of a backup, and conditional: of several performers one wins. Afterwards no
        other artefact of this name is left. Raises ``ArtefactDamaged`` where one of the
        manifest's own is not in the store as it was written, and ``BackendUnavailable`` where the
        service says that another has made it, and does not show it.
        """
        own = list(self._shelf.list(f"{_ARTEFACTS}{manifest.name}/"))
        etag = None
        if not self._exists(manifest.name):
            self._require(manifest, {stored.key: stored.size for stored in own})
            etag = self._shelf.create(_manifest_key(manifest.name), encoded(manifest))
        if etag is None:
            counts = self._counting(manifest.name)
        else:
            counts = manifest.model_copy(update={"etag": etag})
        kept = {artefact.key for artefact in counts.artefacts}
        lost = {artefact.key for artefact in manifest.artefacts} | {stored.key for stored in own}
        self._shelf.delete(sorted(lost - kept))
        return counts

    def read(self, artefact: Artefact, into: Path) -> None:
        """Fetch an artefact, decrypt and check it, and put the plain bytes into a new file (0600).

        Raises ``ArtefactDamaged`` (missing, truncated, changed, another's), ``ArtefactLocked`` (no
        identity opens it) and ``BackendUnavailable`` (also where the disk is full). The file
        is there only when everything was right.
        """
        fetch(self._shelf, artefact, self._keys, into, store=self.name)

    def read_bytes(self, artefact: Artefact) -> bytes:
        """Fetch, decrypt and check an artefact that is small, and return its plain bytes.

        For secrets: the plain bytes touch no disk. Raises as ``read``.
        """
        return fetch_bytes(self._shelf, artefact, self._keys, store=self.name)

    def manifest(self, name: str) -> Manifest:
        """Return a manifest.

        Raises ``RecoveryPointNotFound``, ``ArtefactDamaged``, and ``Unsupported`` for one of a
        newer Slackwater.
        """
        try:
            content, etag = self._shelf.get(_manifest_key(name))
        except Absent:
            raise RecoveryPointNotFound(f'"{name}" is not in the store "{self.name}"') from None
        return decoded(content, name=name, etag=etag, store=self.name)

    def manifests(
        self, unreadable: Callable[[Finding], None] = lambda _: None
    ) -> Iterator[Manifest]:
        """Yield every manifest, many read at once; one that was read and did not change is not
        read again.

        ``unreadable`` is told of manifests that are damaged or newer than this Slackwater.
        """
        with ThreadPoolExecutor(_READERS) as pool:
            for read in pool.map(self._read_listed, self._shelf.list(_MANIFESTS)):
                if isinstance(read, Manifest):
                    yield read
                elif read is not None:
                    unreadable(read)

    def sizes(self, name: str = "") -> Mapping[str, int]:
        """Return the artefacts that lie there, of one recovery point or of all: keys and bytes.

        One list. A manifest tells what was written; only this tells what is left of it. To be
        asked after the manifests were read, for what is written in between has none of them.
        """
        prefix = f"{_ARTEFACTS}{checked_name(name)}/" if name else _ARTEFACTS
        return {stored.key: stored.size for stored in self._shelf.list(prefix)}

    def update(self, manifest: Manifest) -> Manifest:
        """Write a changed manifest over the one that it was made from; return it as it stands.

        Raises ``BackendUnavailable`` where somebody else has changed it since it was read: read
        it again, and try again. Raises ``RecoveryPointNotFound`` where it is gone.
        """
        etag = self._shelf.replace(_manifest_key(manifest.name), encoded(manifest), manifest.etag)
        if etag is None:
            self.manifest(manifest.name)
            raise BackendUnavailable(
                f'the manifest "{manifest.name}" in "{self.name}" was changed by somebody else',
                hint="try again",
            )
        return manifest.model_copy(update={"etag": etag})

    def delete(self, name: str) -> None:
        """Remove a recovery point: the manifest first, then its artefacts. Repeatable."""
        self._shelf.delete([_manifest_key(name)])
        self._shelf.delete(stored.key for stored in self._shelf.list(f"{_ARTEFACTS}{name}/"))

    def orphans(self, older_than: timedelta = timedelta(days=1)) -> tuple[Orphan, ...]:
        """Return what killed performers left: nothing counts it, and nobody still writes it.

        Cheap: a few lists, and the manifests of points that have a part twice. Uploads in parts
        that were never ended are not objects: the service's own lifecycle rule removes them.
        """
        before = self._clock() - older_than
        by_owner: defaultdict[str, list[Stored]] = defaultdict(list)
        for stored in self._shelf.list(_ARTEFACTS):
            by_owner[_owner(stored.key)].append(stored)
        # Listed after the artefacts: what was published in between has its manifest there.
        counting = {_name_of(stored.key) for stored in self._shelf.list(_MANIFESTS)}
        left = [*self._shelf.list(PARTS), *self._shelf.list(PROBES)]
        for name, own in by_owner.items():
            left += self._beside(name, own) if name in counting else own
        return tuple(
            Orphan(stored.key, stored.size, stored.written_at)
            for stored in left
            if stored.written_at <= before
        )

    def sweep(self, older_than: timedelta = timedelta(days=1)) -> tuple[Orphan, ...]:
        """Remove the orphans, and return what was removed."""
        found = self.orphans(older_than)
        self._shelf.delete(orphan.key for orphan in found)
        return found

    def review_key(self, manifest: Manifest) -> tuple[Finding, ...]:
        """Say whether a recovery point can be opened here; reads the beginning of one artefact.

        To be asked before a restore is begun, not by a list: it costs a request.
        """
        return review_key(self._shelf, manifest, self._keys, store=self.name)

    def check(self) -> tuple[Finding, ...]:
        """Look whether the store can be reached, written and read back; leaves nothing there."""
        found = tuple(check(self._shelf, self._keys))
        if self._keys.entry.decrypt_with is None or any(finding.blocks for finding in found):
            return found
        return (*found, *review_ends(self._shelf, _MANIFESTS, self._keys, self.name, self))

    def _beside(self, name: str, own: list[Stored]) -> list[Stored]:
        """The artefacts that lie beside those that count, where a part lies there twice."""
        if len({stored.key.rpartition("/")[2] for stored in own}) == len(own):
            return []
        try:
            named = {artefact.key for artefact in self.manifest(name).artefacts}
        except (RecoveryPointNotFound, ArtefactDamaged, Unsupported):
            return []  # what they belong to cannot be told
        return [stored for stored in own if stored.key not in named]

    def _counting(self, name: str) -> Manifest:
        """Return the manifest that another is said to have made.

        It may be told before it can be read: versitygw 1.8 with its metadata in a sidecar refuses
        the second writer some milliseconds before it links the file of the first.
        """
        import tenacity  # pulls in asyncio; only needed with a write

        looks = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_LOOKS),
            wait=tenacity.wait_exponential(multiplier=0.05, max=1),
            retry=tenacity.retry_if_exception_type(RecoveryPointNotFound),
            reraise=True,
        )
        try:
            return looks(self.manifest, name)
        except RecoveryPointNotFound:
            raise BackendUnavailable(
                f'"{self.name}" refuses the manifest "{name}" as written already, and shows none',
                hint="try again",
            ) from None

    def _exists(self, name: str) -> bool:
        try:
            self._shelf.get(_manifest_key(name))
        except Absent:
            return False
        return True

    def _require(self, manifest: Manifest, there: Mapping[str, int]) -> None:
        for part in manifest.lost(there):
            raise ArtefactDamaged(
                f'"{part}" of "{manifest.name}" is not in "{self.name}" as it was written',
                hint="back up again; see that nothing else deletes objects in the store",
            )

    def _read_listed(self, stored: Stored) -> Manifest | Finding | None:
        name = _name_of(stored.key)
        known = self._known.get(name)
        if known is not None and known.etag == stored.etag:
            return known
        try:
            manifest = self.manifest(name)
        except RecoveryPointNotFound:  # deleted since it was listed
            return None
        except (ArtefactDamaged, Unsupported) as error:
            return _unreadable(name, error)
        except ValueError:
            return _foreign(stored.key, self.name)
        self._known[name] = manifest
        return manifest


def _manifest_key(name: str) -> str:
    return f"{_MANIFESTS}{checked_name(name)}.json"


def _name_of(key: str) -> str:
    return key.removeprefix(_MANIFESTS).removesuffix(".json")


def _owner(key: str) -> str:
    """The name of the recovery point that an artefact was written for."""
    return key.removeprefix(_ARTEFACTS).partition("/")[0]


def _unreadable(name: str, error: PermanentBackendError) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="manifest-unreadable",
        subject=name,
        message=str(error),
        way_out=error.hint,
    )


def _foreign(key: str, store: str) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="object-foreign",
        subject=key,
        message=f'lies among the manifests in "{store}" and is none',
        way_out="remove it; give others a prefix of their own",
    )
