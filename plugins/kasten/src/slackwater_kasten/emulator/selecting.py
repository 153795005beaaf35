"""Label selectors, as far as clients of K10 use them."""

from __future__ import annotations

import re

from slackwater_kasten.emulator.catalog import Object

_IN = re.compile(r"^(?P<key>\S+) (?P<not>not)?in \((?P<values>[^)]*)\)$")
_PARTS = re.compile(r",(?![^(]*\))")


def selects(selector: str, found: Object) -> bool:
    """Whether an object is among what a selector chooses."""
    labels = found["metadata"].get("labels") or {}
    return all(_holds(part.strip(), labels) for part in _PARTS.split(selector) if part.strip())


def _holds(part: str, labels: dict[str, str]) -> bool:
    choice = _IN.match(part)
    if choice:
        among = labels.get(choice["key"]) in [each.strip() for each in choice["values"].split(",")]
        return among is not bool(choice["not"])
    if "!=" in part:
        key, _, value = part.partition("!=")
        return labels.get(key) != value
    key, equals, value = part.partition("=")
    if part.startswith("!"):
        return part[1:] not in labels
    return labels.get(key) == value.lstrip("=") if equals else key in labels
