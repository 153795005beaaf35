"""Chooses the definitions of custom resources that one namespace of a larger backup needs.

A Restore takes names of objects only in a resource policy, a ConfigMap (Velero 1.18.3 and later).
"""

from __future__ import annotations

import yaml

from slackwater.errors import TransientBackendError
from slackwater.model.act import Act, Key
from slackwater_velero.access import Velero
from slackwater_velero.acts import text
from slackwater_velero.contents import ObjectList, Unreadable, read_objects
from slackwater_velero.downloads import Downloads, Missing, Target
from slackwater_velero.holding import hold
from slackwater_velero.locations import read_locations
from slackwater_velero.resources import CONFIG_MAPS, manifest
from slackwater_velero.voice import TOOL

_DEFINITION = "/CustomResourceDefinition"
_RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
_NONE = "slackwater.no-definition"
"""An empty list of names would mean all of them."""


def choose_kinds(velero: Velero, downloads: Downloads, act: Act, key: Key) -> dict[str, object]:
    """Create the ConfigMap, by what the backup lists. The backup never changes, so neither does it.

    Raises ``TransientBackendError`` where the list cannot be had now.
    """
    payload = act.payload
    listed = _listed(velero, downloads, text(payload, "backup"), text(payload, "location"))
    names = definitions_for(listed, text(payload, "namespace"))
    data = {"policy.yaml": only_these(names)}
    body = manifest(CONFIG_MAPS, text(payload, "name"), velero.namespace, data=data)
    return {"configMap": hold(velero, CONFIG_MAPS, body, key), "definitions": [*names]}


def definitions_for(listed: ObjectList, namespace: str) -> tuple[str, ...]:
    """Return the definitions of the API groups that objects of the namespace are of.

    All of a group: its objects are made for each other, and the list names kinds, not resources.
    """
    groups = {
        kind.partition("/")[0]
        for kind, entries in listed.items()
        if any(entry.rpartition("/")[0] == namespace for entry in entries)
    }
    defined = (
        name for kind, names in listed.items() if kind.endswith(_DEFINITION) for name in names
    )
    return tuple(sorted(name for name in defined if name.partition(".")[2] in groups))


def only_these(names: tuple[str, ...]) -> str:
    """Return the resource policy by which a Restore takes only these definitions."""
    chosen = {"kinds": [_RESOURCE], "names": [*names] or [_NONE]}
    policy = {"version": "v1", "clusterScopedFilterPolicy": {"resourceFilters": [chosen]}}
    return yaml.safe_dump(policy, sort_keys=False)


def _listed(velero: Velero, downloads: Downloads, backup: str, location: str) -> ObjectList:
    found = read_locations(velero).get(location)
    why = f"location {location} is gone"
    if found is not None:
        file = downloads.read((Target.BACKUP_OBJECTS,), backup, found)[Target.BACKUP_OBJECTS]
        try:
            if not isinstance(file, Missing):
                return read_objects(file)
            why = file.reason
        except Unreadable as error:
            why = str(error)
    raise TransientBackendError(
        f"the list of objects of {backup}: {why}", backend=TOOL, cluster=velero.cluster.name
    )
