"""Names and labels as the fleet file may use them, and how paths in it are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

_NAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = rf"^([a-z0-9][-a-z0-9.]{{0,252}}/)?{_LABEL}$"
_LABEL_VALUE = rf"^({_LABEL})?$"


def _check_name(text: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise ValueError('a name is at most 63 of a-z, 0-9 and "-", with no "-" at its ends')
    return text


def _check_label_key(text: str) -> str:
    if not re.fullmatch(_LABEL_KEY, text):
        raise ValueError("a label's key is written as in Kubernetes: env, or example.org/env")
    return text


def _check_label_value(text: str) -> str:
    if not re.fullmatch(_LABEL_VALUE, text):
        raise ValueError('a label\'s value is at most 63 of letters, digits, "-", "_" and "."')
    return text


Name = Annotated[
    str, AfterValidator(_check_name), WithJsonSchema({"type": "string", "pattern": _NAME})
]
"""The name of a cluster, a store or a policy: it becomes part of objects' names in Kubernetes."""

LabelKey = Annotated[
    str, AfterValidator(_check_label_key), WithJsonSchema({"type": "string", "pattern": _LABEL_KEY})
]
LabelValue = Annotated[
    str,
    AfterValidator(_check_label_value),
    WithJsonSchema({"type": "string", "pattern": _LABEL_VALUE}),
]


def may_be_repeated(path: Sequence[str | int]) -> bool:
    """Whether an error may repeat the value at this place: never where a secret can slip in.

    A deleted line can put a store's keys right under ``policies`` or ``clusters``.
    """
    match list(path):
        case ["version"] | ["clusters", _, "labels", _] | ["policies", _, _, *_]:
            return True
    return False


def shown_path(path: Sequence[str | int]) -> str:
    """Write a path as ``policies.gold.protect[0].require``.

    Where secrets stand nearby, a key that does not look like one is not repeated.
    """
    text = ""
    for index, part in enumerate(path):
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += "." * bool(text) + _shown_key(part, strict=_near_secrets(path[:index]))
    return text


def _near_secrets(path: Sequence[str | int]) -> bool:
    return path[:1] == ("stores",) or (path[:1] == ("clusters",) and len(path) > 1)


def _shown_key(key: str, *, strict: bool) -> str:
    pattern = r"[a-z0-9][-_.a-z0-9]{0,62}" if strict else r"[^\x00-\x20\x7f]{1,120}"
    return key if re.fullmatch(pattern, key) else "…"
