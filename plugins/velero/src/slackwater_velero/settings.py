"""What stands under ``velero:`` in the fleet file."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Volumes(StrEnum):
    """How volume data gets into backups that we make."""

    AUTO = "auto"
    """As the server is set up."""
    MOVE_DATA = "move-data"
    """CSI snapshots whose data is moved into the store."""
    FS_BACKUP = "fs-backup"
    """Files of mounted volumes, read by the node agent, into the store."""
    SNAPSHOT = "snapshot"
    """Snapshots that stay in their own storage system."""
    NONE = "none"


class VeleroSettings(BaseModel):
    """One installation of Velero in one cluster.

    ``location`` is the BackupStorageLocation for new backups; without it, the default one.
    ``ca`` is a reference (``file:…``) to certificates in PEM that downloads from the store are
    checked against, beside those that the location names. ``answer_within`` is in seconds: how
    long the server may take to answer a download or status request. ``mover_gone_after`` is in
    seconds: how long the movement of a volume may stand still, without the pod that moves it,
    before the backup or restore is given up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str = "velero"
    location: str = ""
    volumes: Volumes = Volumes.AUTO
    ca: str = ""
    answer_within: float = Field(default=8.0, gt=0, le=60)
    mover_gone_after: float = Field(default=300.0, gt=0)
