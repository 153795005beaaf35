"""What etcdctl and etcdutl print with ``-w json``, by version.

Measured on 3.4.23, 3.5.1 and 3.6.14; what is zero or false is left out by all of them, and ids are
unsigned 64-bit numbers. 3.6 adds ``storageVersion`` and ``dbSizeQuota``. ``member list`` spells its
key ``clientURLS`` in 3.5.1, but only with ``--hex``, which is never used here.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from slackwater.clusters.decoding import decode
from slackwater_etcdctl.errors import TOOL, ToolFailed

_ALARM = re.compile(r"memberID:(\d+) alarm:(\w+)")

T = TypeVar("T")


class Header(msgspec.Struct):
    """Who answered, and at which revision of the store."""

    cluster_id: int = 0
    member_id: int = 0
    revision: int = 0
    raft_term: int = 0


class Status(msgspec.Struct, rename="camel"):
    """A member, by its own account.

    ``errors`` are alarms of the whole cluster, and that there is no leader (documented in
    ``etcdserver/api/v3rpc/maintenance.go``). Sizes are in bytes.
    """

    header: Header
    version: str = ""
    db_size: int = 0
    db_size_in_use: int = 0
    db_size_quota: int = 0
    leader: int = 0
    raft_index: int = 0
    raft_term: int = 0
    raft_applied_index: int = 0
    is_learner: bool = False
    storage_version: str = ""
    errors: list[str] = []

    @property
    def alarms(self) -> dict[tuple[int, str], str]:
        """The alarms: member and kind, with etcd's own words."""
        found = {said: _ALARM.search(said) for said in self.errors}
        return {(int(m[1]), m[2]): said for said, m in found.items() if m}

    @property
    def troubles(self) -> list[str]:
        """What else is wrong with it, in etcd's own words."""
        return [said for said in self.errors if not _ALARM.search(said)]


class _EndpointStatus(msgspec.Struct):
    status: Status = msgspec.field(name="Status")


class Member(msgspec.Struct, rename={"id": "ID", "peer_urls": "peerURLs"}):
    """A member as the cluster lists it; one that never started has no name."""

    id: int = 0
    name: str = ""
    peer_urls: list[str] = []
    client_urls: list[str] = msgspec.field(name="clientURLs", default_factory=list)
    learner: bool = msgspec.field(name="isLearner", default=False)


class MemberList(msgspec.Struct):
    """``member list``."""

    header: Header
    members: list[Member] = []


class HashKV(msgspec.Struct):
    """The hash over all keys up to a revision; to be compared where ``compact_revision`` is equal.

    A member whose answer says nothing of a compaction was never compacted (-1).
    """

    header: Header
    hash: int = 0
    compact_revision: int = -1


class _EndpointHash(msgspec.Struct):
    hash: HashKV = msgspec.field(name="HashKV")


class KeyValue(msgspec.Struct):
    """A key, its value, both in base64, and the revision of its last change."""

    key: bytes = b""
    value: bytes = b""
    mod_revision: int = 0


class KeyValues(msgspec.Struct):
    """``get``."""

    header: Header
    kvs: list[KeyValue] = []
    count: int = 0


class FileStatus(msgspec.Struct, rename="camel"):
    """``etcdutl snapshot status``: ``version`` is empty before 3.6."""

    hash: int
    revision: int
    total_key: int
    total_size: int
    version: str = ""


def read_status(text: str, cluster: str) -> Status:
    """Read ``endpoint status`` of one endpoint."""
    return _only(_decode(text, list[_EndpointStatus], cluster), text, cluster).status


def read_hash(text: str, cluster: str) -> HashKV:
    """Read ``endpoint hashkv`` of one endpoint."""
    return _only(_decode(text, list[_EndpointHash], cluster), text, cluster).hash


def read_members(text: str, cluster: str) -> MemberList:
    """Read ``member list``."""
    return _decode(text, MemberList, cluster)


def read_values(text: str, cluster: str) -> KeyValues:
    """Read ``get``."""
    return _decode(text, KeyValues, cluster)


def read_file_status(text: str, cluster: str) -> FileStatus:
    """Read ``snapshot status``."""
    return _decode(text, FileStatus, cluster)


def _decode(text: str, into: type[T], cluster: str) -> T:
    try:
        return decode(text.encode(), into)
    except msgspec.MsgspecError as error:
        raise _strange(text, cluster) from error


def _only(items: list[T], text: str, cluster: str) -> T:
    if len(items) != 1:
        raise _strange(text, cluster)
    return items[0]


def _strange(text: str, cluster: str) -> ToolFailed:
    return ToolFailed(
        f"what was printed is no answer that is known: {text[:200]!r}",
        backend=TOOL,
        cluster=cluster,
        hint="see whether the version of the program is one that `slackwater doctor` calls tested",
    )
