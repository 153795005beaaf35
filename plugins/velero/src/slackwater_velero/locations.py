"""BackupStorageLocations: the stores that one cluster knows, and under which names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from slackwater.errors import PermissionDenied
from slackwater.model.request import Store
from slackwater_velero.access import Velero
from slackwater_velero.objects import ObjectStorage, SecretKey, StorageLocation
from slackwater_velero.resources import LOCATIONS, SECRETS
from slackwater_velero.store_identity import endpoint, store_identity
from slackwater_velero.voice import TOOL

AVAILABLE = "Available"
SERVER_DEFAULT = "default"
"""The location that a server takes where none is marked as default, unless its flag says else."""

_LOCAL_KEYS = frozenset(
    ("profile", "credentialsFile", "customerKeyEncryptionFile", "customerKeyEncryptionSecret")
)


@dataclass(frozen=True)
class Location:
    """One BackupStorageLocation.

    ``available`` only where Velero has looked and found it so: an empty phase counts as not
    available, for Velero as for us.
    """

    name: str
    identity: str
    spec_provider: str
    storage: ObjectStorage
    config: Mapping[str, str]
    writable: bool
    available: bool
    default: bool = False
    message: str = ""
    credential: SecretKey | None = None
    last_synced: datetime | None = None
    annotations: Mapping[str, str] | None = None

    @property
    def endpoint(self) -> str:
        """What its credentials belong to: provider and host."""
        return endpoint(self.spec_provider, self.config)

    @property
    def verifies(self) -> bool:
        """Whether certificates are checked; the location itself may say not to."""
        return self.config.get("insecureSkipTLSVerify", "").lower() != "true"


def read_locations(velero: Velero) -> dict[str, Location]:
    """Return every location of the installation by its name. One request."""
    found = (location_of(each) for each in velero.list(LOCATIONS, StorageLocation))
    return {location.name: location for location in found}


def location_of(read: StorageLocation) -> Location:
    """Return a location as we speak of it."""
    spec, storage = read.spec, read.spec.object_storage or ObjectStorage()
    status = read.status
    return Location(
        name=read.metadata.name,
        identity=store_identity(spec.provider, storage.bucket, storage.prefix, spec.config),
        spec_provider=spec.provider,
        storage=storage,
        config=spec.config or {},
        writable=spec.access_mode != "ReadOnly",
        available=status is not None and status.phase == AVAILABLE,
        default=spec.default,
        message=status.message if status else "",
        credential=spec.credential,
        last_synced=status.last_synced_time if status else None,
        annotations=read.metadata.annotations,
    )


def default_location(locations: Mapping[str, Location]) -> Location | None:
    """Return the location that the server takes for a Backup that names none."""
    marked = (location for location in locations.values() if location.default)
    return next(marked, locations.get(SERVER_DEFAULT))


def with_identity(locations: Mapping[str, Location], identity: str) -> Location | None:
    """Return the location of a store; of several, an available one, read-only before writable."""
    fitting = [each for each in locations.values() if each.identity == identity]
    return min(
        fitting, key=lambda each: (not each.available, each.writable, each.name), default=None
    )


def store_of(location: Location, cluster: str, authority: bytes) -> Store:
    """Return the location as core speaks of it. ``authority``: certificates in PEM, no secret."""
    details: dict[str, object] = {
        "provider": location.spec_provider,
        "bucket": location.storage.bucket,
        "prefix": location.storage.prefix or "",
        "config": {k: v for k, v in location.config.items() if k not in _LOCAL_KEYS},
    }
    if authority:
        details["caCert"] = base64.b64encode(authority).decode()
    return Store(
        tool=TOOL,
        identity=location.identity,
        cluster=cluster,
        name=location.name,
        writable=location.writable,
        available=location.available,
        message=location.message,
        details=details,
    )


def authority_of(velero: Velero, location: Location) -> bytes:
    """Return the certificates that the location names, as PEM; empty where it names none.

    They stand in the location (``caCert``) or in a Secret (``caCertRef``, 1.18). A Secret that we
    may not read counts as none: then the system's own certificates decide.
    """
    if location.storage.ca_cert:
        return _decoded(location.storage.ca_cert)
    reference = location.storage.ca_cert_ref
    if reference is None or not reference.name:
        return b""
    try:
        secret = velero.find(SECRETS, reference.name, dict[str, object])
    except PermissionDenied:
        return b""
    data = (secret or {}).get("data")
    return _decoded(str(data.get(reference.key, ""))) if isinstance(data, dict) else b""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
