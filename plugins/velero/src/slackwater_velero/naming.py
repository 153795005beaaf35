"""Names of the objects that we make: readable, deterministic, never longer than 63 characters.

Longer names are legal for Velero, but it cuts them in labels, and download requests need room.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

_STEM = 54  # what ``Key.name`` keeps of a stem


def backup_stem(cluster: str, workload: str, due: datetime) -> str:
    """Return ``sw-prod-eu-shop-1300``: cluster, workload, and the due time in UTC.

    The cluster is in it because names meet in one bucket; long parts give way, the time never.
    """
    return _stem(cluster, workload, due.astimezone(UTC).strftime("%H%M"))


def restore_stem(cluster: str, namespace: str) -> str:
    """Return ``sw-dr-eu-shop``. All restores from one store share one prefix in its bucket."""
    return _stem(cluster, namespace, "")


def store_name(identity: str) -> str:
    """Return the name under which a store of another cluster is shown here; one for each store."""
    return f"sw-ro-{digest(identity)[:12]}"


def digest(content: object) -> str:
    """Return the SHA-256 of plain JSON data, in one canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def intent(payload: Mapping[str, object]) -> str:
    """Return the hash that says whether two starts ask for the same."""
    return digest(payload)[:32]


def _stem(cluster: str, workload: str, time: str) -> str:
    ends = f"-{time}" if time else ""
    cluster = _plain(cluster)[:20].strip("-")
    room = _STEM - len(f"sw-{cluster}-{ends}")
    return f"sw-{cluster}-{_plain(workload)[:room].strip('-')}{ends}"


def _plain(text: str) -> str:
    """DNS-1123: lower case letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
