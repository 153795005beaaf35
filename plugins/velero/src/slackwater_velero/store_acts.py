"""Shows another cluster's store to this one, and takes it away when no run needs it any more."""

from __future__ import annotations

from slackwater.backend import Report, Stopped
from slackwater.clusters import Resource
from slackwater.model.act import Act, Key
from slackwater.model.operation import Progress
from slackwater_velero import labels
from slackwater_velero.access import Velero
from slackwater_velero.acts import table, text
from slackwater_velero.holding import hold, release
from slackwater_velero.objects import Named
from slackwater_velero.resources import BACKUPS, LOCATIONS, REPOSITORIES, manifest


def show_store(velero: Velero, act: Act, key: Key) -> dict[str, object]:
    """Create the location, or hold the one that another run has created."""
    spec = table(act.payload, "spec")
    body = manifest(LOCATIONS, text(act.payload, "name"), velero.namespace, spec=spec)
    return {"location": hold(velero, LOCATIONS, body, key)}


def hide_store(velero: Velero, act: Act, key: Key, report: Report) -> dict[str, object]:
    """Let the location go. If it goes away, so does what Velero noted down of it.

    The location goes first, so that no sync brings the Backup objects back. They are records:
    nothing in the store is touched.
    """
    name = text(act.payload, "name")
    if not release(velero, LOCATIONS, name, key):
        return {"removed": False}
    removed = sum(_forget(velero, kind, name, report) for kind in (BACKUPS, REPOSITORIES))
    return {"removed": True, "records": removed}


def _forget(velero: Velero, kind: Resource, location: str, report: Report) -> int:
    selector = f"{labels.STORAGE_LOCATION}={labels.label_value(location)}"
    names = [each.metadata.name for each in velero.list(kind, Named, selector=selector)]
    for done, name in enumerate(names):
        if report.stopping:
            raise Stopped
        velero.delete(kind, name)
        report.progress(Progress(done=done + 1, total=len(names), unit="records"))
    return len(names)
