"""What lies in object storage, shared by all emulated clusters: exports, by their receive strings.

A receive string leads to the exports of one policy, or to a single one made by hand (guessed: the
string itself is opaque). Only who has it, and a profile for the same bucket, can import them.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from slackwater_kasten.emulator.catalog import Inside, Object

PREFIX = "RECEIVE-"
"""How the emulator's receive strings begin: they are searched for where none may show up."""


@dataclass(frozen=True)
class Export:
    """One exported point: where it lies, and all that an import brings back of it."""

    bucket: str
    source: str
    labels: dict[str, str]
    action_time: str
    inside: Inside


@dataclass
class Vault:
    """All buckets. A profile for a bucket that is not among ``buckets`` is not valid."""

    buckets: set[str] = field(default_factory=set)
    _exports: dict[str, list[Export]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def new_string(self) -> str:
        """Return a new receive string, known from now on."""
        with self._lock:
            made = f"{PREFIX}{secrets.token_urlsafe(24)}"
            self._exports[made] = []
            return made

    def put(self, receive: str, export: Export) -> None:
        """Keep an export under a receive string."""
        with self._lock:
            self._exports.setdefault(receive, []).append(export)

    def take_out(self, source: str) -> None:
        """Remove an export: its content was retired."""
        with self._lock:
            for exports in self._exports.values():
                exports[:] = [each for each in exports if each.source != source]

    def reach(self, receive: str, bucket: str) -> list[Export] | None:
        """Return the exports that a string leads to in a bucket; None for a string that is not
        whole, or from elsewhere.
        """
        with self._lock:
            found = self._exports.get(receive)
            return None if found is None else [each for each in found if each.bucket == bucket]

    def contents(self) -> list[str]:
        """Return the sources of all exports; for comparisons."""
        with self._lock:
            return sorted(each.source for found in self._exports.values() for each in found)


def bucket_of(profile: Object | None) -> str:
    """Return the bucket that a Location Profile leads to, by endpoint and name."""
    location = ((profile or {}).get("spec") or {}).get("locationSpec") or {}
    store: Object = location.get("objectStore") or {}
    return f"{store.get('endpoint', '')}/{store.get('name', '')}"
