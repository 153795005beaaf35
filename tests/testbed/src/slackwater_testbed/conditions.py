"""What an object says of itself under `status.conditions`, to be waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def says(condition: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether an object says that the condition is true: for `wait_for`."""

    def said(found: Mapping[str, Any]) -> bool:
        told = found.get("status", {}).get("conditions", ())
        return any(each["type"] == condition and each["status"] == "True" for each in told)

    return said
