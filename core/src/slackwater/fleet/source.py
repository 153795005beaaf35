"""Reading YAML so that every value still knows its line and column.

Plain data comes out: mappings with text as keys, lists, text, numbers, true, false, nothing. The
words for them are YAML 1.2's: ``no`` and ``on`` are text. Tags and merge keys are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from slackwater.errors import ConfigurationError, Problem
from slackwater.fleet.names import shown_path
from slackwater.fleet.quick_yaml import IN_C, is_shallow

LARGEST_FILE = 4 * 1024 * 1024
MOST_VALUES = 200_000
DEEPEST = 50

FieldPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A place in a file; both count from 1."""

    line: int
    column: int

    @classmethod
    def of(cls, mark: yaml.Mark | None) -> Place:
        """Return the place of a mark of PyYAML, which counts from 0."""
        return cls(mark.line + 1, mark.column + 1) if mark else cls(0, 0)


@dataclass(frozen=True)
class Source:
    """A file that was read: its data, where everything stands, what was wrong on the way."""

    file: str
    data: object
    keys: Mapping[FieldPath, Place]
    values: Mapping[FieldPath, Place]
    problems: tuple[Problem, ...]

    def problem(self, path: FieldPath, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem at the value of the path, or at the nearest thing that exists."""
        places = self.keys if at_key else self.values
        known = path
        while known and known not in places:
            known = known[:-1]
        place = places.get(known) or self.values.get(known, Place(1, 1))
        field = shown_path(path)
        return Problem(message, field, self.file, place.line, place.column)

    def value(self, path: FieldPath) -> object:
        """Return the plain value at the path; None where there is none."""
        at = self.data
        for part in path:
            at = inner(at, part)
        return None if at is ABSENT else at


ABSENT = object()
"""What ``inner`` returns where there is nothing; null in the file is None."""


def inner(data: object, part: str | int) -> object:
    """Return the value under a key or index, or ``ABSENT``."""
    if isinstance(data, dict):
        return data.get(part, ABSENT)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return ABSENT


class _Loader(yaml.SafeLoader):
    """Resolves plain scalars as YAML 1.2's core schema does, but for octal and hexadecimal."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  PyYAML's own way to say it


_QuickLoader: Any = type("_QuickLoader", (IN_C,), {"yaml_implicit_resolvers": {}})

for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?[0-9]{1,18}", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]{1,18}(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
):
    _firsts = ["" if first == "\0" else first for first in _first]
    for _loader in (_Loader, _QuickLoader):
        _loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _firsts
        )


def read_source(path: Path) -> Source:
    """Read a YAML file. Raises ``ConfigurationError`` where no data can be had from it at all."""
    file = str(path)
    node = _compose(_decode(_read_bytes(path), file), file)
    if node is None:
        raise _refused(file, "the file is empty; slackwater init writes one")
    if not isinstance(node, yaml.MappingNode):
        raise _refused(file, "expected a mapping of keys (version, clusters, policies)")
    return _Conversion(file).run(node)


def _refused(file: str, message: str, place: Place = Place(0, 0)) -> ConfigurationError:
    return ConfigurationError(Problem(message, "", file, place.line, place.column))


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        message = "there is no such file; slackwater init writes one"
        raise _refused(str(path), message) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        raise _refused(str(path), f"cannot be read: {reason}") from error
    if len(content) > LARGEST_FILE:
        raise _refused(str(path), f"is larger than {LARGEST_FILE // 1024**2} MiB")
    return content


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = Place(before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
    raise _refused(file, "this is not UTF-8 text", place)


def _compose(text: str, file: str) -> yaml.Node | None:
    # Raised after the except: the parser's own error carries the text around it, secrets included.
    try:
        return _quickly_composed(text) or _Loader(text).get_single_node()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = "a control character, which YAML does not allow"
    except yaml.MarkedYAMLError as error:
        place = Place.of(error.problem_mark or error.context_mark)
        message = _plain_words(error, text)
    except RecursionError:
        place, message = Place(0, 0), f"nested deeper than {DEEPEST} levels"
    raise _refused(file, message, place)


_READ_OTHERWISE = re.compile(r"[\t\ufeff]|!(?!=)|\?\s")
"""Tabs between words, marks of byte order, tags, keys after a question mark: C takes them, or
counts them, in another way."""


def _quickly_composed(text: str) -> yaml.Node | None:
    """Compose in C; None for what that refuses, or might read otherwise, or could not survive."""
    if _READ_OTHERWISE.search(text):
        return None
    try:
        node: yaml.Node | None = None
        if is_shallow(text, DEEPEST + 1):
            node = _QuickLoader(text).get_single_node()
    except yaml.YAMLError:
        return None
    return node


_WORDS = (
    ("'\\t'", "a tab; YAML is indented with spaces"),
    (
        "undefined alias",
        "an alias (*name) without its anchor; text that begins with * needs quotes",
    ),
    ("duplicate anchor", "an anchor (&name) is defined twice"),
    ("expected alphabetic", "text that begins with *, & or ! needs quotes"),
    ("but found another document", "a second document (---); one is expected"),
    (
        "mapping values are not allowed",
        'a ":" out of place: check the indentation, or quote the text',
    ),
    ("could not find expected ':'", 'a key without ":", or text that needs quotes'),
    ("unexpected end of stream", "the file ends within quotes or brackets"),
)


def _plain_words(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    line = text.split("\n")[mark.line] if mark and mark.line <= text.count("\n") else ""
    if mark and line[: mark.column + 1].endswith("\t") and not line[: mark.column].strip():
        return _WORDS[0][1]
    said = f"{error.context or ''} {error.problem or ''}"
    for sign, words in _WORDS:
        if sign in said:
            return words
    problem = error.problem or "it is not understood"
    # What stands in quotes may be the user's text; only the parser's own signs are repeated.
    if re.search(r"['\"]", re.sub(r"'(<[a-z ]+>|.)'", "", problem)):
        problem = "it is not understood from here on"
    return f"broken YAML: {problem}"


class _Conversion:
    """Turns nodes into data; remembers places; refuses what would blow up."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._keys: dict[FieldPath, Place] = {}
        self._values: dict[FieldPath, Place] = {}
        self._problems: list[Problem] = []

    def run(self, node: yaml.Node) -> Source:
        data = self._convert(node, ())
        return Source(self._file, data, self._keys, self._values, tuple(self._problems))

    def _convert(self, node: yaml.Node, path: FieldPath) -> object:
        self._values[path] = Place.of(node.start_mark)
        if len(path) > DEEPEST:
            raise _refused(self._file, f"nested deeper than {DEEPEST} levels", self._values[path])
        if len(self._values) > MOST_VALUES:
            raise _refused(self._file, f"aliases unfold to more than {MOST_VALUES:,} values")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._convert(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, object]:
        data: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(path, Place.of(key.start_mark), "expected text as a key")
                continue
            inner = (*path, key.value)
            if key.value in data:
                first = self._keys[inner].line
                self._note(inner, Place.of(key.start_mark), f"is here twice; first in line {first}")
                continue
            self._keys[inner] = Place.of(key.start_mark)
            data[key.value] = self._convert(value, inner)
        return data

    def _scalar(self, node: yaml.Node, path: FieldPath) -> object:
        text: str = node.value
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
                return int(text)
            case "float" if re.fullmatch(r"[-+0-9.eE]{1,40}", text):
                return _number(text)
        message = "tags (!name) are not read here; text that begins with ! needs quotes"
        self._note(path, self._values[path], message)
        return None

    def _note(self, path: FieldPath, place: Place, message: str) -> None:
        problem = Problem(message, shown_path(path), self._file, place.line, place.column)
        self._problems.append(problem)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text
