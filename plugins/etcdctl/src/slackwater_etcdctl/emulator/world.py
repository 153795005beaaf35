"""An etcd cluster in a folder, with programs to reach it: tests and the kit's subject drive it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from slackwater_etcdctl.emulator.programs.database import (
    Database,
    Identity,
    cluster_id,
    database_of,
    member_id,
    replace,
)
from slackwater_etcdctl.emulator.programs.folder import Folder, Member

_SCRIPT = """\
#!{python} -SEs
import sys
sys.path[0] = {package!r}
from programs.{program} import main
main(sys.argv[1:], {version!r}, {folder!r})
"""
_PROGRAMS = ("etcdctl", "etcdutl", "etcd")
_HOST = "host"
VERSION = "3.6.14"


class EtcdWorld:
    """Members ``m1``, ``m2``… at ``http://127.0.0.1:1``, ``:2``…; nothing listens there.

    ``version`` is that of the members and, unless others are named, of the programs in ``bin``.
    """

    def __init__(self, folder: Path, *, members: int = 1, version: str = VERSION) -> None:
        self.path = folder
        self.folder = Folder(str(folder))
        self.folder.change("settings", version=version)
        self.programs = self.install("bin", version)
        self._host = self._script(folder / "bin" / _HOST, version)
        self._names = [f"m{number}" for number in range(1, members + 1)]
        self._create(version)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The client addresses of all members."""
        return tuple(f"http://{self.place(name)}" for name in self._names)

    @property
    def names(self) -> Sequence[str]:
        """The names of the members."""
        return tuple(self._names)

    def place(self, name: str) -> str:
        """Return where a member serves."""
        return f"127.0.0.1:{name.removeprefix('m')}"

    def peer_url(self, name: str) -> str:
        """Return where a member listens to its peers."""
        return f"http://127.0.0.1:2{name.removeprefix('m')}"

    def data_dir(self, name: str) -> Path:
        """Return where a member's data lies."""
        return self.path / "data" / name

    def install(self, name: str, version: str) -> Mapping[str, str]:
        """Make programs of a version in a folder of this name; return their paths by name."""
        target = self.path / name
        target.mkdir(parents=True, exist_ok=True)
        return {program: self._script(target / program, version) for program in _PROGRAMS}

    def host(self, *words: str) -> tuple[str, ...]:
        """Return a command about a host: ``stop``, ``start``, ``is-up``, ``is-down``; of whom."""
        return (self._host, *words)

    def start(self, name: str) -> None:
        """Have a member serve its data."""
        self.folder.serve(self.place(name), str(self.data_dir(name)))

    def stop(self, name: str) -> None:
        """End a member; its data stays."""
        self.folder.leave(self.place(name))

    def member(self, name: str) -> Member:
        """Return a member, up or not."""
        return Member(self.folder, str(self.data_dir(name)))

    def put(self, values: Mapping[str, str], *, except_for: Sequence[str] = ()) -> None:
        """Write keys, one revision for all; members that are left out lag behind."""
        for name in self._names:
            if name not in except_for:
                self._change(name, {k.encode(): v.encode() for k, v in values.items()})

    def remove(self, *keys: str) -> None:
        """Remove keys from all members."""
        for name in self._names:
            self._change(name, {key.encode(): None for key in keys})

    def corrupt(self, name: str, key: str) -> None:
        """Let one member hold another value than the others, as a bug or a bad disk would."""
        data = str(self.data_dir(name))
        database = self.member(name).database
        revision, value = database.keys[key.encode()]
        database.keys[key.encode()] = (revision, value + b"!")
        replace(database_of(data), database.dump())

    def values(self) -> Mapping[str, str]:
        """Return what the first member holds."""
        keys = self.member(self._names[0]).database.keys
        return {key.decode(): value.decode() for key, (_, value) in keys.items() if key}

    def make_learner(self, name: str) -> None:
        """Take a member's vote."""
        for each in self._names:
            identity = self.member(each).identity
            identity.members = [
                (*member[:4], member[1] == name or member[4]) for member in identity.members
            ]
            identity.write(str(self.data_dir(each)))

    def raise_alarm(self, name: str, kind: str) -> None:
        """Raise an alarm about a member, which all of them tell."""
        self.folder.change("settings", alarms=[(self.member(name).id, kind)])

    def _script(self, path: Path, version: str) -> str:
        text = _SCRIPT.format(
            python=sys.executable,
            package=str(Path(__file__).parent),
            program=path.name,
            version=version,
            folder=str(self.path),
        )
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def _create(self, version: str) -> None:
        ids = {name: member_id([self.peer_url(name)], "emulated") for name in self._names}
        members = [
            (ids[name], name, [self.peer_url(name)], [f"http://{self.place(name)}"], False)
            for name in self._names
        ]
        storage = "3.6.0" if version.startswith("3.6") else ""
        for name in self._names:
            data = str(self.data_dir(name))
            identity = Identity(cluster_id(list(ids.values())), ids[name], members)
            identity.write(data)
            replace(database_of(data), Database({}, 1, storage=storage).dump())
            self.start(name)

    def _change(self, name: str, values: Mapping[bytes, bytes | None]) -> None:
        data = str(self.data_dir(name))
        member = self.member(name)
        database, identity = member.database, member.identity
        database.revision += 1
        identity.index += len(values)
        for key, value in values.items():
            if value is None:
                database.keys.pop(key, None)
            else:
                database.keys[key] = (database.revision, value)
        replace(database_of(data), database.dump())
        identity.write(data)
