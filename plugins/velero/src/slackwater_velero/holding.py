"""Objects that several runs may need at a time: made by the first, removed by the last.

Each run holds the object by an annotation of its own. Nobody counts, so nobody can miscount.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from slackwater.clusters import Resource
from slackwater.errors import ObjectExists, PermanentBackendError, TransientBackendError
from slackwater.model.act import Key
from slackwater_velero import labels
from slackwater_velero.access import Velero
from slackwater_velero.naming import digest
from slackwater_velero.objects import Named
from slackwater_velero.voice import TOOL

_TRIES = 5


def hold(velero: Velero, kind: Resource, body: Mapping[str, Any], key: Key) -> str:
    """Create the object, or hold the one that is there; return its name. Both at once is fine.

    Raises ``PermanentBackendError`` where an object of that name is not of our making.
    """
    name = str(body["metadata"]["name"])
    wanted = copy.deepcopy(dict(body))
    wanted["metadata"]["annotations"] = {labels.SHARED: "true", _holder(key): "held"}
    for _ in range(_TRIES):
        try:
            velero.create(kind, wanted)
        except ObjectExists:
            if not _join(velero, kind, name, key):
                continue
        return name
    raise TransientBackendError(
        f"{kind} {name} comes and goes", backend=TOOL, cluster=velero.cluster.name
    )


def release(velero: Velero, kind: Resource, name: str, key: Key) -> bool:
    """Let the object go, and remove it if no other run holds it; whether it is gone then.

    Never held, not there, and not of our making are fine: then nothing happens.
    """
    found = velero.find(kind, name, Named)
    if found is None:
        return True
    if labels.SHARED not in (found.metadata.annotations or {}):
        return False
    after = velero.patch(kind, name, {"metadata": {"annotations": {_holder(key): None}}})
    if after is not None and _is_held(after):
        return False
    velero.delete(kind, name, uid=found.metadata.uid)
    return True


def _join(velero: Velero, kind: Resource, name: str, key: Key) -> bool:
    """Hold what is there; False where it is gone again."""
    found = velero.find(kind, name, Named)
    if found is None:
        return False
    if labels.SHARED not in (found.metadata.annotations or {}):
        raise PermanentBackendError(
            f"{kind} {name} exists and is not ours", backend=TOOL, cluster=velero.cluster.name
        )
    change = {"metadata": {"annotations": {_holder(key): "held"}}}
    return velero.patch(kind, name, change) is not None


def _holder(key: Key) -> str:
    """The annotation of one run: however many of its restores need the object, it is one."""
    return labels.HOLDER + digest(key.run)[:16]


def _is_held(found: Mapping[str, Any]) -> bool:
    annotations = found["metadata"].get("annotations") or {}
    return any(name.startswith(labels.HOLDER) for name in annotations)
