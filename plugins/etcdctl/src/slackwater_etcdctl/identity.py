"""Whether the etcd that answers is the one behind the API server.

Names and addresses move; the UID of ``kube-system`` stands in etcd too. Kubernetes keeps the
namespace under ``/registry``, OpenShift under ``/kubernetes.io`` (documented: the API server's
``--etcd-prefix``). The object is protobuf or JSON, in both of which a UID is plain text, unless
namespaces are encrypted at rest (``k8s:enc:``).
"""

from __future__ import annotations

from enum import Enum, auto

from slackwater_etcdctl.access import Session
from slackwater_etcdctl.errors import TOOL, TwoClusters

ROOTS = ("/registry", "/kubernetes.io")
"""What the keys of all objects begin with."""
_ENCRYPTED = b"k8s:enc:"


class Match(Enum):
    """What a look at etcd says of a UID."""

    SAME = auto()
    OTHER = auto()
    UNKNOWN = auto()


def compare(session: Session, endpoint: str, uid: str, *, without_quorum: bool = False) -> Match:
    """Compare the UID of kube-system with what etcd has of it.

    With quorum it is a linearizable read: that it comes back proves that the member is not cut off
    and not behind.
    """
    for root in ROOTS:
        key = f"{root}/namespaces/kube-system"
        found = session.value(endpoint, key, without_quorum=without_quorum)
        if found is not None:
            return _judge(found, uid)
    return Match.UNKNOWN


def other_cluster(endpoint: str, uid: str, cluster: str) -> TwoClusters:
    """Return the error for an etcd that belongs to another Kubernetes cluster."""
    return TwoClusters(
        f"the etcd at {endpoint} is not that of {cluster}: its kube-system is another one than "
        f"{uid}, which the API server names",
        backend=TOOL,
        cluster=cluster,
        hint=f"compare endpoints and context of {cluster} in the fleet file",
    )


def _judge(found: bytes, uid: str) -> Match:
    if not uid or found.startswith(_ENCRYPTED):
        return Match.UNKNOWN
    return Match.SAME if uid.encode() in found else Match.OTHER
