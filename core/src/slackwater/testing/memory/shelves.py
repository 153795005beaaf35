"""Where the in-memory world lies, so that several processes can live in it: one SQLite file."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from slackwater.model.frozen import Frozen

R = TypeVar("R", bound=Frozen)

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS thing (shelf TEXT, key TEXT, body TEXT, PRIMARY KEY (shelf, key))"
)
_WAIT = 30.0  # seconds for another process's change; changes take milliseconds


class Shelves:
    """Things by shelf and key, within one transaction. Keys are paths: ``cluster/name``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, shelf: str, key: str, kind: type[R]) -> R | None:
        """Return one thing, or None."""
        text = self.text(shelf, key)
        return None if text is None else kind.model_validate_json(text)

    def all(self, shelf: str, kind: type[R], prefix: str = "") -> dict[str, R]:
        """Return all things of a shelf whose key begins so, in the order of their keys."""
        query = "SELECT key, body FROM thing WHERE shelf = ? AND substr(key, 1, ?) = ? ORDER BY key"
        rows = self._connection.execute(query, (shelf, len(prefix), prefix))
        return {key: kind.model_validate_json(body) for key, body in rows}

    def put(self, shelf: str, key: str, thing: Frozen) -> None:
        """Lay a thing down, in the place of what was there."""
        self.write(shelf, key, thing.model_dump_json())

    def create(self, shelf: str, key: str, thing: Frozen) -> bool:
        """Lay a thing down where nothing is; False, and no change, where something is."""
        query = "INSERT OR IGNORE INTO thing VALUES (?, ?, ?)"
        row = (shelf, key, thing.model_dump_json())
        return self._connection.execute(query, row).rowcount == 1

    def remove(self, shelf: str, key: str) -> bool:
        """Take a thing away; False where there was none."""
        query = "DELETE FROM thing WHERE shelf = ? AND key = ?"
        return self._connection.execute(query, (shelf, key)).rowcount == 1

    def text(self, shelf: str, key: str) -> str | None:
        """Return the text that lies there."""
        query = "SELECT body FROM thing WHERE shelf = ? AND key = ?"
        row = self._connection.execute(query, (shelf, key)).fetchone()
        return None if row is None else str(row[0])

    def write(self, shelf: str, key: str, text: str) -> None:
        """Write a text in the place of what was there."""
        self._connection.execute(
            "INSERT OR REPLACE INTO thing VALUES (?, ?, ?)", (shelf, key, text)
        )

    def clear(self, shelf: str) -> None:
        """Take everything off a shelf."""
        self._connection.execute("DELETE FROM thing WHERE shelf = ?", (shelf,))

    def digest(self, shelves: tuple[str, ...]) -> str:
        """Return a hash of all that lies on these shelves."""
        marks = ", ".join("?" for _ in shelves)
        query = f"SELECT shelf, key, body FROM thing WHERE shelf IN ({marks}) ORDER BY shelf, key"  # noqa: S608  only marks are put in
        rows = self._connection.execute(query, shelves)
        return hashlib.sha256(repr(rows.fetchall()).encode()).hexdigest()


@contextmanager
def open_shelves(path: Path) -> Iterator[Shelves]:
    """Open the file for one transaction: what happens inside is seen whole or not at all."""
    with closing(sqlite3.connect(path, timeout=_WAIT, isolation_level=None)) as connection:
        # Processes get killed in tests, machines do not lose power: no need to wait for the disk.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_SCHEMA)
            yield Shelves(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
