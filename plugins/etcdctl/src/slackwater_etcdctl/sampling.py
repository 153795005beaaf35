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
from slackwater_etcdctl.identity import ROOTS, Match

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
_IN_CLEAR = (b"k8s\0", b"{")


@dataclass(frozen=True)
class Sample:
    """``read`` objects were looked at, ``encrypted`` of them encrypted at rest.

    ``wrong`` says in words what cannot be of this snapshot; ``strange`` what no API server would
    have written, though the member that was saved did hold it.
    """

    read: int = 0
    encrypted: int = 0
    wrong: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()


def take_sample(session: Session, endpoint: str, promised: Promised) -> Sample:
    """Look at some objects of several kinds, and at whose kube-system it is."""
    found = [kv for root in ROOTS for kv in _objects(session, endpoint, root)]
    wrong = [
        f"{_name(kv)} was changed at revision {kv.mod_revision}"
        for kv in found
        if kv.mod_revision > promised.revision
    ]
    if promised.kubernetes:
        if identity.compare(session, endpoint, promised.kubernetes) is Match.OTHER:
            wrong.append(f"its kube-system is not {promised.kubernetes}")
        if not found:
            wrong.append("it holds no object of Kubernetes")
    return Sample(
        len(found),
        sum(kv.value.startswith(_ENCRYPTED) for kv in found),
        tuple(wrong),
        tuple(_name(kv) for kv in found if not _is_an_object(kv)),
    )


def _objects(session: Session, endpoint: str, root: str) -> Iterator[KeyValue]:
    if session.keys(endpoint, f"{root}/", 1).kvs:
        for kind in _KINDS:
            yield from session.keys(endpoint, f"{root}/{kind}/", _OF_EACH).kvs


def _is_an_object(kv: KeyValue) -> bool:
    if kv.value.startswith(_ENCRYPTED):
        return True
    return kv.value.startswith(_IN_CLEAR) and kv.key.rpartition(b"/")[2] in kv.value


def _name(kv: KeyValue) -> str:
    return kv.key.decode(errors="replace")
