"""The folder behind all stand-ins: which members are up, and what troubles them.

up/<place>     a member that serves there: its data directory, and its process
settings       of the world: version, users, certificates that are asked for
troubles       what is to go wrong, by name
"""

from __future__ import annotations

import marshal
import os

from .database import Database, Identity, database_of, read, replace


class Member:
    """A member that is up, by its data directory."""

    def __init__(self, folder: Folder, data_dir: str) -> None:
        self.folder = folder
        self.data_dir = data_dir
        self.identity = Identity.read(data_dir)

    @property
    def id(self) -> int:
        """Its id."""
        return self.identity.member

    @property
    def database(self) -> Database:
        """Its database, as it is now."""
        return Database.load(read(database_of(self.data_dir)))

    @property
    def learner(self) -> bool:
        """Whether it has no vote."""
        return self.id not in self._voters

    @property
    def _voters(self) -> set[int]:
        return {each[0] for each in self.identity.members if not each[4]}

    @property
    def leader(self) -> int:
        """The leader that it follows; 0 where it sees no majority [documented: raft]."""
        cut_off = self.folder.cut_off
        if self.id in cut_off:
            return 0
        seen = [
            other
            for other in self.folder.members_up()
            if other.identity.cluster == self.identity.cluster and other.id not in cut_off
        ]
        votes = [other for other in seen if other.id in self._voters]
        if 2 * len(votes) <= len(self._voters):
            return 0
        return min(votes, key=lambda other: (-other.identity.index, other.id)).id


class Folder:
    """The state of an emulated etcd, shared by all processes that look into it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def table(self, name: str) -> dict[str, object]:
        """Return the ``settings`` or the ``troubles``."""
        try:
            found = marshal.loads(read(f"{self.path}/{name}"))  # noqa: S302  our own
        except FileNotFoundError:
            return {}
        return found if isinstance(found, dict) else {}

    def change(self, name: str, **values: object) -> None:
        """Change settings or troubles; None removes one."""
        changed = {**self.table(name), **values}
        kept = {key: value for key, value in changed.items() if value is not None}
        replace(f"{self.path}/{name}", marshal.dumps(kept))

    def trouble(self, name: str) -> object:
        """Return a trouble, or None."""
        return self.table("troubles").get(name)

    @property
    def cut_off(self) -> list[int]:
        """The members that the network has left alone."""
        found = self.trouble("cut off")
        return found if isinstance(found, list) else []

    def serve(self, place: str, data_dir: str, process: int = 0) -> None:
        """Have a member serve at a place; it is down when its process is, if it has one."""
        replace(self._up(place), marshal.dumps((os.path.realpath(data_dir), process)))

    def leave(self, place: str) -> None:
        """Have nobody serve at a place."""
        try:
            os.unlink(self._up(place))  # noqa: PTH108  pathlib takes longer than all the rest
        except FileNotFoundError:
            return

    def member_at(self, place: str) -> Member | None:
        """Return the member that serves at a place."""
        try:
            data_dir, process = marshal.loads(read(self._up(place)))  # noqa: S302  our own
            if process:
                os.kill(process, 0)
            return Member(self, data_dir)
        except (FileNotFoundError, ProcessLookupError):
            return None

    def members_up(self) -> list[Member]:
        """Return all members that serve, each once."""
        try:
            names = os.listdir(f"{self.path}/up")  # noqa: PTH208  as above
        except FileNotFoundError:
            return []
        found = [self.member_at(name.replace("%", "/")) for name in names]
        return [member for member in found if member is not None]

    def _up(self, place: str) -> str:
        return f"{self.path}/up/{place.replace('/', '%')}"


def place_of(url: str) -> str:
    """Return where a URL leads; sockets are relative to the folder that a program runs in."""
    scheme, _, rest = url.partition("://")
    return f"{os.getcwd()}/{rest}" if scheme == "unix" else rest  # noqa: PTH109  as above
