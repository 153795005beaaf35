"""Where K10's points lie: its own catalogue in each cluster, and the places that profiles lead to.

A catalogue is known by K10's cluster id, the uid of the namespace ``default``
(https://docs.kasten.io/latest/operating/dr/). Exports lie in a bucket, which several clusters may
reach, but whose points a cluster shows only after an import.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from slackwater.errors import PermanentBackendError
from slackwater.model.request import Store
from slackwater_kasten.access import Kasten
from slackwater_kasten.objects import LocationSpec, Named, ObjectStore, Profile
from slackwater_kasten.resources import SPACES
from slackwater_kasten.voice import TOOL

_PORTS = {"http": 80, "https": 443}
_AMAZON = "amazonaws.com"


def catalogue_identity(kasten: Kasten) -> str:
    """Return the identity of this cluster's catalogue. One request."""
    found = kasten.find(SPACES, "default", Named)
    if found is None or not found.metadata.uid:
        raise PermanentBackendError(
            "there is no namespace default, by which K10 tells clusters apart",
            backend=TOOL,
            cluster=kasten.cluster.name,
        )
    return f"k10://{found.metadata.uid}"


def location_identity(location: LocationSpec | None, cluster: str, name: str) -> str:
    """Return the identity of the place that a profile leads to, such as ``s3://host/bucket``.

    Places that only this cluster can name (a claim with files) carry the cluster in it.
    """
    store = location.object_store if location else None
    if store is None or not store.name:
        return f"profile://{cluster}/{name}"
    sort = store.object_store_type.lower() or "s3"
    parts = [f"{sort}://{_host(store)}", store.name.strip("/"), store.path.strip("/")]
    return "/".join(part for part in parts if part)


def list_stores(profiles: list[Profile], catalogue: str, cluster: str) -> list[Store]:
    """Return the catalogue, and every Location Profile. Pure.

    Only the catalogue counts as written by this cluster: what clusters export to one bucket lies
    apart there, and is shown by none but its maker until somebody imports it.
    """
    own = Store(
        tool=TOOL, identity=catalogue, cluster=cluster, name="catalogue",
        writable=True, available=True,
    )  # fmt: skip
    return [own, *(_store(each, cluster) for each in profiles if each.is_location)]


def _store(profile: Profile, cluster: str) -> Store:
    status = profile.status
    location = profile.spec.location_spec
    return Store(
        tool=TOOL,
        identity=location_identity(location, cluster, profile.metadata.name),
        cluster=cluster,
        name=profile.metadata.name,
        writable=False,
        available=profile.is_valid,
        message="; ".join((status.error if status else None) or ()),
        details={"type": location.type if location else ""},
    )


def _host(store: ObjectStore) -> str:
    """Host and port, lower case, the scheme's own port left out; Amazon's where none is named."""
    if not store.endpoint:
        return _AMAZON if store.object_store_type in ("", "S3") else "-"
    endpoint = store.endpoint
    parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
    host = (parts.hostname or "").lower()
    if host.endswith(f".{_AMAZON}"):
        return _AMAZON
    port = parts.port if parts.port != _PORTS.get(parts.scheme) else None
    return f"{host}:{port}" if port else host
