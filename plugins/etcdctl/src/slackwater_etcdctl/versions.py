"""What is known of versions of etcd: troubles with data, from its changelogs and issues."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TROUBLES = (
    (
        (3, 5, 0),
        (3, 5, 3),
        "may lose writes on one member after a crash, which nobody notices (etcd issue 13766)",
    ),
    (
        (3, 5, 0),
        (3, 5, 6),
        "a crash during defragmentation may leave a member's revision ahead (etcd issue 14733)",
    ),
    (
        (3, 4, 0),
        (3, 4, 22),
        "a crash during defragmentation may leave a member's revision ahead (etcd issue 14733)",
    ),
    (
        (3, 5, 0),
        (3, 5, 23),
        "defragmenting while a member catches up may corrupt it (etcd issue 20271)",
    ),
    (
        (3, 6, 0),
        (3, 6, 5),
        "defragmenting while a member catches up may corrupt it (etcd issue 20271)",
    ),
)
"""From a version, up to another that has it mended: what can happen."""


def numbers(version: str) -> tuple[int, int, int] | None:
    """Return the three numbers of a version; None where it has none."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def known_troubles(version: str) -> Iterator[str]:
    """Yield what can happen to the data of a member of this version."""
    found = numbers(version)
    if found is not None:
        yield from (what for since, mended, what in _TROUBLES if since <= found < mended)
