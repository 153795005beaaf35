"""How to make a backend in any process."""

from __future__ import annotations

import importlib
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from slackwater.backend import Backend


@dataclass(frozen=True)
class Recipe:
    """Makes equal backends in this process and in others, with nothing shared but the tool.

    ``factory`` is ``package.module:function``, or ``/path/to/file.py:function`` where the module
    cannot be imported by name (a test module). The function gets ``arguments`` as keywords; they
    are plain JSON, and secrets in them are references.
    """

    factory: str
    arguments: Mapping[str, object] = field(default_factory=dict)

    def build(self) -> Backend:
        """Make a new backend, as a process that has just been started would."""
        module, _, function = self.factory.rpartition(":")
        return _function(module, function)(**self.arguments)


def _function(module: str, name: str) -> Callable[..., Backend]:
    if module.endswith(".py"):
        return cast(Callable[..., Backend], runpy.run_path(module)[name])
    return cast(Callable[..., Backend], getattr(importlib.import_module(module), name))
