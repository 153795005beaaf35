"""How Slackwater finds K10: the plugin's one hook, and the discovery for ``init``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import BaseModel

from slackwater.backend import Backend, BackendType, Context, hookimpl
from slackwater.clusters import Cluster
from slackwater.errors import ObjectNotFound
from slackwater.model.own_record import OwnRecord
from slackwater_kasten.objects import Profile
from slackwater_kasten.resources import PROFILES
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.voice import TOOL

OWN_RECORDS = (
    OwnRecord(kind="*.actions.kio.kasten.io", outlives=True),
    OwnRecord(kind="*.apps.kio.kasten.io", outlives=True),
    OwnRecord(kind="volumesnapshots.snapshot.storage.k8s.io", outlives=False),
)
"""What K10 keeps in the namespaces of applications: actions and points from its own catalogue (the
contents of points outlive namespaces), and snapshots by CSI. Policies there are a person's.
"""


def discover(cluster: Cluster) -> Mapping[str, object] | None:
    """Return settings for the K10 in a cluster, or None: by its profiles, which are ordinary
    custom resources and answer even while the aggregated API is down. Changes nothing.

    Raises as every call to the cluster.
    """
    try:
        profiles = list(cluster.list(PROFILES.path(), into=Profile))
    except ObjectNotFound:
        return None
    usable = [each for each in profiles if each.is_location and each.is_valid]
    if not usable:
        return {}
    first = min(usable, key=lambda each: each.metadata.name)
    return {"namespace": first.metadata.namespace, "export": first.metadata.name}


def create(settings: BaseModel, context: Context) -> Backend:
    """Make the backend; contacts nothing."""
    from slackwater_kasten.backend import KastenBackend  # not for a list of plugins

    return KastenBackend(cast(KastenSettings, settings), context)


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Offer K10."""
    yield BackendType(
        name=TOOL,
        summary="Veeam Kasten (K10): objects and volumes of namespaces, in its own catalogue",
        settings=KastenSettings,
        discover=discover,
        create=create,
        own_records=OWN_RECORDS,
    )
