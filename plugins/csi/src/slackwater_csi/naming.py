"""Names of the objects that we make: readable, deterministic, never longer than 63 characters."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

from slackwater.model.act import Key

_STEM = 45
"""With two digests of nine characters each the name of a snapshot fits into 63."""


def backup_stem(cluster: str, workload: str, due: datetime) -> str:
    """Return ``sw-prod-eu-shop-1300``: cluster, workload, and the due time in UTC.

    The cluster is in it because several may keep their manifests in one store.
    """
    return _stem(cluster, workload, f"-{due.astimezone(UTC):%H%M}")


def restore_stem(cluster: str, workload: str) -> str:
    """Return ``sw-dr-eu-shop``."""
    return _stem(cluster, workload, "")


def point_name(stem: str, request: str, key: Key) -> str:
    """Return the name of the recovery point that a request makes in a run.

    It is not that of a key: a second generation of snapshots makes the same point.
    """
    return Key(run=key.run, step=f"point/{request}").name(stem)


def member_name(name: str, claim: str) -> str:
    """Return the name of an object for one claim among those made under one key."""
    return f"{name}-{digest(claim)[:8]}"


def whole(key: Key) -> str:
    """Return a hash of the whole key that fits into a label."""
    return digest([key.run, key.step, key.generation])[:40]


def run_hash(key: Key) -> str:
    """Return a hash of the run that fits into a label."""
    return digest(key.run)[:16]


def digest(content: object) -> str:
    """Return the SHA-256 of plain JSON data, in one canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _stem(cluster: str, workload: str, end: str) -> str:
    cluster = _plain(cluster)[:16].strip("-")
    room = _STEM - len(f"sw-{cluster}-{end}")
    return f"sw-{cluster}-{_plain(workload)[:room].strip('-')}{end}"


def _plain(text: str) -> str:
    """DNS-1123: lower case letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
