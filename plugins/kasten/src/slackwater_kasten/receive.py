"""Receive strings: what K10 needs to read another cluster's export. Each is a secret.

A string stands in the ExportAction, and goes with it. So it is kept beside, encrypted, in a store
of the fleet; or a person has put it into a Secret where it is needed. Plans, journals and messages
name the place only; the value lives in the one call that writes it into an import policy.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping

import msgspec
from pydantic import ValidationError

from slackwater.errors import BackendError, PermanentBackendError, RecoveryPointNotFound
from slackwater.model.recovery_point import PointId
from slackwater.stores import Artefact, ArtefactStore
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import text
from slackwater_kasten.naming import digest
from slackwater_kasten.resources import SECRETS
from slackwater_kasten.voice import TOOL

RECEIVE_KEY = "receiveString"
"""The key of a Secret with a receive string, and the field of an import policy."""
PART = "receive-string"
"""What the artefact of a kept string is called."""

OpenStore = Callable[[str], ArtefactStore]
"""Opens a store of the fleet by its name."""


class _Secret(msgspec.Struct):
    """Read for one call; shows nothing of itself."""

    data: dict[str, str] | None = None

    def __repr__(self) -> str:
        return "_Secret()"


def kept_name(point: PointId) -> str:
    """Return the name under which a store keeps the string of a point: the same everywhere."""
    return f"receive-{digest([point.store, point.name])[:32]}"


def find_kept(store: ArtefactStore, point: PointId) -> Artefact | None:
    """Return the kept string of a point, still encrypted; None where the store has none."""
    try:
        manifest = store.manifest(kept_name(point))
        meant = PointId.model_validate(manifest.facts.get("point"))
        return manifest.artefact(PART) if meant == point else None
    except (RecoveryPointNotFound, ValidationError, KeyError):
        return None


def receive_string(kasten: Kasten, open_store: OpenStore, payload: Mapping[str, object]) -> str:
    """Return the string from where the payload of an act says that it lies. Keep it no longer than
    the call that uses it. Raises ``PermanentBackendError``.
    """
    if text(payload, "store"):
        return _from_store(kasten, open_store, payload)
    return _from_secret(kasten, text(payload, "secret"))


def scrubbed(error: BackendError, receive: str) -> BackendError:
    """Return the error without the string, which a server may have quoted; raise it ``from None``,
    for so may its cause.
    """
    error.args = (str(error).replace(receive, "(receive string)"),)
    error.__cause__ = error.__context__ = None
    return error


def _from_store(kasten: Kasten, open_store: OpenStore, payload: Mapping[str, object]) -> str:
    point = PointId.model_validate(payload["point"])
    store = open_store(text(payload, "store"))
    artefact = find_kept(store, point)
    if artefact is None:
        raise _lacking(kasten, f"store {store.name} keeps no receive string of {point.name}")
    return _decoded(kasten, store.read_bytes(artefact), f"what store {store.name} keeps")


def _from_secret(kasten: Kasten, secret: str) -> str:
    where = f"Secret {kasten.namespace}/{secret}"
    found = kasten.find(SECRETS, secret, _Secret)
    packed = ((found.data if found else None) or {}).get(RECEIVE_KEY, "")
    try:
        return _decoded(kasten, base64.b64decode(packed, validate=True), where)
    except binascii.Error:
        raise _lacking(kasten, f"{where} holds no {RECEIVE_KEY}") from None


def _decoded(kasten: Kasten, plain: bytes, where: str) -> str:
    try:
        receive = plain.decode().strip()
    except UnicodeDecodeError:
        receive = ""
    if not receive:
        raise _lacking(kasten, f"{where} holds no {RECEIVE_KEY}") from None
    return receive


def _lacking(kasten: Kasten, said: str) -> PermanentBackendError:
    return PermanentBackendError(
        said,
        backend=TOOL,
        cluster=kasten.cluster.name,
        hint="plan again: the plan says where it is looked for, and how it gets there",
    )
