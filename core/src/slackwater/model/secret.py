"""References to secrets. The reference is all that is ever stored or shown.

``env:NAME``, ``file:/path``, ``exec:command argument`` or ``exec:["command", "argument"]``, and
``k8s:namespace/name/key``. Following a reference is not done here.
"""

from __future__ import annotations

import json
import re
import shlex
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from slackwater.model.frozen import Frozen

_FORMS = 'env:NAME, file:/path, exec:["command", "argument"] or k8s:namespace/name/key'
_NOT_SHOWN = f"a reference to a secret belongs here, never the secret itself: {_FORMS}"
_PATTERN = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|exec:.+|k8s:[^/]+/[^/]+/[^/]+)$"


class ReferenceKind(StrEnum):
    """Where a secret is looked up."""

    ENV = "env"
    FILE = "file"
    EXEC = "exec"
    K8S = "k8s"


class SecretReference(Frozen):
    """Where a secret is. ``str()`` is the text as it was written.

    ``parts`` are the variable's name; the path; the command with its arguments; or namespace,
    name and key of a Secret.
    """

    kind: ReferenceKind
    parts: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def parse_reference(text: str) -> SecretReference:
    """Read a reference. Raises ``ValueError``, which never repeats the text: it may be a secret."""
    if not re.fullmatch(_PATTERN, text):
        raise ValueError(_refusal(text))
    kind, _, rest = text.partition(":")
    return SecretReference(kind=ReferenceKind(kind), parts=_parts(kind, rest), text=text)


def _refusal(text: str) -> str:
    if re.match(r"[~./]", text):
        return f'{_NOT_SHOWN} (a path is written "file:/path")'
    kind, colon, _ = text.partition(":")
    if colon and kind in set(ReferenceKind):
        return f"this {kind}: reference cannot be read; the forms are {_FORMS}"
    return _NOT_SHOWN


def _parts(kind: str, rest: str) -> tuple[str, ...]:
    if kind == ReferenceKind.EXEC:
        return _command(rest)
    return tuple(rest.split("/")) if kind == ReferenceKind.K8S else (rest,)


def _command(rest: str) -> tuple[str, ...]:
    # Raised after the except, not in it: what could not be read must not hang on the error.
    try:
        words = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    except (ValueError, RecursionError):
        words = None
    if not (isinstance(words, list) and words and all(isinstance(word, str) for word in words)):
        raise ValueError('this exec: reference cannot be read; write exec:["command", "argument"]')
    if not words[0] or any("\0" in word for word in words):
        raise ValueError("this exec: reference names no command")
    return tuple(words)


def _check(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(_NOT_SHOWN)  # noqa: TRY004  pydantic collects ValueError only
    return parse_reference(value).text


SecretRef = Annotated[
    str,
    BeforeValidator(_check),
    WithJsonSchema(
        {"type": "string", "pattern": _PATTERN, "examples": ["env:NAME", "file:/path"]},
    ),
]
"""For settings: the text of a reference; a value in its place is refused and not repeated."""
