"""A stand-in for etcdutl.

- ``snapshot status`` looks at the structure only: a flipped byte in a value gives another hash and
  rc 0; a file that was cut short ends it with SIGBUS [measured].
- Before 3.6 it counts old revisions too, and has no ``version`` [measured]; old revisions are not
  kept here, so the count is the same [simpler than the real one].
- ``snapshot restore`` compares the SHA-256; when that fails, the data directory stays behind, full
  [measured]. It wants a data directory that is absent or empty [documented].
- A bump leaves a record without a key, which ``snapshot status`` counts ever after, and no client
  sees [measured].
- ``--bump-revision`` and ``--mark-compacted`` come with 3.5.10, and only together [documented].
- Ids of cluster and members are made of peer URLs and token as etcd makes them [documented].
"""

from __future__ import annotations

import os
import sys

from .database import (
    Database,
    Identity,
    cluster_id,
    database_of,
    member_id,
    read,
    replace,
    trailer,
)
from .talking import BAD_ARGUMENTS, Call, answer, fail

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module typing takes longer to load than a program runs
    from collections.abc import Sequence

_SWITCHES = ("help", "mark-compacted", "skip-hash-check")
_BUMP_SINCE = (3, 5, 10)
_FLAGS = (
    "data-dir",
    "wal-dir",
    "name",
    "initial-cluster",
    "initial-cluster-token",
    "initial-advertise-peer-urls",
    "skip-hash-check",
)
_BUMP = ("bump-revision", "mark-compacted")
_TRAILER = 32


class Etcdutl:
    """One call of the program, in a version of its own."""

    def __init__(self, version: str, call: Call) -> None:
        self._version = version
        self._numbers = tuple(int(part) for part in version.split("."))
        self._call = call

    def run(self) -> None:
        """Do what the call says."""
        words = self._call.words_line
        if words.startswith("version"):
            minor = ".".join(self._version.split(".")[:2])
            sys.stdout.write(f"etcdutl version: {self._version}\nAPI version: {minor}\n")
        elif words.startswith("snapshot status"):
            self._status()
        elif words.startswith("snapshot restore"):
            self._restore()
        else:
            fail(f'unknown command "{words}" for "etcdutl"')

    @property
    def _known(self) -> Sequence[str]:
        return (*_FLAGS, *(_BUMP if self._numbers >= _BUMP_SINCE else ()))

    def _status(self) -> None:
        content = read(self._call.words[2])
        database = Database.load(content)
        answer(
            {
                "hash": database.hash,
                "revision": database.revision,
                "totalKey": len(database.keys),
                "totalSize": len(content) - len(content) % 512,
                **({"version": database.storage} if self._numbers >= (3, 6) else {}),
            }
        )

    def _restore(self) -> None:
        if self._call.flag("help"):
            sys.stdout.write("".join(f"      --{flag} string\n" for flag in self._known))
            return
        for flag in self._call.flags:
            if flag not in (*self._known, "write-out"):
                fail(f"unknown flag: --{flag}")
        if bool(self._call.flag("bump-revision")) != bool(self._call.flag("mark-compacted")):
            fail("--mark-compacted required if --bump-revision > 0", BAD_ARGUMENTS)
        data_dir = self._call.flag("data-dir")
        if os.path.isdir(data_dir) and os.listdir(data_dir):  # noqa: PTH112, PTH208  pathlib is slow
            fail(f'data-dir "{data_dir}" not empty or could not be read')
        self._write(data_dir, read(self._call.words[2]))

    def _write(self, data_dir: str, content: bytes) -> None:
        body, sent = content[:-_TRAILER], content[-_TRAILER:]
        bump = int(self._call.flag("bump-revision", "0"))
        database = Database.load(body)
        revision = database.revision + bump
        compacted = revision if bump else database.compacted
        keys = {**database.keys, b"": (revision, b"")} if bump else database.keys
        made = Database(keys, revision, compacted, database.storage)
        replace(database_of(data_dir), made.dump())
        if self._call.flag("skip-hash-check") != "true" and trailer(body) != sent:
            fail("expected sha256 of the snapshot does not match")
        self._identity().write(data_dir)

    def _identity(self) -> Identity:
        token = self._call.flag("initial-cluster-token", "etcd-cluster")
        peers: dict[str, list[str]] = {}
        for pair in self._call.flag("initial-cluster").split(","):
            name, _, url = pair.partition("=")
            peers.setdefault(name, []).append(url)
        ids = {name: member_id(urls, token) for name, urls in peers.items()}
        name = self._call.flag("name", "default")
        if name not in ids:
            fail(f'couldn\'t find local name "{name}" in the initial cluster configuration')
        members = [(ids[each], each, urls, list[str](), False) for each, urls in peers.items()]
        return Identity(cluster_id(list(ids.values())), ids[name], members, index=len(ids) + 1)


def main(arguments: Sequence[str], version: str, folder: str) -> None:
    """Run one call; everything it needs is in the files that it is given."""
    del folder
    Etcdutl(version, Call(arguments, _SWITCHES)).run()
