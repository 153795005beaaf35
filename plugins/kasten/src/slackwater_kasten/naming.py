"""Names of the objects that we make: readable, deterministic, never longer than 63 characters.

K10 calls a content ``<namespace>-<action>`` (observed on 8.x and 9.0), and an export's name begins
with that of its backup. So a content tells by its name which backup it comes from, as long as K10
keeps that habit; where it does not, a copy stands alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

_BACKUP_STEM = 44  # with two digests of nine characters each an export's name fits into 63
_STEM = 54  # what ``Key.name`` keeps of a stem

OUR_ACTION = re.compile(r"^(?P<backup>sw-.+?-[0-9a-f]{8})(-[0-9a-f]{8})?$")
"""A backup of ours, or an export of one. The first digest ends the backup's name."""


def backup_stem(cluster: str, namespace: str, due: datetime) -> str:
    """Return ``sw-prod-eu-shop-1300``: cluster, workload, and the due time in UTC."""
    return _stem(cluster, namespace, f"-{due.astimezone(UTC):%H%M}", _BACKUP_STEM)


def restore_stem(cluster: str, namespace: str) -> str:
    """Return ``sw-dr-eu-shop``."""
    return _stem(cluster, namespace, "", _STEM)


def digest(content: object) -> str:
    """Return the SHA-256 of plain JSON data, in one canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def intent(payload: Mapping[str, object]) -> str:
    """Return the hash that says whether two starts ask for the same."""
    return digest(payload)[:32]


def _stem(cluster: str, workload: str, end: str, longest: int) -> str:
    cluster = _plain(cluster)[:16].strip("-")
    room = longest - len(f"sw-{cluster}-{end}")
    return f"sw-{cluster}-{_plain(workload)[:room].strip('-')}{end}"


def _plain(text: str) -> str:
    """DNS-1123: lower case letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
