"""The kinds that an API serves: those it is born with, and those defined while it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slackwater.testing.kubernetes_api.status import qualified

NAMESPACES = "namespaces"
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"

_VERSION = re.compile(r"^v(\d+)(?:(alpha|beta)(\d+))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind in one version, as it is served under a path.

    `has_status`: status is written through `/status` only. `counts_generation`: the server keeps
    `metadata.generation`. `returns_deleted`: a deletion answers with the object, not a `Status`.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    custom: bool = False
    has_status: bool = False
    counts_generation: bool = False
    returns_deleted: bool = False
    short_names: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The name of the kind in all its versions: `deployments.apps`, `configmaps`."""
        return qualified(self.group, self.plural)

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def verbs(self) -> tuple[str, ...]:
        """What can be done with it, in the order of discovery."""
        verbs = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
        if self.table == NAMESPACES:
            return tuple(verb for verb in verbs if verb != "deletecollection")
        return verbs


def version_rank(version: str) -> tuple[int, int, int]:
    """Return a sort key, best first: v2, v1, v1beta2, v1beta1, v1alpha1, then anything else.

    Kubernetes orders the versions of a definition so ("version priority" in its documentation).
    """
    match = _VERSION.match(version)
    if match is None:
        return (3, 0, 0)
    stage = {None: 0, "beta": 1, "alpha": 2}[match[2]]
    return (stage, -int(match[1]), -int(match[3] or 0))


def _family(group: str, rows: str) -> Iterator[Resource]:
    for row in filter(None, map(str.strip, rows.splitlines())):
        version, kind, plural, flags, *short_names = row.split()
        yield Resource(
            group=group,
            version=version,
            kind=kind,
            plural=plural,
            namespaced="n" in flags,
            has_status="s" in flags,
            counts_generation="g" in flags,
            returns_deleted="d" in flags,
            short_names=tuple(short_names),
        )


# version, kind, plural, flags, short names. Flags: n namespaced, s /status, g generation,
# d a deletion answers with the object (ReturnDeletedObject in the server's registries).
BUILT_IN: tuple[Resource, ...] = (
    *_family(
        "",
        """
        v1 ConfigMap configmaps n cm
        v1 Event events n ev
        v1 Namespace namespaces sd ns
        v1 Node nodes s no
        v1 PersistentVolumeClaim persistentvolumeclaims nsd pvc
        v1 PersistentVolume persistentvolumes sd pv
        v1 Pod pods nsgd po
        v1 Secret secrets n
        v1 ServiceAccount serviceaccounts nd sa
        v1 Service services nsd svc
        """,
    ),
    *_family(
        "apps",
        """
        v1 DaemonSet daemonsets nsg ds
        v1 Deployment deployments nsg deploy
        v1 ReplicaSet replicasets nsg rs
        v1 StatefulSet statefulsets nsg sts
        """,
    ),
    *_family("batch", "v1 CronJob cronjobs nsg cj\nv1 Job jobs nsg"),
    *_family("networking.k8s.io", "v1 Ingress ingresses nsg ing"),
    *_family(
        "rbac.authorization.k8s.io",
        """
        v1 ClusterRoleBinding clusterrolebindings -
        v1 ClusterRole clusterroles -
        v1 RoleBinding rolebindings n
        v1 Role roles n
        """,
    ),
    *_family("storage.k8s.io", "v1 StorageClass storageclasses d sc"),
    *_family(
        "apiextensions.k8s.io",
        "v1 CustomResourceDefinition customresourcedefinitions sg crd crds",
    ),
)

BUILT_IN_GROUPS = frozenset(each.group for each in BUILT_IN)


class Kinds:
    """The kinds served now. Not locked: whoever changes it holds the lock of the store."""

    def __init__(self, resources: Iterable[Resource] = BUILT_IN) -> None:
        self._served: dict[tuple[str, str, str], Resource] = {
            (each.group, each.version, each.plural): each for each in resources
        }
        self._preferred = _preferred(self._served.values())

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource under a path, or nothing."""
        return self._served.get((group, version, plural))

    def named(self, table: str) -> Resource:
        """Return the preferred version of a kind named as in `kubectl get`: `deployments.apps`.

        Raises KeyError when no such kind is served.
        """
        if table not in self._preferred:
            raise KeyError(f"no kind {table!r} is served here")
        return self._preferred[table]

    def of(self, api_version: str, kind: str) -> Resource:
        """Return the resource of an object by its apiVersion and kind, or raise KeyError."""
        group, _, version = api_version.rpartition("/")
        for each in list(self._served.values()):
            if (each.group, each.version, each.kind) == (group, version, kind):
                return each
        raise KeyError(f"no kind {kind!r} in {api_version!r} is served here")

    def replace(self, table: str, resources: Iterable[Resource]) -> None:
        """Serve a kind in these versions, and in no others; no versions: no longer at all."""
        kept = {key: each for key, each in self._served.items() if each.table != table}
        kept |= {(each.group, each.version, each.plural): each for each in resources}
        self._served, self._preferred = kept, _preferred(kept.values())

    def tables(self, *, namespaced: bool) -> list[str]:
        """Return the name of each kind that is (or is not) namespaced, once."""
        return sorted({e.table for e in self._served.values() if e.namespaced is namespaced})

    def versions(self) -> dict[str, list[str]]:
        """Return the versions of each group, the preferred first; the core group is ""."""
        found: dict[str, set[str]] = {}
        for group, version, _ in self._served:
            found.setdefault(group, set()).add(version)
        return {group: sorted(each, key=version_rank) for group, each in sorted(found.items())}

    def in_version(self, group: str, version: str) -> list[Resource]:
        """Return what is served in one version of a group, by name."""
        found = [e for e in self._served.values() if (e.group, e.version) == (group, version)]
        return sorted(found, key=lambda each: each.plural)


def _preferred(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Return the best version of each kind, by the name of the kind."""
    worst_first = sorted(resources, key=lambda each: version_rank(each.version), reverse=True)
    return {each.table: each for each in worst_first}
