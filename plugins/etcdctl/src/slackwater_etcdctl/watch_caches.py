"""Whether an API server's watch caches hold what etcd holds.

After a restore without a revision bump they differ for good: deleted objects stay in them, new ones
never appear. The API itself cannot tell: since lists are served from the cache, one that claims to
be consistent is as wrong as one at ``resourceVersion=0`` (measured with kube-apiserver 1.36;
Kubernetes issue 118501). So etcd is asked, whose keys are the names of the objects, and whose
``mod_revision`` is their ``resourceVersion``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from slackwater.backend import Report
from slackwater.backend.polling import answered
from slackwater.clusters import Cluster
from slackwater.errors import ClusterDenied, ObjectNotFound, PermissionDenied
from slackwater.model.finding import Finding
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.identity import ROOTS
from slackwater_etcdctl.voice import Voice

_LOOKED_AT = {
    "namespaces": "/api/v1/namespaces",
    "configmaps": "/api/v1/configmaps",
    "serviceaccounts": "/api/v1/serviceaccounts",
    "services/specs": "/api/v1/services",
    "deployments": "/apis/apps/v1/deployments",
}
"""Kinds that are in every cluster, change now and then, and are not too many; by their keys."""
_NAMED = 3


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    resource_version: str
    namespace: str = ""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class _Item(msgspec.Struct):
    metadata: _Metadata


class _List(msgspec.Struct):
    items: list[_Item] = []


@dataclass(frozen=True)
class WatchCaches:
    """The caches of one API server over one etcd, each given ``within`` seconds to be right."""

    cluster: Cluster
    session: Session
    endpoint: str
    voice: Voice
    within: float
    report: Report

    def compare(self) -> Iterator[Finding]:
        """Yield a finding for each kind whose cache differs from etcd to the end."""
        for kind, path in _LOOKED_AT.items():
            try:
                yield from self._compare(kind, path)
            except (ClusterDenied, PermissionDenied) as error:
                said = f"whether the watch cache is right is not known: {error}"
                yield self.voice.warning("cache-not-seen", _plural(path), said)
            except ObjectNotFound:
                continue

    def _compare(self, kind: str, path: str) -> Iterator[Finding]:
        wrong: set[str] = set()

        def equal() -> bool:
            wrong.clear()
            wrong.update(self._differences(kind, path))
            return not wrong

        if not answered(equal, within=self.within, stopping=lambda: self.report.stopping):
            named = sorted(wrong)
            more = " …" if len(named) > _NAMED else ""
            yield self.voice.error(
                "watch-cache-wrong",
                _plural(path),
                f"the API server's watch cache of {_plural(path)} differs from etcd in "
                f"{len(named)} objects: {', '.join(named[:_NAMED])}{more}",
                "restart every API server, then controllers, scheduler and kubelets",
            )

    def _differences(self, kind: str, path: str) -> set[str]:
        items = self.cluster.get(f"{path}?resourceVersion=0", into=_List).items
        cached = {(each.metadata.key, each.metadata.resource_version) for each in items}
        held = {(key, str(revision)) for key, revision in self._held(kind).items()}
        return {key for key, _ in cached ^ held}

    def _held(self, kind: str) -> dict[str, int]:
        found = (self.session.versions(self.endpoint, f"{root}/{kind}/") for root in ROOTS)
        return next((keys for keys in found if keys), {})


def _plural(path: str) -> str:
    return path.rpartition("/")[2]
