"""The ConfigMap with the changes of one restore: written before it, removed after it."""

from __future__ import annotations

from slackwater.model.act import Act, Key
from slackwater_velero.access import Velero
from slackwater_velero.acts import text, words
from slackwater_velero.holding import hold, release
from slackwater_velero.resources import CONFIG_MAPS, manifest


def add_changes(velero: Velero, act: Act, key: Key) -> dict[str, object]:
    """Create the ConfigMap. Its name carries the hash of its content: what is there is right."""
    data = words(act.payload, "data")
    body = manifest(CONFIG_MAPS, text(act.payload, "name"), velero.namespace, data=data)
    return {"configMap": hold(velero, CONFIG_MAPS, body, key)}


def remove_changes(velero: Velero, act: Act, key: Key) -> dict[str, object]:
    """Remove the ConfigMap, if no other run needs it."""
    return {"removed": release(velero, CONFIG_MAPS, text(act.payload, "name"), key)}
