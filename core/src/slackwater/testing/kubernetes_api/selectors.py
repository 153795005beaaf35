"""Label and field selectors, as the server reads them in a query.

Written apart from the selectors of the fleet file on purpose: what is tested against this server
must not share its mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from slackwater.testing.kubernetes_api.status import bad_request

Labels = Mapping[str, str]
Requirement = Callable[[Labels], bool]

_KEY = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
_VALUE = r"[-A-Za-z0-9_.]*"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_COMPARISON = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_ORDER = re.compile(rf"({_KEY})\s*([<>])\s*(-?\d+)")
_PRESENCE = re.compile(rf"(!?)\s*({_KEY})")
_COMMA_OUTSIDE_BRACKETS = re.compile(r",(?![^()]*\))")
_FIELDS = frozenset({"metadata.name", "metadata.namespace"})


def label_selector(text: str) -> Requirement:
    """Return a predicate over labels for a selector of either form, or raise a 400."""
    parts = _COMMA_OUTSIDE_BRACKETS.split(text) if text.strip() else []
    requirements = [_requirement(part.strip()) for part in parts]
    return lambda labels: all(holds(labels) for holds in requirements)


def _requirement(text: str) -> Requirement:
    if match := _SET.fullmatch(text):
        return _in_set(match[1], match[3], wanted=match[2] == "in")
    if match := _COMPARISON.fullmatch(text):
        return _in_set(match[1], match[3], wanted=match[2] != "!=")
    if match := _ORDER.fullmatch(text):
        return _ordered(match[1], match[2], int(match[3]))
    if match := _PRESENCE.fullmatch(text):
        key, wanted = match[2], not match[1]
        return lambda labels: (key in labels) is wanted
    raise bad_request(f"unable to parse requirement: found '{text}'")


def _in_set(key: str, values: str, *, wanted: bool) -> Requirement:
    """An absent label is in no set: `!=` and `notin` hold for it."""
    among = {value.strip() for value in values.split(",")}
    return lambda labels: (key in labels and labels[key] in among) is wanted


def _ordered(key: str, sign: str, bound: int) -> Requirement:
    def holds(labels: Labels) -> bool:
        try:
            value = int(labels[key])
        except (KeyError, ValueError):
            return False
        return value > bound if sign == ">" else value < bound

    return holds


def field_selector(text: str) -> Requirement:
    """Return a predicate over `metadata.name` and `metadata.namespace`, or raise a 400.

    These two are all that the server knows for every kind.
    """
    requirements = [_field(part.strip()) for part in text.split(",") if part.strip()]
    return lambda fields: all(holds(fields) for holds in requirements)


def _field(text: str) -> Requirement:
    match = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", text)
    if match is None:
        raise bad_request(f'invalid selector: "{text}"; can\'t understand "{text}"')
    field, sign, value = match[1], match[2], match[3]
    if field not in _FIELDS:
        known = ", ".join(f'"{each}"' for each in sorted(_FIELDS))
        raise bad_request(f'"{field}" is not a known field selector: only {known}')
    return lambda fields: (fields.get(field, "") == value) is (sign != "!=")
