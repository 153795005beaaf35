"""Looks into a folder store by other means than ours: what counts, what lies beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyrage
import zstandard


class Unsound(Exception):
    """An artefact does not give back what was stored."""


def manifests(store: Path, tool: str = "etcdctl") -> list[Mapping[str, Any]]:
    """Return every manifest of a tool's part of the store."""
    return [json.loads(path.read_text()) for path in sorted(store.glob(f"{tool}/manifests/*"))]


def beside(store: Path, tool: str = "etcdctl") -> list[str]:
    """Return what lies in the store and is named by no manifest."""
    kept = manifests(store, tool)
    named = {artefact["key"] for each in kept for artefact in each["artefacts"]}
    root = store / tool
    here = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    return [key for key in here if not key.startswith("manifests/") and key not in (*named, "lock")]


def opened(store: Path, manifest: Mapping[str, Any], part: str, identity: str) -> bytes:
    """Return the plain bytes of a part. Raises ``Unsound``."""
    [artefact] = [each for each in manifest["artefacts"] if each["part"] == part]
    try:
        sealed = (store / "etcdctl" / artefact["key"]).read_bytes()
        packed = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)])
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    except (OSError, pyrage.DecryptError, zstandard.ZstdError) as error:
        raise Unsound(f"{artefact['key']}: {error}") from error
    if hashlib.sha256(plain).hexdigest() != artefact["plain_sha256"]:
        raise Unsound(f"{artefact['key']}: other bytes than the manifest says")
    return plain


def plain_files(folder: Path, canary: bytes, *, except_in: Iterable[Path] = ()) -> Iterator[str]:
    """Yield the files below a folder that hold something in clear that must not lie there."""
    apart = [path.resolve() for path in except_in]
    for path in folder.rglob("*"):
        inside = any(path.resolve().is_relative_to(each) for each in apart)
        if not inside and path.is_file() and canary in path.read_bytes():
            yield str(path.relative_to(folder))
