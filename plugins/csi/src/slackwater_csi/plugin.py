"""How Slackwater finds CSI snapshots: the plugin's one hook, and the discovery for ``init``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import BaseModel

from slackwater.backend import Backend, BackendType, Context, hookimpl
from slackwater.clusters import Cluster
from slackwater.errors import ObjectNotFound
from slackwater.model.own_record import OwnRecord
from slackwater_csi.errors import TOOL
from slackwater_csi.resources import CLASSES, GROUPS_GROUP, SNAPSHOTS
from slackwater_csi.settings import CsiSettings

OWN_RECORDS = (
    OwnRecord(kind=str(SNAPSHOTS), outlives=False),
    OwnRecord(kind=f"volumegroupsnapshots.{GROUPS_GROUP}", outlives=False),
)
"""Whoever made a snapshot, it is a recovery point. Ours outlive their namespace; of others, those
whose content is to be deleted with them do not.
"""


def discover(cluster: Cluster) -> Mapping[str, object] | None:
    """Return settings where a VolumeSnapshotClass says that some driver has snapshots, or None.

    The store is for the user to name. Changes nothing. Raises as every call to the cluster.
    """
    try:
        return {} if next(iter(cluster.list(CLASSES.path())), None) else None
    except ObjectNotFound:
        return None


def create(settings: BaseModel, context: Context) -> Backend:
    """Make the backend; contacts nothing."""
    from slackwater_csi.backend import CsiBackend  # not for a list of plugins

    return CsiBackend(cast(CsiSettings, settings), context)


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Offer CSI snapshots."""
    yield BackendType(
        name=TOOL,
        summary="CSI volume snapshots, in the volumes' own storage system, with manifests in a "
        "store",
        settings=CsiSettings,
        discover=discover,
        create=create,
        own_records=OWN_RECORDS,
    )
