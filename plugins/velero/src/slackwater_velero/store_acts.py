"""Shows another cluster's store to this one, and takes it away when nobody needs it any more.

Several runs may need one store at a time. Each holds the location by an annotation of its own, and
whichever lets go last removes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from slackwater.backend import Report, Stopped
from slackwater.clusters import Resource
from slackwater.errors import ObjectExists, PermanentBackendError, TransientBackendError
from slackwater.model.act import Act, Key
from slackwater.model.operation import Progress
from slackwater_velero import labels
from slackwater_velero.access import Velero
from slackwater_velero.acts import text
from slackwater_velero.naming import digest
from slackwater_velero.objects import Named, StorageLocation
from slackwater_velero.resources import BACKUPS, LOCATIONS, REPOSITORIES, manifest
from slackwater_velero.voice import TOOL

_TRIES = 5


def show_store(velero: Velero, act: Act, key: Key) -> dict[str, object]:
    """Create the location, or hold the one that is there. Both at once is fine."""
    payload = act.payload
    name, holder = text(payload, "name"), _holder(key)
    annotations = {labels.STORE: text(payload, "store"), holder: "held"}
    body = manifest(
        LOCATIONS, name, velero.namespace, annotations=annotations, spec=payload["spec"]
    )
    for _ in range(_TRIES):
        with suppress(ObjectExists):
            velero.create(LOCATIONS, body)
            return {"location": name}
        if _hold(velero, name, holder, text(payload, "store")):
            return {"location": name}
    raise TransientBackendError(f"location {name} comes and goes", backend=TOOL)


def _hold(velero: Velero, name: str, holder: str, store: str) -> bool:
    """Hold what is there; False where it is gone again."""
    found = velero.find(LOCATIONS, name, Named)
    if found is None:
        return False
    if (found.metadata.annotations or {}).get(labels.STORE) != store:
        raise PermanentBackendError(
            f"a BackupStorageLocation {name} exists that is not ours",
            backend=TOOL,
            cluster=velero.cluster.name,
        )
    return (
        velero.patch(LOCATIONS, name, {"metadata": {"annotations": {holder: "held"}}}) is not None
    )


def hide_store(velero: Velero, act: Act, key: Key, report: Report) -> dict[str, object]:
    """Let the location go. If nobody else holds it, remove it and what Velero noted down of it.

    The location goes first, so that no sync brings the Backup objects back. They are records:
    nothing in the store is touched.
    """
    name, holder = text(act.payload, "name"), _holder(key)
    found = velero.find(LOCATIONS, name, StorageLocation)
    if found is not None:
        if labels.STORE not in (found.metadata.annotations or {}):
            return {"removed": False}
        after = velero.patch(LOCATIONS, name, {"metadata": {"annotations": {holder: None}}})
        if any(_holders(after or {})):
            return {"removed": False}
        velero.delete(LOCATIONS, name, uid=found.metadata.uid)
    removed = sum(_forget(velero, kind, name, report) for kind in (BACKUPS, REPOSITORIES))
    return {"removed": True, "records": removed}


def _holder(key: Key) -> str:
    """The annotation of one run: however many of its restores need the store, it is shown once."""
    return labels.HOLDER + digest(key.run)[:16]


def _holders(location: Mapping[str, object]) -> Iterator[str]:
    metadata = location.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return (key for key in annotations or {} if str(key).startswith(labels.HOLDER))


def _forget(velero: Velero, kind: Resource, location: str, report: Report) -> int:
    selector = f"{labels.STORAGE_LOCATION}={labels.label_value(location)}"
    names = [each.metadata.name for each in velero.list(kind, Named, selector=selector)]
    for done, name in enumerate(names):
        if report.stopping:
            raise Stopped
        velero.delete(kind, name)
        report.progress(Progress(done=done + 1, total=len(names), unit="records"))
    return len(names)
