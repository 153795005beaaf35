"""Spans of time as Go writes them."""

from __future__ import annotations

import re
from datetime import timedelta

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse_duration(text: str) -> timedelta | None:
    """Return the span that ``1h30m`` means; None where it is no Go duration."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return timedelta(seconds=sum(float(part[1]) * _SECONDS[part[2]] for part in parts))
