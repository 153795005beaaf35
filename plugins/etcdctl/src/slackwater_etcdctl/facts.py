"""What the manifest of a snapshot says about it: written after a save, read by everything else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from slackwater.model.recovery_point import Stamp

SNAPSHOT_PART = "snapshot.db"
"""The part of the artefacts that holds the snapshot, as etcdctl saved it."""


class Fact(BaseModel):
    """A value read back from a store: what a newer version added is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class MemberFacts(Fact):
    """A member of the etcd cluster, as ``member list`` named it. ``id`` is in hexadecimal."""

    id: str
    name: str
    peer_urls: tuple[str, ...] = ()
    client_urls: tuple[str, ...] = ()
    learner: bool = False


class KubernetesFacts(Fact):
    """The Kubernetes cluster whose objects are in the snapshot.

    ``uid`` is that of the namespace kube-system, ``ca_hash`` the SHA-256 of the API server's CA in
    hexadecimal; both are empty where the API server did not answer (``answered``). ``clock_ahead``
    is by how many seconds its clock was ahead of ours, to about a second; 0 where not known.
    """

    uid: str = ""
    ca_hash: str = ""
    answered: bool = False
    clock_ahead: float = 0.0


class CompanionFacts(Fact):
    """Something without which a restored control plane may not start: PKI, keys, a token.

    ``part`` is its artefact, empty where it could not be taken; ``missing`` says why it was not,
    or which of its files were not there.
    """

    name: str
    part: str = ""
    missing: str = ""

    @property
    def present(self) -> bool:
        """Whether there is an artefact of it."""
        return bool(self.part)


class SnapshotFacts(Fact):
    """One snapshot of etcd.

    Ids (``cluster_id``, ``member_id``) are 64 bits in hexadecimal, as etcd's own log writes them.
    ``revision`` is the store's at the time of the snapshot, read from the finished file;
    ``raft_index`` and ``raft_term`` are the member's just before. ``hash`` (hexadecimal CRC32C of
    the contents) and ``total_keys`` are those of ``etcdutl snapshot status`` in the version
    ``utility_version``: before 3.6 it counts old revisions too. ``size`` is that of the file,
    ``size_in_use`` what of the member's database was in use, both in bytes. ``sha256`` is the
    trailing one, of all bytes before it; ``storage_version`` is empty before 3.6. ``alarms`` and
    ``members`` are those of the whole cluster. ``began`` is before the first byte was asked for,
    ``ended`` after the last, in UTC. ``doubts`` say why the state may be old or wrong although it
    is whole; with any, the point is no good one. ``objects`` are how many Kubernetes objects of
    each kind (``deployments.apps``) it holds, as far as the API server told. ``verified`` says that
    trailer and structure were checked before anything counted.
    """

    cluster_id: str
    member_id: str
    member_name: str
    endpoint: str
    server_version: str
    storage_version: str = ""
    revision: int
    raft_index: int
    raft_term: int
    hash: str
    total_keys: int
    size: int
    size_in_use: int
    sha256: str
    tool_version: str
    utility_version: str
    alarms: tuple[str, ...] = ()
    members: tuple[MemberFacts, ...] = ()
    began: datetime
    ended: datetime
    stamp: Stamp | None = None
    kubernetes: KubernetesFacts = KubernetesFacts()
    objects: Mapping[str, int] = {}
    companions: tuple[CompanionFacts, ...] = ()
    doubts: tuple[str, ...] = ()
    verified: bool = False

    def as_manifest(self) -> Mapping[str, Any]:
        """Return plain JSON for a manifest."""
        return self.model_dump(mode="json")
