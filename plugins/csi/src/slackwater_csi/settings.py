"""What stands under ``csi:`` in the fleet file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from slackwater.model.duration import PositiveDuration
from slackwater.model.store_name import StoreName


class CsiSettings(BaseModel):
    """Volume snapshots of the CSI drivers in one cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: StoreName = Field(
        default="",
        description="The store for the manifests of what is snapshotted; without one there are no "
        "backups.",
    )
    objects: StrictBool = Field(
        default=False,
        description="Whether the objects of a namespace are kept beside the snapshots of its "
        "volumes.",
    )
    classes: Mapping[str, str] = Field(
        default_factory=dict,
        description="The VolumeSnapshotClass to use, by the name of the CSI driver; else the "
        "default one, or the only one.",
        examples=[{"ebs.csi.aws.com": "retained"}],
    )
    groups: StrictBool = Field(
        default=True,
        description="Whether volumes of one driver are snapshotted as a group, at one moment, "
        "where the driver has a VolumeGroupSnapshotClass.",
    )
    hooks: StrictBool = Field(
        default=False,
        description="Whether commands are run before and after the snapshots that pods name by the "
        "annotations `pre.hook.backup.velero.io/…` and `post.hook.backup.velero.io/…`.",
    )
    held_within: PositiveDuration = Field(
        default=timedelta(minutes=2),
        description="How long the snapshots may take to be taken while hooks hold pods; then the "
        "backup fails, and the pods are let go.",
    )
    ready_within: PositiveDuration = Field(
        default=timedelta(minutes=30),
        description="How long a snapshot may take to be ready, or a claim to be bound.",
    )
    more_for_each: PositiveDuration = Field(
        default=timedelta(seconds=5),
        description="How much longer it may take for each further volume: the sidecars of CSI take "
        "about 2 s for each by default (`--kube-api-qps`).",
    )
