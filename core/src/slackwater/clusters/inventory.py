"""What stands in a cluster that could be protected, and what kind of cluster it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from slackwater.clusters.access import Cluster
from slackwater.clusters.decoding import decode
from slackwater.clusters.platform import Platform, platform_of
from slackwater.clusters.quantity import bytes_of
from slackwater.clusters.resources import (
    CUSTOM_RESOURCE_DEFINITIONS,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
    Resource,
)
from slackwater.errors import ClusterDenied, ObjectNotFound

T = TypeVar("T")
Listed = TypeVar("Listed", "Namespace", "Volume", "StorageClass")

_NODES_LOOKED_AT = 5  # they tell the platform; a thousand nodes tell no more, and are long


@dataclass(frozen=True)
class Namespace:
    """A namespace. ``phase`` is ``Active`` or ``Terminating``."""

    name: str
    labels: Mapping[str, str]
    phase: str


@dataclass(frozen=True)
class Volume:
    """A PersistentVolumeClaim, with what lies behind it.

    ``capacity`` is in bytes: what is bound, or else what was asked for. ``volume`` is the bound
    PersistentVolume, ``source`` its kind as its spec names it (``csi``, ``hostPath``, ``nfs``,
    ``local``, …), ``driver`` the CSI driver's name. These three are empty while nothing is bound,
    the last two also where PersistentVolumes may not be read (see ``Inventory.gaps``).
    """

    name: str
    namespace: str
    storage_class: str
    capacity: int
    volume: str
    source: str
    driver: str


@dataclass(frozen=True)
class StorageClass:
    """A storage class. ``provisioner`` is who makes its volumes."""

    name: str
    provisioner: str
    is_default: bool


@dataclass(frozen=True)
class Gap:
    """A list that we were not given: its part of the inventory is unknown, not empty."""

    resource: str
    reason: str


@dataclass(frozen=True)
class Inventory:
    """One look at a cluster. Namespaces, volumes and classes are sorted."""

    cluster: str
    version: str
    platform: Platform
    namespaces: tuple[Namespace, ...]
    volumes: tuple[Volume, ...]
    storage_classes: tuple[StorageClass, ...]
    custom_resources: frozenset[str]
    gaps: tuple[Gap, ...]


def take_inventory(cluster: Cluster) -> Inventory:
    """Look at everything once. Changes nothing.

    Lists that we have no right to, or that the server does not know, become ``gaps``. Whatever
    else goes wrong is raised, as by every call to the cluster.
    """
    look = _Look(cluster)
    version = cluster.get("/version", into=_Version).git_version
    nodes = look.at_some(NODES, _Node, _NODES_LOOKED_AT)
    definitions = look.at_all(CUSTOM_RESOURCE_DEFINITIONS, _Named, metadata_only=True)
    known = frozenset(item.metadata.name for item in definitions)
    backing = {
        item.metadata.name: item for item in look.at_all(PERSISTENT_VOLUMES, _PersistentVolume)
    }
    return Inventory(
        cluster=cluster.name,
        version=version,
        platform=platform_of(
            version,
            {label for node in nodes for label in node.metadata.labels},
            {node.spec.provider_id for node in nodes},
            known,
        ),
        namespaces=_sorted(map(_namespace, look.at_all(NAMESPACES, _Namespace))),
        volumes=_sorted(
            _volume(claim, backing) for claim in look.at_all(PERSISTENT_VOLUME_CLAIMS, _Claim)
        ),
        storage_classes=_sorted(map(_storage_class, look.at_all(STORAGE_CLASSES, _StorageClass))),
        custom_resources=known,
        gaps=tuple(look.gaps),
    )


class _Look:
    """Reads lists, and notes those that are not given to us."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.gaps: list[Gap] = []

    def at_all(self, resource: Resource, into: type[T], *, metadata_only: bool = False) -> list[T]:
        pages = self._cluster.pages(resource.path(), into=into, metadata_only=metadata_only)
        return self._gather(resource, itertools.chain.from_iterable(pages))

    def at_some(self, resource: Resource, into: type[T], number: int) -> list[T]:
        found = self._cluster.list(resource.path(), into=into, page=number)
        return self._gather(resource, itertools.islice(found, number))

    def _gather(self, resource: Resource, found: Iterable[T]) -> list[T]:
        try:
            return list(found)
        except (ClusterDenied, ObjectNotFound) as error:
            if error.status == 401:  # not a missing right: nothing at all will be given to us
                raise
            self.gaps.append(Gap(str(resource), str(error)))
            return []


def _sorted(items: Iterable[Listed]) -> tuple[Listed, ...]:
    return tuple(sorted(items, key=lambda item: (getattr(item, "namespace", ""), item.name)))


# The fields that are read of each kind; msgspec builds nothing else.


class _Version(msgspec.Struct, rename="camel"):
    git_version: str


class _Metadata(msgspec.Struct):
    name: str
    namespace: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _Named(msgspec.Struct):
    metadata: _Metadata


class _NodeSpec(msgspec.Struct):
    provider_id: str = msgspec.field(default="", name="providerID")


class _Node(_Named):
    spec: _NodeSpec


class _Phase(msgspec.Struct):
    phase: str = ""


class _Namespace(_Named):
    status: _Phase


class _PersistentVolume(_Named):
    spec: dict[str, msgspec.Raw]


class _Csi(msgspec.Struct):
    driver: str


class _Requests(msgspec.Struct):
    requests: dict[str, str] = {}


class _ClaimSpec(msgspec.Struct, rename="camel"):
    storage_class_name: str = ""
    volume_name: str = ""
    resources: _Requests = msgspec.field(default_factory=_Requests)


class _ClaimStatus(msgspec.Struct):
    capacity: dict[str, str] = {}


class _Claim(_Named):
    spec: _ClaimSpec
    status: _ClaimStatus = msgspec.field(default_factory=_ClaimStatus)


class _StorageClass(_Named):
    provisioner: str = ""


def _namespace(item: _Namespace) -> Namespace:
    return Namespace(item.metadata.name, item.metadata.labels, item.status.phase)


def _storage_class(item: _StorageClass) -> StorageClass:
    default = item.metadata.annotations.get("storageclass.kubernetes.io/is-default-class")
    return StorageClass(item.metadata.name, item.provisioner, default == "true")


def _volume(claim: _Claim, backing: Mapping[str, _PersistentVolume]) -> Volume:
    storage = claim.status.capacity.get("storage") or claim.spec.resources.requests.get("storage")
    source, driver = _source(backing.get(claim.spec.volume_name))
    return Volume(
        name=claim.metadata.name,
        namespace=claim.metadata.namespace,
        storage_class=claim.spec.storage_class_name,
        capacity=bytes_of(storage or "0"),
        volume=claim.spec.volume_name,
        source=source,
        driver=driver,
    )


# Everything in a PersistentVolume's spec that is not its source (PersistentVolumeSpec, core/v1).
_NO_SOURCE = {
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
}


def _source(volume: _PersistentVolume | None) -> tuple[str, str]:
    """The kind of a bound volume, and its CSI driver."""
    if volume is None:
        return "", ""
    source = next((key for key in volume.spec if key not in _NO_SOURCE), "")
    if source != "csi":
        return source, ""
    return source, decode(volume.spec["csi"], _Csi).driver
