"""The ConfigMap with the changes of one restore: written before it, removed after it."""

from __future__ import annotations

from slackwater.errors import ObjectExists
from slackwater.model.act import Act
from slackwater_velero.access import Velero
from slackwater_velero.acts import text, words
from slackwater_velero.resources import CONFIG_MAPS, manifest


def add_changes(velero: Velero, act: Act) -> dict[str, object]:
    """Create the ConfigMap. Its name carries the hash of its content: what is there is right."""
    name = text(act.payload, "name")
    body = manifest(CONFIG_MAPS, name, velero.namespace, data=words(act.payload, "data"))
    try:
        velero.create(CONFIG_MAPS, body)
    except ObjectExists:
        velero.patch(CONFIG_MAPS, name, {"data": words(act.payload, "data")})
    return {"configMap": name}


def remove_changes(velero: Velero, act: Act) -> dict[str, object]:
    """Remove the ConfigMap; twice is fine."""
    return {"removed": velero.delete(CONFIG_MAPS, text(act.payload, "name"))}
