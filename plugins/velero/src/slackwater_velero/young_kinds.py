"""Kinds that Velero may not have noticed yet, and so passes over without a word.

Velero reads the list of kinds every five minutes (``pkg/discovery``, 1.18). A backup made sooner
after a CustomResourceDefinition came is Completed without its objects. So the young kinds that have
objects in the namespace are written on the Backup, and the point is judged by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from slackwater.clusters import Resource
from slackwater.errors import PermissionDenied, TransientBackendError
from slackwater_velero.access import Velero
from slackwater_velero.cluster_objects import without_version
from slackwater_velero.contents import ObjectList
from slackwater_velero.objects import Metadata, Named
from slackwater_velero.resources import DEFINITIONS

NOTICED_AFTER = timedelta(minutes=6)
"""Velero's five minutes, and one for clocks that differ."""


class _Names(msgspec.Struct):
    kind: str
    plural: str


class _Version(msgspec.Struct):
    name: str
    served: bool = True


class _Spec(msgspec.Struct):
    group: str
    names: _Names
    versions: list[_Version]
    scope: str = "Namespaced"


class _Definition(msgspec.Struct):
    metadata: Metadata
    spec: _Spec


def find_young_kinds(velero: Velero, namespace: str, now: datetime) -> tuple[str, ...]:
    """Return the young kinds that have objects in the namespace, as ``group/Kind``.

    Without a namespace: the cluster-scoped ones that have objects.
    Empty where definitions may not be listed: the right is optional, and says what it is for.
    """
    try:
        found = velero.list_at(DEFINITIONS.path(), f"list {DEFINITIONS}", _Definition)
        young = [each for each in found if _is_young(each, namespace, now)]
        return tuple(sorted(_name(each) for each in young if _in_use(each, velero, namespace)))
    except (PermissionDenied, TransientBackendError):
        return ()


def overlooked(
    noted: Sequence[str], listed: ObjectList, namespaces: Sequence[str]
) -> Iterator[str]:
    """Yield the noted kinds of which the backup lists no object in its namespaces.

    A backup without namespaces is one of cluster-scoped objects.
    """
    places = namespaces or ("",)
    held = {
        without_version(name)
        for name, entries in listed.items()
        if any(entry.rpartition("/")[0] in places for entry in entries)
    }
    return (kind for kind in noted if kind not in held)


def _is_young(definition: _Definition, namespace: str, now: datetime) -> bool:
    created = definition.metadata.creation_timestamp
    wanted = definition.spec.scope == ("Namespaced" if namespace else "Cluster")
    return wanted and created is not None and now - created < NOTICED_AFTER


def _in_use(definition: _Definition, velero: Velero, namespace: str) -> bool:
    spec = definition.spec
    served = next((version.name for version in spec.versions if version.served), "")
    if not served:
        return False
    path = Resource(spec.group, served, spec.names.plural, bool(namespace)).path(namespace)
    try:
        return any(True for _ in velero.list_at(path, f"list {spec.names.plural}", Named))
    except PermissionDenied:
        return True  # not known, so it is asked of the backup


def _name(definition: _Definition) -> str:
    return f"{definition.spec.group}/{definition.spec.names.kind}"
