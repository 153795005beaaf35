"""What pydantic found wrong, said in plain words at its place in the file.

Values are repeated only where no secret can have slipped in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from pydantic_core import ErrorDetails

from slackwater.errors import Problem
from slackwater.fleet.names import may_be_repeated
from slackwater.fleet.source import ABSENT, FieldPath, Source, inner

_KINDS = (
    (("string_type",), "text"),
    (("int_type", "int_parsing", "int_from_float"), "a whole number"),
    (("bool_type", "bool_parsing"), "true or false"),
    (("float_type", "float_parsing"), "a number"),
    (
        ("dict_type", "mapping_type", "model_type", "model_attributes_type"),
        "a mapping (key: value)",
    ),
    (("list_type", "tuple_type", "set_type", "frozen_set_type"), "a list"),
)
_EXPECTED = {name: words for names, words in _KINDS for name in names}
_BOUNDS = {
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "at least one item",
    "string_too_short": "some text",
}


def explain(error: ErrorDetails, source: Source, schema: Mapping[str, object]) -> Problem:
    """Return the problem that an error of pydantic's means. ``schema`` tells what is known."""
    path, at_key = _path(error["loc"], source.data)
    if error["type"] == "extra_forbidden":
        return source.problem(path, _unknown_key(path, schema), at_key=True)
    if error["type"] == "missing":
        return source.problem(path, "is missing")
    message = _message(error)
    if message.startswith("expected") and not at_key:
        message += _got(error, path, source.value(path)) + _near(error, source.value(path))
    return source.problem(path, message, at_key=at_key)


def _path(loc: tuple[str | int, ...], data: object) -> tuple[FieldPath, bool]:
    """The path within the file, and whether its last key is what is wrong.

    Where a value may be of several kinds, pydantic names the kind too: that is left out.
    """
    path: list[str | int] = []
    for index, part in enumerate(loc):
        if part == "[key]":
            return tuple(path), True
        within = inner(data, part)
        if within is not ABSENT:
            path.append(part)
            data = within
        elif isinstance(data, dict) and index == len(loc) - 1:
            path.append(part)
    return tuple(path), False


def _message(error: ErrorDetails) -> str:
    kind = error["type"]
    context = error.get("ctx", {})
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}"
    if kind in ("literal_error", "enum"):
        return f"expected {context['expected']}".replace("'", '"')
    if kind in _BOUNDS:
        return f"expected {_BOUNDS[kind].format_map(context)}"
    if kind in ("value_error", "assertion_error"):
        return str(context["error"])
    said = error["msg"].replace("Input should be", "expected")
    return said[:1].lower() + said[1:]


def _near(error: ErrorDetails, value: object) -> str:
    choices = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
    near = get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    return f'; did you mean "{near[0]}"?' if near else ""


def _got(error: ErrorDetails, path: FieldPath, value: object) -> str:
    repeated = may_be_repeated(path)
    if not repeated and error["type"] not in _EXPECTED:
        return ""
    shown = _shown(value) if repeated else _kind_of(value)
    unquoted = error["type"] == "string_type" and isinstance(value, (int, float))
    return f", got {shown}" + ("; write it in quotes" if unquoted else "")


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "a mapping"


def _shown(value: object) -> str:
    match value:
        case bool() | int() | float():
            return str(value).lower()
        case str():
            return f'"{value if len(value) <= 60 else value[:59] + "…"}"'
    return _kind_of(value)


def _unknown_key(path: FieldPath, schema: Mapping[str, object]) -> str:
    known = sorted(known_keys(schema, path[:-1]))
    thing = "tool" if path[2:3] == ("backends",) and len(path) == 4 else "key"
    return unknown(thing, str(path[-1]), known)


def unknown(thing: str, word: str, known: Sequence[str]) -> str:
    """Say that there is no such thing, which known one may be meant, and which are known."""
    near = get_close_matches(word, known, n=1)
    meant = f'; did you mean "{near[0]}"?' if near else ""
    return f"no such {thing}{meant} (known here: {', '.join(known) or 'none'})"


def known_keys(schema: Mapping[str, object], path: FieldPath) -> set[str]:
    """Return the keys that a JSON Schema knows in the mapping at the path."""
    at = [*_flat(schema, schema)]
    for part in path:
        at = [flat for node in at for inner in _inner(node, part) for flat in _flat(inner, schema)]
    return {str(key) for node in at for key in _mapping(node, "properties")}


def _flat(node: Mapping[str, object], root: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The node with references followed and alternatives laid side by side."""
    reference = node.get("$ref")
    if isinstance(reference, str):
        definitions = _mapping(root, "$defs")
        yield from _flat(_mapping(definitions, reference.rpartition("/")[2]), root)
    for key in ("anyOf", "oneOf", "allOf"):
        alternatives = node.get(key, [])
        for alternative in alternatives if isinstance(alternatives, list) else []:
            yield from _flat(alternative, root)
    yield node


def _inner(node: Mapping[str, object], part: str | int) -> Iterator[Mapping[str, object]]:
    if isinstance(part, int):
        yield _mapping(node, "items")
        return
    properties = _mapping(node, "properties")
    named = part in properties
    yield _mapping(properties, part) if named else _mapping(node, "additionalProperties")


def _mapping(node: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = node.get(key)
    return value if isinstance(value, dict) else {}
