"""Entries of ``stores:`` in a fleet file, each with an age key pair of its own beside it."""

from __future__ import annotations

from pathlib import Path

from pyrage import x25519

Entry = dict[str, object]


def folder_entry(folder: Path) -> Entry:
    """Return the entry of a store in a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return {"url": folder.as_uri(), **keys_in(folder.with_suffix(".age"))}


def keys_in(file: Path) -> Entry:
    """Return who can read a store: the identity in a file, which is made if it is not there."""
    if not file.exists():
        secret_in(file, str(x25519.Identity.generate()))
    identity = x25519.Identity.from_str(file.read_text())
    return {"encrypt_to": [str(identity.to_public())], "decrypt_with": f"file:{file}"}


def secret_in(file: Path, value: str) -> str:
    """Write a secret into a file that is only ours; return the reference to it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(value)
    return f"file:{file}"
