"""Whether an API server's watch caches hold what etcd holds.

A list at ``resourceVersion=0`` is answered from the cache, one without it is consistent. After a
restore without a revision bump they differ for good: deleted objects stay, new ones never appear
(measured with kube-apiserver 1.36; Kubernetes issue 118501).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from slackwater.backend import Report
from slackwater.clusters import Cluster
from slackwater.errors import ClusterDenied, ObjectNotFound
from slackwater.model.finding import Finding
from slackwater_etcdctl.polling import answered
from slackwater_etcdctl.voice import Voice

_LOOKED_AT = {
    "namespaces": "/api/v1/namespaces",
    "configmaps": "/api/v1/configmaps",
    "serviceaccounts": "/api/v1/serviceaccounts",
    "services": "/api/v1/services",
    "deployments": "/apis/apps/v1/deployments",
}
"""Kinds that are in every cluster, change now and then, and are not too many."""
_NAMED = 3


class _Metadata(msgspec.Struct, rename="camel", frozen=True):
    name: str
    uid: str
    resource_version: str
    namespace: str = ""

    @property
    def label(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class _Item(msgspec.Struct, frozen=True):
    metadata: _Metadata


class _List(msgspec.Struct):
    items: list[_Item] = []


@dataclass(frozen=True)
class WatchCaches:
    """The caches of one API server, each given ``within`` seconds to become right."""

    cluster: Cluster
    voice: Voice
    within: float
    report: Report

    def compare(self) -> Iterator[Finding]:
        """Yield a finding for each kind whose cache differs from etcd to the end."""
        for kind, path in _LOOKED_AT.items():
            try:
                yield from self._compare(kind, path)
            except ClusterDenied as error:
                said = f"whether the watch cache is right is not known: {error}"
                yield self.voice.warning("cache-not-seen", kind, said)
            except ObjectNotFound:
                continue

    def _compare(self, kind: str, path: str) -> Iterator[Finding]:
        wrong: set[_Metadata] = set()

        def equal() -> bool:
            wrong.clear()
            wrong.update(_differences(self.cluster, path))
            return not wrong

        if not answered(equal, within=self.within, stopping=lambda: self.report.stopping):
            named = sorted({item.label for item in wrong})
            more = " …" if len(named) > _NAMED else ""
            yield self.voice.error(
                "watch-cache-wrong",
                kind,
                f"the API server's watch cache of {kind} differs from etcd in {len(named)} "
                f"objects: {', '.join(named[:_NAMED])}{more}",
                "restart every API server, then controllers, scheduler and kubelets",
            )


def _differences(cluster: Cluster, path: str) -> set[_Metadata]:
    cached = cluster.get(f"{path}?resourceVersion=0", into=_List).items
    consistent = [item for page in cluster.pages(path, into=_Item) for item in page]
    return {item.metadata for item in cached} ^ {item.metadata for item in consistent}
