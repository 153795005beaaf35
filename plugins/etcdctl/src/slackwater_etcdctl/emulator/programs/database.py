"""The files of a stand-in member: its database, its identity, and snapshots of it.

A database is a header, then a line for each key: key, revision of its last change, value. Lengths
are multiples of 512, so that a snapshot, with its SHA-256 behind it, has 32 bytes more [measured].
What a flipped or a missing byte does to the real tools, it does here too.
"""

from __future__ import annotations

import marshal
import os
import zlib

PAGE = 512
_HEADER = 2 * PAGE

Keys = dict[bytes, tuple[int, bytes]]


class Database:
    """All keys at one revision. ``compacted`` is -1 where nothing ever was."""

    def __init__(self, keys: Keys, revision: int, compacted: int = -1, storage: str = "") -> None:
        self.keys = keys
        self.revision = revision
        self.compacted = compacted
        self.storage = storage

    def dump(self) -> bytes:
        """Return the bytes of the file."""
        body = b"".join(
            b"%s\0%d\0%s\n" % (key, revision, value.hex().encode())
            for key, (revision, value) in sorted(self.keys.items())
        )
        length = _HEADER + len(body) + -len(body) % PAGE
        facts = marshal.dumps((length, self.revision, self.compacted, self.storage))
        header = len(facts).to_bytes(4, "big") + facts
        return (header.ljust(_HEADER, b"\0") + body).ljust(length, b"\0")

    @classmethod
    def load(cls, content: bytes) -> Database:
        """Read a file. One that was cut short kills the reader, as the real one does [measured].

        A flipped byte within the keys goes unseen [measured].
        """
        size = int.from_bytes(content[:4], "big")
        length, revision, compacted, storage = marshal.loads(content[4 : 4 + size])  # noqa: S302  our own
        if len(content) < length:
            import signal

            os.kill(os.getpid(), signal.SIGBUS)
        keys: Keys = {}
        for line in content[_HEADER:length].rstrip(b"\0").split(b"\n"):
            parts = line.split(b"\0")
            if len(parts) == 3 and parts[1].isdigit():
                keys[parts[0]] = (int(parts[1]), _unhexed(parts[2]))
        return cls(keys, revision, compacted, storage)

    @property
    def hash(self) -> int:
        """A hash of the contents, the same for equal contents."""
        return zlib.crc32(repr(sorted(self.keys.items())).encode())


def _unhexed(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        return text


class Identity:
    """Who a member is, kept beside its database. ``members`` are those of its whole cluster.

    A member is ``(id, name, peer URLs, client URLs, learner)``.
    """

    def __init__(
        self,
        cluster: int,
        member: int,
        members: list[tuple[int, str, list[str], list[str], bool]],
        *,
        index: int = 8,
        term: int = 2,
    ) -> None:
        self.cluster, self.member, self.members = cluster, member, members
        self.index, self.term = index, term

    def write(self, data_dir: str) -> None:
        """Keep it in a data directory."""
        facts = (self.cluster, self.member, self.members, self.index, self.term)
        replace(f"{data_dir}/member/identity", marshal.dumps(facts))

    @classmethod
    def read(cls, data_dir: str) -> Identity:
        """Read it from a data directory."""
        facts = marshal.loads(read(f"{data_dir}/member/identity"))  # noqa: S302  our own
        cluster, member, members, index, term = facts
        return cls(cluster, member, members, index=index, term=term)


def member_id(peer_urls: list[str], token: str) -> int:
    """Return the id of a member as etcd makes it [documented: membership.NewMember]."""
    return _digested("".join(sorted(peer_urls)).encode() + token.encode())


def cluster_id(members: list[int]) -> int:
    """Return the id of a cluster as etcd makes it [documented: RaftCluster.genID]."""
    return _digested(b"".join(member.to_bytes(8, "big") for member in sorted(members)))


def _digested(content: bytes) -> int:
    import hashlib  # takes longer than all the rest

    return int.from_bytes(hashlib.sha1(content).digest()[:8], "big")  # noqa: S324  as etcd does


def trailer(content: bytes) -> bytes:
    """Return what a member sends last: the SHA-256 of all before it."""
    import hashlib

    return hashlib.sha256(content).digest()


def database_of(data_dir: str) -> str:
    """Return where the database lies in a data directory [documented]."""
    return f"{data_dir}/member/snap/db"


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open(path, "rb") as file:  # noqa: PTH123  pathlib takes longer than all the rest
        return file.read()


def replace(path: str, content: bytes) -> None:
    """Write a file in one step."""
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  as above
    part = f"{path}.{os.getpid()}"
    with open(part, "wb") as file:  # noqa: PTH123  as above
        file.write(content)
    os.rename(part, path)  # noqa: PTH104  as above
