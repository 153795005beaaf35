"""Certificates and keys as files that lie on no disk, for a library that takes paths and no bytes.

Linux keeps such a file as long as a process has it open (memfd_create(2)), and names it in
``/proc/self/fd``. So nothing is left of it whatever ends the process, SIGKILL too.
"""

from __future__ import annotations

import os
import threading
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OPEN = Path("/proc/self/fd")
_MOST = 256
"""Each takes one of the files that a process may have open, often 1,024 in all."""
_LOCK = threading.Lock()
_KEPT: dict[bytes, str] = {}
"""Each content is kept once, and until the process ends: connections that are made later read it
again."""


def out_of_data(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the entry of a kubeconfig with files in memory in place of ``KEY-data``.

    Data stays where the system has no such files, and where a large fleet has used up its share of
    them. Raises ``ValueError`` for what is no base64.
    """
    changed = dict(entry)
    for key in keys if _are_here() else ():
        data = changed.get(f"{key}-data")
        if data and (path := _kept(b64decode(data))):
            changed[key] = path
            del changed[f"{key}-data"]
    return changed


def _are_here() -> bool:
    return hasattr(os, "memfd_create") and _OPEN.is_dir()


def _kept(content: bytes) -> str | None:
    with _LOCK:
        if content not in _KEPT and len(_KEPT) < _MOST:
            _KEPT[content] = _written(content)
        return _KEPT.get(content)


def _written(content: bytes) -> str:
    descriptor = os.memfd_create("slackwater")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return str(_OPEN / str(descriptor))
