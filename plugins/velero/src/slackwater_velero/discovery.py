"""Which resource of the API serves a kind, as the API server itself tells."""

from __future__ import annotations

import msgspec

from slackwater.clusters import Resource
from slackwater_velero.access import Velero


class _Served(msgspec.Struct):
    name: str
    kind: str
    namespaced: bool = True


class _Version(msgspec.Struct):
    resources: list[_Served] = msgspec.field(default_factory=list)


def find_kind(velero: Velero, kind: str) -> Resource | None:
    """Return the resource of a kind such as ``apps/v1/Deployment``, or None if none serves it."""
    api_version, _, name = kind.rpartition("/")
    group, _, version = api_version.rpartition("/")
    path = f"/apis/{api_version}" if group else f"/api/{version}"
    served = velero.find_at(path, f"look up {api_version}", _Version)
    for each in served.resources if served else ():
        if each.kind == name and "/" not in each.name:
            return Resource(group, version, each.name, each.namespaced)
    return None
