"""What a store says of each recovery point: plain JSON, readable without any key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter, ValidationError

from slackwater.errors import ArtefactDamaged, Unsupported
from slackwater.model.frozen import Frozen

VERSION = 1
"""The newest form of manifests that is written, and read, here."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}"
_KEY = rf"^artefacts/{_NAME}/[0-9a-f]+/{_NAME}$"


def _check_name(text: str) -> str:
    # Names become parts of keys and of paths: nothing in them may lead elsewhere.
    if not re.fullmatch(_NAME, text):
        raise ValueError("at most 200 of letters, digits, '.', '_' and '-', no sign at its start")
    return text


ArtefactName = Annotated[str, AfterValidator(_check_name)]
"""The name of a recovery point in a store, or of one of its parts."""

_NAMES: TypeAdapter[str] = TypeAdapter(ArtefactName)


class Artefact(Frozen):
    """One encrypted object: sizes in bytes and SHA-256 in hex, as stored and of the plain bytes.

    ``part`` says which part of its recovery point it is; ``key`` is where it lies in the store.
    """

    part: ArtefactName
    key: str = Field(pattern=_KEY)
    size: int = Field(ge=0)
    sha256: str
    plain_size: int = Field(ge=0)
    plain_sha256: str


class Manifest(Frozen):
    """What makes artefacts count as one recovery point.

    ``facts`` are the tool's own, as plain JSON, and hold no secret. ``etag`` is the state in
    which the manifest was read; it is not part of what is stored.
    """

    name: ArtefactName
    version: int = VERSION
    tool: str
    made_at: AwareDatetime
    facts: Mapping[str, object] = Field(default_factory=dict)
    artefacts: tuple[Artefact, ...] = ()
    etag: str = Field(default="", exclude=True, repr=False)

    def artefact(self, part: str) -> Artefact:
        """Return a part. Raises ``KeyError`` where the recovery point has none of this name."""
        return {artefact.part: artefact for artefact in self.artefacts}[part]

    def lost(self, there: Mapping[str, int]) -> tuple[str, ...]:
        """Return the parts that a store does not hold as they were written, by keys and sizes."""
        return tuple(a.part for a in self.artefacts if there.get(a.key) != a.size)


class _Version(Frozen, extra="ignore"):
    version: int


def checked_name(text: str) -> str:
    """Return the name. Raises ``ValueError`` (pydantic's) where it cannot be one."""
    return _NAMES.validate_python(text)


def encoded(manifest: Manifest) -> bytes:
    """Return the manifest as it is stored."""
    return manifest.model_dump_json(indent=1).encode()


def decoded(content: bytes, *, name: str, etag: str, store: str) -> Manifest:
    """Read a manifest. Raises ``ArtefactDamaged``, or ``Unsupported`` where it is newer."""
    try:
        version = _Version.model_validate_json(content).version
        if version > VERSION:
            raise Unsupported(
                f'the manifest "{name}" in {store} has version {version}; this Slackwater reads '
                f"up to {VERSION}",
                hint="upgrade Slackwater",
            )
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        manifest = None
    if manifest is None or manifest.name != name:
        # Raised after the except: the error of validation repeats the content.
        raise ArtefactDamaged(
            f'the manifest "{name}" in {store} is damaged',
            hint=f'bring it back from a copy of the store, or delete the recovery point "{name}"',
        )
    return manifest.model_copy(update={"etag": etag})
