"""Resource modifiers: rules of a ConfigMap that change objects on their way into a cluster.

JSON patches only (test, replace, add, remove), which is what this project writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from fnmatch import fnmatchcase

import yaml

from slackwater_velero.emulator.objects import Object


class BadRules(Exception):
    """The ConfigMap does not hold what Velero expects."""


def read_rules(config_map: Object) -> list[Object]:
    """Return the rules. Raises ``BadRules``."""
    data = config_map.get("data") or {}
    if len(data) != 1:
        raise BadRules("illegal resource modifiers configmap")
    read = yaml.safe_load(next(iter(data.values())))
    if not isinstance(read, dict) or set(read) - {"version", "resourceModifierRules"}:
        raise BadRules("failed to decode yaml data into resource modifiers")
    return list(read.get("resourceModifierRules") or ())


def modified(found: Object, kind: str, rules: Sequence[Object]) -> Object:
    """Return the object as the rules leave it. Every rule is matched against the original."""
    result = deepcopy(found)
    for rule in rules:
        if _matches(found, kind, rule["conditions"]):
            for patch in rule.get("patches") or ():
                _apply(result, patch)
    return result


def _matches(found: Object, kind: str, conditions: Object) -> bool:
    namespace = found["metadata"].get("namespace")
    namespaces = conditions.get("namespaces")
    if namespace and namespaces and namespace not in namespaces:
        return False
    if not any(fnmatchcase(kind, pattern) for pattern in _braces(conditions["groupResource"])):
        return False
    return all(
        _at(found, each["path"]) == each["value"] for each in conditions.get("matches") or ()
    )


def _braces(pattern: str) -> list[str]:
    """Globs of Go's gobwas/glob know ``{a,b}``; ours do not."""
    choice = re.search(r"\{([^{}]*)\}", pattern)
    if choice is None:
        return [pattern]
    start, end = pattern[: choice.start()], pattern[choice.end() :]
    return [each for word in choice[1].split(",") for each in _braces(f"{start}{word}{end}")]


def _apply(result: Object, patch: Object) -> None:
    *parents, last = _steps(patch["path"])
    place: object = result
    for step in parents:
        place = _child(place, step)
        if place is None:
            return
    if patch["operation"] in ("replace", "add") and isinstance(place, dict):
        place[last] = patch["value"]
    elif patch["operation"] == "remove" and isinstance(place, dict):
        place.pop(last, None)


def _at(found: Object, path: str) -> object:
    place: object = found
    for step in _steps(path):
        place = _child(place, step)
    return place


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _child(place: object, step: str) -> object:
    if isinstance(place, dict):
        return place.get(step)
    if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
        return place[int(step)]
    return None
