"""How Slackwater finds Velero: the plugin's one hook, and the discovery for ``init``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import BaseModel

from slackwater.backend import Backend, BackendType, Context, hookimpl
from slackwater.clusters import Cluster
from slackwater.errors import ObjectNotFound
from slackwater.model.own_record import OwnRecord
from slackwater_velero.objects import StorageLocation
from slackwater_velero.resources import (
    BACKUPS,
    DATA_DOWNLOADS,
    DATA_UPLOADS,
    DELETE_REQUESTS,
    DOWNLOAD_REQUESTS,
    LOCATIONS,
    POD_VOLUME_BACKUPS,
    POD_VOLUME_RESTORES,
    REPOSITORIES,
    RESTORES,
    STATUS_REQUESTS,
)
from slackwater_velero.settings import VeleroSettings
from slackwater_velero.voice import TOOL

_OF_ITS_WORK = (
    BACKUPS,
    RESTORES,
    DELETE_REQUESTS,
    DOWNLOAD_REQUESTS,
    STATUS_REQUESTS,
    REPOSITORIES,
    POD_VOLUME_BACKUPS,
    POD_VOLUME_RESTORES,
    DATA_UPLOADS,
    DATA_DOWNLOADS,
)
OWN_RECORDS = (
    *(OwnRecord(kind=str(kind), outlives=True) for kind in _OF_ITS_WORK),
    OwnRecord(kind="volumesnapshots.snapshot.storage.k8s.io", outlives=False),
)
"""What Velero keeps: its work, whose data lies in the store, and snapshots by CSI beside volumes.
Schedules and locations are a person's.
"""


def discover(cluster: Cluster) -> Mapping[str, object] | None:
    """Return settings for the Velero in a cluster, or None: by its storage locations, wherever
    they lie. Changes nothing. Raises as every call to the cluster.
    """
    try:
        locations = list(cluster.list(LOCATIONS.path(), into=StorageLocation))
    except ObjectNotFound:
        return None
    if not locations:
        return None
    chosen = next((each for each in locations if each.spec.default), locations[0])
    return {"namespace": chosen.metadata.namespace, "location": chosen.metadata.name}


def create(settings: BaseModel, context: Context) -> Backend:
    """Make the backend; contacts nothing."""
    from slackwater_velero.backend import VeleroBackend  # with httpx: not for a list of plugins

    return VeleroBackend(cast(VeleroSettings, settings), context)


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Offer Velero."""
    yield BackendType(
        name=TOOL,
        summary="Velero: objects and volumes of namespaces, in object storage",
        settings=VeleroSettings,
        discover=discover,
        create=create,
        own_records=OWN_RECORDS,
    )
