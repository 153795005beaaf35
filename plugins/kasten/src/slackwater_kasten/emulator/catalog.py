"""K10's catalogue: the objects behind the aggregated API. Nothing here knows of HTTP.

Objects lie in memory, as they are served. ``/details`` are kept apart, for the plain object does
not have them. Every object handed out is a copy.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slackwater_kasten.emulator.kinds import KINDS, Kind

Object = dict[str, Any]
Place = tuple[str, str]
"""Namespace and name."""


@dataclass
class Inside:
    """What a content holds: artefacts as ``/details`` shows them, and the data of its claims."""

    artifacts: list[Object] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)
    policies: list[Object] = field(default_factory=list)


class Catalog:
    """The objects of one K10, by the plural of their kind. May be used from any thread."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.inside: dict[str, Inside] = {}
        self.phases: dict[tuple[str, Place], list[Object]] = {}
        self._lock = threading.RLock()
        self._revision = 0
        self._tables: dict[str, dict[Place, Object]] = {plural: {} for plural in KINDS}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the catalogue over several steps."""
        with self._lock:
            yield

    def find(self, plural: str, name: str, namespace: str = "") -> Object | None:
        """Return an object, or None."""
        with self._lock:
            return deepcopy(self._tables[plural].get((namespace, name)))

    def all(self, plural: str, namespace: str = "") -> list[Object]:
        """Return the objects of a kind, the oldest first."""
        with self._lock:
            found = self._tables[plural].items()
            return [deepcopy(o) for (s, _), o in found if not namespace or s == namespace]

    def add(self, plural: str, content: Object) -> Object:
        """Put a new object; uid, times and version are given by the catalogue."""
        kind = KINDS[plural]
        with self._lock:
            made = {"apiVersion": kind.api_version, "kind": kind.kind, **deepcopy(content)}
            metadata = made["metadata"]
            metadata.setdefault("uid", str(uuid.uuid4()))
            metadata.setdefault("creationTimestamp", self.now())
            self._put(kind, made)
            return deepcopy(made)

    def change(self, plural: str, found: Object, **status: object) -> Object | None:
        """Merge words into the status of an object; None where it is gone meanwhile."""
        with self._lock:
            place = place_of(found)
            standing = self._tables[plural].get(place)
            if standing is None:
                return None
            standing["status"] = {**standing.get("status", {}), **status}
            self._put(KINDS[plural], standing)
            return deepcopy(standing)

    def remove(self, plural: str, name: str, namespace: str = "") -> Object | None:
        """Take an object out; None where it was gone."""
        with self._lock:
            self._revision += 1
            return self._tables[plural].pop((namespace, name), None)

    def details(self, kind: Kind, found: Object) -> Object:
        """Return the object as ``/details`` shows it."""
        result, place = deepcopy(found), place_of(found)
        status = result.setdefault("status", {})
        if kind.plural == "restorepointcontents":
            status["restorePointContentDetails"] = self._inside(place[1])
        elif kind.plural == "restorepoints":
            content = found["spec"]["restorePointContentRef"]["name"]
            status["restorePointDetails"] = self._inside(content)
        else:
            phases = deepcopy(self.phases.get((kind.plural, place), []))
            status["actionDetails"] = {"phases": phases}
        return result

    def contents(self) -> dict[str, list[Object]]:
        """Return everything there is, by kind; for comparisons."""
        with self._lock:
            found = sorted(self._tables.items())
            return {plural: list(deepcopy(table).values()) for plural, table in found if table}

    def now(self) -> str:
        """Return the time as K10 writes it."""
        return stamp(self.clock())

    def _inside(self, content: str) -> Object:
        held = self.inside.get(content, Inside())
        return deepcopy({"artifacts": held.artifacts, "originatingPolicies": held.policies})

    def _put(self, kind: Kind, content: Object) -> None:
        self._revision += 1
        content["metadata"]["resourceVersion"] = str(self._revision)
        self._tables[kind.plural][place_of(content)] = content


def place_of(found: Object) -> Place:
    """Return namespace and name of an object."""
    metadata = found["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def state_of(found: Object) -> str:
    """Return the state of an action."""
    return str((found.get("status") or {}).get("state") or "")


def label_of(found: Object, name: str) -> str:
    """Return the value of a label, or empty."""
    return str((found["metadata"].get("labels") or {}).get(name, ""))


def stamp(moment: datetime) -> str:
    """Return a time as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
