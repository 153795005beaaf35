"""A stand-in for etcdctl.

- A flag and its variable given both end it with 1, whatever their values [measured].
- ``snapshot save`` takes exactly one endpoint, else 5; without ``--command-timeout`` a save from a
  silent endpoint hangs; ended in the middle it leaves ``<file>.part`` [measured].
- A member without quorum, or far behind, serves a snapshot without a word [measured].
- ``endpoint status`` needs no quorum; ``get`` and ``member list`` do, but for ``--consistency=s``,
  which ``member list`` has from 3.6 [documented].
- Only root may save; without a user, with authentication on, nothing but status is answered, and
  from 3.6 not that either [documented; the words measured].
- Time-outs pass at once, so that tests are quick [not so in the real one].
"""

from __future__ import annotations

import os
import sys
import time

from .database import database_of, read, trailer
from .folder import Folder, Member, place_of
from .talking import BAD_ARGUMENTS, ERROR, INTERRUPTED, Call, answer, fail, present

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module typing takes longer to load than a program runs
    from collections.abc import Callable, Sequence
    from typing import NoReturn

_SWITCHES = ("help", "prefix", "keys-only", "hex", "cluster", "insecure-skip-tls-verify")
_OLD_CONSISTENCY = "unknown flag: --consistency"


class Etcdctl:
    """One call of the program, in a version of its own, against the members of a folder."""

    def __init__(self, version: str, folder: Folder, call: Call) -> None:
        self._version = version
        self._folder = folder
        self._call = call

    def run(self) -> None:
        """Do what the call says."""
        self._refuse_both()
        commands: dict[str, Callable[[], None]] = {
            "version": self._say_version,
            "endpoint status": self._status,
            "endpoint hashkv": self._hashkv,
            "member list": self._members,
            "snapshot save": self._save,
            "get": self._get,
        }
        for words, command in commands.items():
            if f"{self._call.words_line} ".startswith(f"{words} "):
                if self._call.flag("help"):
                    sys.stdout.write(f"Usage:\n  etcdctl {words} [flags]\n")
                    return
                command()
                return
        fail(f'unknown command "{self._call.words_line}" for "etcdctl"', BAD_ARGUMENTS)

    def _refuse_both(self) -> None:
        for name in self._call.flags:
            if f"ETCDCTL_{name.upper().replace('-', '_')}" in os.environ:
                fail("conflicting environment variable is shadowed by command-line flag")

    def _say_version(self) -> None:
        minor = ".".join(self._version.split(".")[:2])
        sys.stdout.write(f"etcdctl version: {self._version}\nAPI version: {minor}\n")

    def _status(self) -> None:
        member = self._member(needs_login=self._server >= (3, 6))
        database = member.database
        alarms = self._folder.table("settings").get("alarms") or []
        leader = member.leader
        errors = [] if leader else ["etcdserver: no leader"]
        errors += [f"memberID:{who} alarm:{what}" for who, what in _pairs(alarms)]
        size = os.path.getsize(database_of(member.data_dir))  # noqa: PTH202  pathlib is slow
        newer = {"storageVersion": database.storage, "dbSizeQuota": 2 << 30}
        status = {
            "header": self._header(member),
            "version": self._folder.table("settings").get("version", ""),
            "dbSize": size,
            "leader": leader,
            "raftIndex": member.identity.index,
            "raftTerm": member.identity.term,
            "raftAppliedIndex": member.identity.index,
            "errors": errors,
            "dbSizeInUse": size,
            "isLearner": member.learner,
            **(newer if self._server >= (3, 6) else {}),
        }
        answer([{"Endpoint": self._endpoint, "Status": present(status)}])

    def _hashkv(self) -> None:
        member, revision = self._member(), int(self._call.flag("rev", "0"))
        database = member.database
        if member.learner:
            fail("etcdserver: rpc not supported for learner")
        if revision > database.revision:
            fail("etcdserver: mvcc: required revision is a future revision")
        if revision < database.compacted:
            fail("etcdserver: mvcc: required revision has been compacted")
        values = {name: kv for name, kv in database.keys.items() if kv[0] <= (revision or kv[0])}
        database.keys = values
        found = {"header": self._header(member), "hash": database.hash}
        answer(
            [
                {
                    "Endpoint": self._endpoint,
                    "HashKV": {**found, "compact_revision": database.compacted},
                }
            ]
        )

    def _members(self) -> None:
        serializable = self._call.flag("consistency") == "s"
        if "consistency" in self._call.flags and self._own < (3, 6):
            fail(_OLD_CONSISTENCY, BAD_ARGUMENTS)
        member = self._member(quorum=not serializable)
        listed = [
            present(
                {
                    "ID": who,
                    "name": name,
                    "peerURLs": peers,
                    "clientURLs": urls,
                    "isLearner": learner,
                }
            )
            for who, name, peers, urls, learner in member.identity.members
        ]
        answer({"header": self._header(member), "members": listed})

    def _get(self) -> None:
        member = self._member(quorum=self._call.flag("consistency", "l") == "l")
        database, wanted = member.database, self._call.words[1].encode()
        prefix = self._call.flag("prefix") == "true"
        found = sorted(
            (key, kv)
            for key, kv in database.keys.items()
            if key and (key == wanted or (prefix and key.startswith(wanted)))
        )
        limit = int(self._call.flag("limit", "0")) or len(found)
        kvs = [
            {"key": _base64(key), "mod_revision": revision, "value": _base64(value)}
            for key, (revision, value) in found[:limit]
        ]
        answer(present({"header": self._header(member), "kvs": kvs, "count": len(found)}))

    def _save(self) -> None:
        if len(self._call.flag("endpoints").split(",")) != 1:
            fail("snapshot must be requested to one selected node, not multiple", INTERRUPTED)
        member = self._member(failing=INTERRUPTED, only_root=True)
        target = self._call.words[2]
        content = read(database_of(member.data_dir))
        content += trailer(content)
        content = self._spoilt(content)
        with open(f"{target}.part", "wb") as part:  # noqa: PTH123  pathlib is slow
            os.fchmod(part.fileno(), 0o600)
            part.write(content[: len(content) // 2])
            part.flush()
            self._break_off()
            part.write(content[len(content) // 2 :])
        os.rename(f"{target}.part", target)  # noqa: PTH104  as above
        sys.stdout.write(f"Snapshot saved at {target}\n")

    def _spoilt(self, content: bytes) -> bytes:
        """Flip a byte, as a bad disk or memory would: etcdctl does not notice [measured]."""
        at = self._folder.trouble("flip")
        if not isinstance(at, int):
            return content
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    def _break_off(self) -> None:
        if self._folder.trouble("stalls"):
            time.sleep(3600)
        if self._folder.trouble("dies while saving"):
            fail("rpc error: code = Unavailable desc = error reading from server: EOF", INTERRUPTED)
        if self._folder.trouble("disk full"):
            fail("could not copy: write: no space left on device", INTERRUPTED)

    @property
    def _own(self) -> tuple[int, ...]:
        return _numbers(self._version)

    @property
    def _server(self) -> tuple[int, ...]:
        return _numbers(str(self._folder.table("settings").get("version", "")))

    @property
    def _endpoint(self) -> str:
        return self._call.flag("endpoints", "127.0.0.1:2379")

    def _member(
        self,
        *,
        quorum: bool = False,
        needs_login: bool = True,
        only_root: bool = False,
        failing: int = ERROR,
    ) -> Member:
        """Return the member at the endpoint, or end as etcdctl would."""
        member = self._folder.member_at(place_of(self._endpoint))
        if member is None or self._folder.trouble("silent"):
            self._time_out("connection refused", failing)
        if self._folder.trouble("throttled"):
            fail("etcdserver: too many requests", failing)
        self._show_certificates(failing)
        if needs_login:
            self._log_in(only_root, failing)
        if quorum and not member.leader:
            self._time_out("etcdserver: request timed out", failing)
        return member

    def _time_out(self, words: str, code: int) -> NoReturn:
        if "command-timeout" not in self._call.flags and self._call.words[0] == "snapshot":
            time.sleep(3600)
        sys.stderr.write(
            f'{{"level":"warn","msg":"retrying of unary invoker failed","error":"{words}"}}\n'
        )
        fail("context deadline exceeded", code)

    def _show_certificates(self, code: int) -> None:
        """A member that asks for client certificates closes the connection without a word."""
        wanted = self._folder.table("settings").get("certificate")
        if wanted and self._file("key") != wanted:
            fail("remote error: tls: certificate required", code)

    def _file(self, flag: str) -> str:
        path = self._call.flag(flag)
        return read(path).decode() if path else ""

    def _log_in(self, only_root: bool, code: int) -> None:
        users = self._folder.table("settings").get("users")
        if self._folder.trouble("denied"):
            fail("etcdserver: permission denied", code)
        if not isinstance(users, dict) or not users:
            return
        user, _, password = os.environ.get("ETCDCTL_USER", "").partition(":")
        if not user:
            fail("etcdserver: user name is empty", code)
        if users.get(user) != password:
            fail("etcdserver: authentication failed, invalid user ID or password", code)
        if only_root and user != "root":
            fail("etcdserver: permission denied", code)

    def _header(self, member: Member) -> dict[str, object]:
        return {
            "cluster_id": member.identity.cluster,
            "member_id": member.id,
            "revision": member.database.revision,
            "raft_term": member.identity.term,
        }


def _pairs(alarms: object) -> list[tuple[int, str]]:
    return list(alarms) if isinstance(alarms, list) else []


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _base64(content: bytes) -> str:
    import binascii

    return binascii.b2a_base64(content, newline=False).decode()


def main(arguments: Sequence[str], version: str, folder: str) -> None:
    """Run one call."""
    Etcdctl(version, Folder(folder), Call(arguments, _SWITCHES)).run()
