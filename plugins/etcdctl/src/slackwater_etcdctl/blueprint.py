"""What a restore will build, fixed when it is planned: folders, names, token, identity.

Every name in it is made of the plan's own digest, so instructions can be printed before anything
exists, and two plans never take each other's directories for their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from slackwater.model.act import Act
from slackwater.model.frozen import Frozen
from slackwater_etcdctl.facts import SnapshotFacts
from slackwater_etcdctl.restore_settings import HostCommand, HostCommands, MemberCommands

MEMBER = "member"
"""What a member keeps all its data in, within its data directory (etcd's own name)."""
WAL = 64_000_000
"""Bytes that a member takes at once for its write-ahead log (etcd's segment size)."""


class PlannedMember(Frozen):
    """One member of the cluster that there will be. ``host`` is empty where it is this machine."""

    name: str
    host: str = ""
    peer_urls: tuple[str, ...]
    data_dir: str
    commands: MemberCommands | None = None

    @property
    def label(self) -> str:
        """The member and its host, for people."""
        return f"{self.name} on {self.host}" if self.host else self.name

    @property
    def current(self) -> str:
        """Where its data lies while it runs."""
        return f"{self.data_dir}/{MEMBER}"


class Promised(Frozen):
    """What the manifest says of the snapshot, to be found again in the file and in its restore.

    ``utility`` is the version of etcdutl that counted and hashed.
    """

    revision: int
    sha256: str
    hash: str
    total_keys: int
    size: int
    utility: str
    kubernetes: str = ""

    @classmethod
    def of(cls, facts: SnapshotFacts) -> Self:
        """Take from a manifest what can be compared."""
        return cls(
            revision=facts.revision,
            sha256=facts.sha256,
            hash=facts.hash,
            total_keys=facts.total_keys,
            size=facts.size,
            utility=facts.utility_version,
            kubernetes=facts.kubernetes.uid,
        )

    @property
    def counts_live_keys(self) -> bool:
        """Whether ``total_keys`` counts keys as clients see them; before 3.6 old revisions too."""
        return minor(self.utility) >= (3, 6)


class Blueprint(Frozen):
    """One restore of one control plane. ``bump`` 0 means that revisions go on where they were."""

    point: str
    cluster: str
    digest: str
    folder: str
    token: str
    bump: int
    promised: Promised
    members: tuple[PlannedMember, ...]
    api_servers: tuple[HostCommands, ...] = ()
    restart: tuple[HostCommand, ...] = ()

    @property
    def cluster_id(self) -> str:
        """The identity that the restored etcd will have; no other restore gives the same."""
        return cluster_id(self.token, [member.peer_urls for member in self.members])

    @property
    def initial_cluster(self) -> str:
        """The value of ``--initial-cluster``, the same for every member."""
        return ",".join(f"{each.name}={url}" for each in self.members for url in each.peer_urls)

    @property
    def revision(self) -> int:
        """The revision at which the restored etcd begins."""
        return self.promised.revision + self.bump

    def prepared(self, member: PlannedMember) -> str:
        """Return the folder in which a member's new data directory is prepared, on this machine."""
        return f"{self.folder}/{member.name}"

    def aside(self, member: PlannedMember) -> str:
        """Return where a member's old data is moved, on its host."""
        return f"{member.current}.before-{self.digest}"

    def coming(self, member: PlannedMember) -> str:
        """Return where a member's new data lies on its host before it is moved in place."""
        return f"{member.current}.coming-{self.digest}"

    def payload(self, do: str) -> Mapping[str, object]:
        """Return the payload of an act: all that any process needs to perform it."""
        return {"do": do, "blueprint": self.model_dump(mode="json")}

    @classmethod
    def of(cls, act: Act) -> Self:
        """Read it back from an act."""
        return cls.model_validate(act.payload["blueprint"])


def cluster_id(token: str, peer_urls: Iterable[Sequence[str]]) -> str:
    """Return the id that etcd gives to a cluster of these members: hexadecimal, as in its log.

    A member's is the SHA-1 of its peer URLs and the token, the cluster's that of its members' ids
    in order, both cut to 8 bytes (``server/etcdserver/api/membership``, the same since 2.0).
    """
    members = sorted(
        _short_sha1("".join(sorted(urls)).encode() + token.encode()) for urls in peer_urls
    )
    return f"{int.from_bytes(_short_sha1(b''.join(members))):x}"


def minor(version: str) -> tuple[int, int]:
    """Return major and minor of a version, (0, 0) where it is not known."""
    parts = version.removeprefix("v").split(".")
    known = len(parts) > 1 and parts[0].isdecimal() and parts[1].isdecimal()
    return (int(parts[0]), int(parts[1])) if known else (0, 0)


def _short_sha1(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()[:8]
