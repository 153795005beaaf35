"""K10's transforms: JSON patches with ``*`` in their paths (documented).

``test``, ``replace``, ``add`` and ``remove`` only, which is what this project writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy

from slackwater_kasten.emulator.catalog import Object


def transformed(found: Object, transforms: Sequence[Object]) -> Object:
    """Return the object as the transforms leave it, one after the other."""
    for transform in transforms:
        changed = deepcopy(found)
        if all(_applied(changed, command) for command in transform.get("json") or ()):
            found = changed
    return found


def _applied(found: Object, command: Object) -> bool:
    """Apply a command; False where it is a test that fails, or leads nowhere."""
    *parents, last = _steps(command["path"])
    places = [place for place in _reached(found, parents) if isinstance(place, dict)]
    if command["op"] == "test":
        return any(place.get(last) == command["value"] for place in places)
    for place in places:
        if command["op"] == "remove":
            place.pop(last, None)
        elif last in place or command["op"] == "add":
            place[last] = command["value"]
    return bool(places)


def _reached(place: object, steps: list[str]) -> Iterator[object]:
    if not steps:
        yield place
        return
    first, *rest = steps
    for child in _children(place, first):
        yield from _reached(child, rest)


def _children(place: object, step: str) -> Iterator[object]:
    if isinstance(place, dict):
        yield from place.values() if step == "*" else [place[step]] if step in place else []
    elif isinstance(place, list):
        if step == "*":
            yield from place
        elif step.isdecimal() and int(step) < len(place):
            yield place[int(step)]


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
