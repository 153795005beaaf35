"""Names of recovery points: readable, deterministic, and the same in no two clusters."""

from __future__ import annotations

import re
from datetime import UTC, datetime


def backup_stem(cluster: str, due: datetime) -> str:
    """Return ``sw-prod-eu-etcd-20261122-1300``: cluster and due time in UTC.

    The cluster is in it because several may keep their snapshots in one store.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", cluster.lower()).strip("-") or "x"
    return f"sw-{plain[:30].strip('-')}-etcd-{due.astimezone(UTC):%Y%m%d-%H%M}"
