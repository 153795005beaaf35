"""A sample of the objects in an etcd: are they what a Kubernetes API server has written?

Values are protobuf (``k8s`` and a zero byte before it), JSON, or encrypted at rest (``k8s:enc:``):
``staging/src/k8s.io/apiserver/pkg/storage/value`` and ``…/runtime/serializer/protobuf``. Unless it
is encrypted, an object holds its own name, which ends its key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slackwater_etcdctl import identity
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.answers import KeyValue
from slackwater_etcdctl.blueprint import Promised
from slackwater_etcdctl.identity import Match

_ROOTS = ("/registry", "/kubernetes.io")
_KINDS = (
    "namespaces",
    "secrets",
    "configmaps",
    "serviceaccounts",
    "services/specs",
    "deployments",
    "clusterroles",
)
_OF_EACH = 20
_ENCRYPTED = b"k8s:enc:"
_WRITTEN_BY_KUBERNETES = (b"k8s\0", b"{", _ENCRYPTED)


@dataclass(frozen=True)
class Sample:
    """``read`` objects were looked at; ``strange`` says in words what is wrong with them."""

    read: int = 0
    encrypted: int = 0
    strange: tuple[str, ...] = ()


def take_sample(session: Session, endpoint: str, promised: Promised) -> Sample:
    """Look at some objects of several kinds, and at whose kube-system it is."""
    found = [kv for root in _ROOTS for kv in _objects(session, endpoint, root)]
    strange = [reason for kv in found for reason in _reasons(kv, promised.revision)]
    if promised.kubernetes:
        whose = identity.compare(session, endpoint, promised.kubernetes)
        if whose is Match.OTHER:
            strange.append(f"its kube-system is not {promised.kubernetes}")
        if not found:
            strange.append("it holds no object of Kubernetes")
    encrypted = sum(kv.value.startswith(_ENCRYPTED) for kv in found)
    return Sample(len(found), encrypted, tuple(strange))


def _objects(session: Session, endpoint: str, root: str) -> Iterator[KeyValue]:
    if session.keys(endpoint, f"{root}/", 1).kvs:
        for kind in _KINDS:
            yield from session.keys(endpoint, f"{root}/{kind}/", _OF_EACH).kvs


def _reasons(kv: KeyValue, revision: int) -> Iterator[str]:
    key = kv.key.decode(errors="replace")
    if kv.mod_revision > revision:
        yield f"{key} was changed at revision {kv.mod_revision}, after the snapshot"
    if not kv.value.startswith(_WRITTEN_BY_KUBERNETES):
        yield f"{key} is no object of Kubernetes"
    elif not kv.value.startswith(_ENCRYPTED) and kv.key.rpartition(b"/")[2] not in kv.value:
        yield f"{key} does not hold its own name"
