"""Time zones by their IANA names."""

from __future__ import annotations

from zoneinfo import ZoneInfo


def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone of this name, or None where there is none.

    Opens just that one: to list all zones takes a walk over hundreds of files.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found; not a path; a folder such as Europe
        return None
