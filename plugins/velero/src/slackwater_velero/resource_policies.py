"""What a resource policy leaves out of a backup, besides volumes.

A Backup only names its policy, a ConfigMap of the cluster it is made in; what was in it then is
written nowhere. So a policy says something only in that cluster, and only as long as nobody has
written to it since. Otherwise the filter is not known, and what is not known is not whole.
Volume policies are no matter here: what they skip is in Velero's volume information.
(``internal/resourcepolicies`` and ``pkg/backup``, 1.18.3.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import yaml

from slackwater.clusters.decoding import convert
from slackwater.errors import PermissionDenied
from slackwater_velero.access import Velero
from slackwater_velero.kind_lists import only, without
from slackwater_velero.objects import Backup, BackupSpec
from slackwater_velero.resources import CONFIG_MAPS

_OF_NAMESPACES = frozenset(("persistentvolumes", "customresourcedefinitions", "namespaces"))
"""Cluster-scoped kinds without which a namespace is not whole."""


@dataclass(frozen=True)
class Filters:
    """In words, what is left out: of everything, and of cluster-scoped objects besides.

    ``kinds_of_cluster``: whether the policy names cluster-scoped kinds to be in or out. That
    counts only where the Backup itself does not include all of them.
    """

    limits: tuple[str, ...] = ()
    of_cluster_objects: tuple[str, ...] = ()
    kinds_of_cluster: bool = False


NO_FILTERS = Filters()


class _Write(msgspec.Struct):
    time: datetime | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    creation_timestamp: datetime | None = None
    managed_fields: list[_Write] | None = None


class _ConfigMap(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, str] | None = None


class _Kinds(msgspec.Struct, rename="camel"):
    included_cluster_scoped_resources: list[str] | None = None
    excluded_cluster_scoped_resources: list[str] | None = None
    included_namespace_scoped_resources: list[str] | None = None
    excluded_namespace_scoped_resources: list[str] | None = None


class _Filter(msgspec.Struct):
    kinds: list[str] | None = None


class _Chosen(msgspec.Struct, rename="camel"):
    namespaces: list[str] | None = None
    resource_filters: list[_Filter] | None = None


class _Policy(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Every section that 1.18.3 knows: another one may be a filter that we do not know."""

    version: str = ""
    volume_policies: object = None
    include_exclude_policy: _Kinds | None = None
    cluster_scoped_filter_policy: _Chosen | None = None
    namespaced_filter_policies: list[_Chosen] | None = None


class Policies:
    """The policies of one installation; each is read once, when a Backup names it."""

    def __init__(self, velero: Velero) -> None:
        self._velero = velero
        self._read: dict[str, _ConfigMap | str] = {}

    def filters(self, backup: Backup) -> Filters:
        """Return what the policy of a Backup left out, or that it is not known."""
        name = _named(backup.spec)
        if not name:
            return NO_FILTERS
        if not backup.made_here:
            return _unknown(name, "lies in the cluster that made the backup")
        policy = self._policy(name)
        if isinstance(policy, str):
            return _unknown(name, policy)
        if not _older(policy.metadata, backup.metadata.creation_timestamp):
            return _unknown(name, "was written to when the backup was made, or later")
        return read_filters(name, policy.data or {})

    def _policy(self, name: str) -> _ConfigMap | str:
        if name not in self._read:
            try:
                found = self._velero.find(CONFIG_MAPS, name, _ConfigMap)
                self._read[name] = "is gone" if found is None else found
            except PermissionDenied:
                self._read[name] = "may not be read"
        return self._read[name]


def read_filters(name: str, data: Mapping[str, str]) -> Filters:
    """Return what the content of a policy, a ConfigMap with one key, leaves out. Pure."""
    try:
        [text] = data.values()
        policy = convert(yaml.safe_load(text), _Policy)
    except (yaml.YAMLError, ValueError):
        return _unknown(name, "is not what Velero 1.18.3 reads")
    kinds = policy.include_exclude_policy or _Kinds()
    chosen = _kinds_of(policy.cluster_scoped_filter_policy)
    needed = [kind for kind in chosen if kind.partition(".")[0] in _OF_NAMESPACES]
    limits = (
        *only(kinds.included_namespace_scoped_resources),
        *without(kinds.excluded_namespace_scoped_resources),
        *_in_namespaces(policy.namespaced_filter_policies or ()),
        *_only_chosen(needed),
    )
    return Filters(
        limits=tuple(_by(name, limits)),
        of_cluster_objects=tuple(_by(name, _only_chosen(chosen))),
        kinds_of_cluster=bool(
            kinds.included_cluster_scoped_resources or kinds.excluded_cluster_scoped_resources
        ),
    )


def _named(spec: BackupSpec) -> str:
    """The policy that may filter objects, or nothing.

    Velero refuses a backup whose policy filters objects while its spec has the older filters of
    kinds, and takes no notice of a policy that is no ConfigMap.
    """
    reference = spec.resource_policy
    if not reference or spec.has_older_filters:
        return ""
    is_config_map = str(reference.get("kind", "")).lower() == "configmap"
    return str(reference.get("name", "")) if is_config_map else ""


def _older(metadata: _Metadata, made: datetime | None) -> bool:
    """Whether all that the API server noted of the policy was written before the Backup.

    Kubernetes' times are whole seconds, so within one second the order is not known.
    """
    writes = [each.time for each in metadata.managed_fields or ()]
    times = [metadata.creation_timestamp, *writes]
    return bool(writes) and made is not None and all(t is not None and t < made for t in times)


def _unknown(name: str, why: str) -> Filters:
    said = f"what its resource policy {name} left out is not known: the policy {why}"
    return Filters(limits=(said,), of_cluster_objects=(said,), kinds_of_cluster=True)


def _kinds_of(policy: _Chosen | None) -> list[str]:
    filters = policy.resource_filters if policy else None
    return [kind for each in filters or () for kind in each.kinds or ()]


def _only_chosen(kinds: Sequence[str]) -> Iterator[str]:
    if kinds:
        yield f"only chosen objects among {', '.join(kinds)}"


def _in_namespaces(policies: Sequence[_Chosen]) -> Iterator[str]:
    namespaces = [space for each in policies for space in each.namespaces or ()]
    if namespaces:
        yield f"only chosen objects in {', '.join(namespaces)}"


def _by(name: str, limits: Sequence[str] | Iterator[str]) -> Iterator[str]:
    return (f"{limit} (by its resource policy {name})" for limit in limits)
