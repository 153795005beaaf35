"""Lists of kinds in a filter, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

ALL = "*"

ADDED_BY_SERVER = frozenset(
    ("volumesnapshots.snapshot.storage.k8s.io", "volumesnapshotcontents.snapshot.storage.k8s.io")
)
"""Velero excludes these from every backup by itself and handles them on its own."""

_NEVER_RESTORED = frozenset(
    (
        "nodes",
        "events",
        "events.events.k8s.io",
        "backups.velero.io",
        "restores.velero.io",
        "resticrepositories.velero.io",
        "backuprepositories.velero.io",
        "csinodes.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
    )
)
"""Velero restores none of these (``nonRestorableResources``, 1.18): nobody misses them."""

_NO_LIMIT = ADDED_BY_SERVER | _NEVER_RESTORED | {ALL}


def only(kinds: Sequence[str] | None) -> Iterator[str]:
    """Say that nothing but these kinds is included, where a filter says so."""
    if kinds and ALL not in kinds:
        yield f"only {_listed(kinds)}"


def without(kinds: Sequence[str] | None) -> Iterator[str]:
    """Say which kinds are excluded, but for those that no restore brings back anyway."""
    missed = [kind for kind in kinds or () if kind not in _NO_LIMIT]
    if missed:
        yield f"without {_listed(missed)}"


def _listed(kinds: Sequence[str]) -> str:
    few = ", ".join(kinds[:3])
    return few if len(kinds) <= 3 else f"{few} and {len(kinds) - 3} more kinds"
