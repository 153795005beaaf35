"""What of a recovery point stands in the target already, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from slackwater.clusters import Resource
from slackwater.errors import BackendError
from slackwater_kasten.access import Kasten
from slackwater_kasten.contents import artifacts_of, object_names
from slackwater_kasten.objects import Content, Named
from slackwater_kasten.resources import CONTENTS

PASSING = frozenset(
    (
        "pods",
        "replicasets.apps",
        "jobs.batch",
        "controllerrevisions.apps",
        "events",
        "events.events.k8s.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "leases.coordination.k8s.io",
        "namespaces",
    )
)
"""Kinds that others make anew, or that end: their names prove nothing after a restore."""


class _Group(msgspec.Struct, rename="camel"):
    class Preferred(msgspec.Struct, rename="camel"):
        """The version that the group itself prefers."""

        version: str = ""

    preferred_version: Preferred | None = None


@dataclass(frozen=True)
class Overlap:
    """Names that a content and a namespace both have, by kind, as ``deployments.apps``; and kinds
    that could not be looked at, with the reason.
    """

    both: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)


def expected_names(kasten: Kasten, content: str, source: str) -> Mapping[str, Sequence[str]]:
    """Return the names that a content holds of a namespace, by kind; what passes is left out."""
    details = kasten.find(CONTENTS, content, Content, part="details")
    found: dict[str, list[str]] = {}
    for namespace, kind, name in sorted(object_names(artifacts_of(details))):
        if kind not in PASSING and namespace in ("", source):
            found.setdefault(kind, []).append(name)
    return found


def compare(kasten: Kasten, expected: Mapping[str, Sequence[str]], target: str) -> Overlap:
    """Return which of the names stand in a namespace, and which do not."""
    both: dict[str, list[str]] = {}
    lacking: dict[str, list[str]] = {}
    unseen: dict[str, str] = {}
    for kind, names in expected.items():
        try:
            standing = set(_standing(kasten, kind, target))
        except BackendError as error:
            unseen[kind] = str(error)
            continue
        both[kind] = [name for name in names if name in standing]
        lacking[kind] = [name for name in names if name not in standing]
    return Overlap(_filled(both), _filled(lacking), unseen)


def in_short(names: Sequence[str], most: int = 5) -> str:
    """Return a few names, and a sign where there are more."""
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def _filled(found: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    return {kind: names for kind, names in found.items() if names}


def _standing(kasten: Kasten, kind: str, target: str) -> Iterator[str]:
    plural, _, group = kind.partition(".")
    resource = Resource(group, _version(kasten, group), plural)
    for each in kasten.list(resource, Named, namespace=target):
        yield each.metadata.name


def _version(kasten: Kasten, group: str) -> str:
    if not group:
        return "v1"
    found = kasten.discover(f"/apis/{group}", _Group)
    return found.preferred_version.version if found and found.preferred_version else "v1"
