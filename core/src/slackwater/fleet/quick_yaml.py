"""YAML read in C, some ten times faster than in Python, where that is safe.

The reader in C composes by recursion without a bound: what is nested without end, by a slip or on
purpose, would end the process without a word. So how deep a text goes is seen before.
"""

from __future__ import annotations

from typing import Any

import yaml

IN_C: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # not everywhere is PyYAML built with it
DEEPEST = 100


def is_shallow(text: str, deepest: int = DEEPEST) -> bool:
    """Whether nothing is nested deeper. Raises ``YAMLError`` where the text is broken."""
    depth = 0
    for event in yaml.parse(text, IN_C):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            return False
    return True


def load_yaml(text: str) -> object:
    """Return what stands in a text. Raises ``YAMLError``, or ``RecursionError`` for a deep one."""
    return yaml.load(text, IN_C if is_shallow(text) else yaml.SafeLoader)  # noqa: S506  both are safe
