"""Which kinds of objects an API server serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slackwater.clusters.access import Cluster
from slackwater.clusters.resources import Resource
from slackwater.errors import ObjectNotFound


@dataclass(frozen=True)
class ServedKind:
    """A kind as its API version serves it: where it lies, its name in objects, and its verbs."""

    resource: Resource
    kind: str
    verbs: frozenset[str]

    @property
    def api_version(self) -> str:
        """What objects of it say: lists leave it out of their items."""
        group, version = self.resource.group, self.resource.version
        return f"{group}/{version}" if group else version


def served_kinds(cluster: Cluster) -> Iterator[ServedKind]:
    """Yield every kind once, in the version that its group prefers. Raises as ``Cluster.get``."""
    for version in preferred_versions(cluster):
        yield from kinds_of(cluster, version)


def preferred_versions(cluster: Cluster) -> tuple[str, ...]:
    """Return the versions that groups prefer: ``v1``, ``apps/v1`` and so on."""
    groups = cluster.get("/apis").get("groups") or ()
    return ("v1", *(str(group["preferredVersion"]["groupVersion"]) for group in groups))


def kinds_of(cluster: Cluster, version: str) -> tuple[ServedKind, ...]:
    """Return the kinds of one version, subresources left out; none where it is not served."""
    group, _, number = version.rpartition("/")
    try:
        path = f"/apis/{version}" if group else f"/api/{version}"
        served = cluster.get(path).get("resources") or ()
    except ObjectNotFound:
        return ()
    return tuple(
        ServedKind(
            Resource(group, number, str(each["name"]), bool(each["namespaced"])),
            str(each["kind"]),
            frozenset(each.get("verbs") or ()),
        )
        for each in served
        if "/" not in each["name"]
    )
