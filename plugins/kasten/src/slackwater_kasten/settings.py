"""What stands under ``kasten:`` in the fleet file."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from slackwater.model.store_name import StoreName


class KastenSettings(BaseModel):
    """One installation of K10 in one cluster.

    ``export`` is the Location Profile that our backups are exported to; without it they stay in
    the cluster. ``profile`` is the one that K10 needs for the data of volumes without snapshots.
    ``receive`` names, by cluster of origin, the Secret in K10's namespace that holds the receive
    string of that cluster's exports; points without an entry have a Secret of their own.
    ``store`` is a store of the fleet that keeps the receive strings of our exports, encrypted: who
    uses the same store, and can open it, imports from it. ``import_policies`` names, by cluster of
    origin, a K10 policy that stands here for good and imports that cluster's exports.
    ``transform_sets`` are TransformSets in K10's namespace that every restore into here applies.
    ``keep_days`` is how long K10 keeps what we make where no policy says it: it never expires
    manual work by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str = "kasten-io"
    export: str = ""
    profile: str = ""
    receive: Mapping[str, str] = Field(default_factory=dict)
    store: StoreName = ""
    import_policies: Mapping[str, str] = Field(default_factory=dict)
    transform_sets: tuple[str, ...] = ()
    keep_days: int = Field(default=30, gt=0)
