"""Everything that is true of SQLite only: how a file is opened, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Insert, QueuePool, Table, create_engine, event, insert
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import LRUCache

from slackwater.errors import LedgerError

BUSY_TIMEOUT = 30.0
"""Seconds that a write waits for another process's write."""

_COMPILED: LRUCache[object, object] = LRUCache(500)
"""Our statements as SQL, for all ledgers that this process opens: compiling takes longer than most
of them run."""

_MEANINGS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space, then resume the run"),
    sqlite3.SQLITE_READONLY: ("it is read-only", "make file and folder writable"),
    sqlite3.SQLITE_PERM: ("access is not permitted", "make file and folder yours"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "make file and folder readable and writable"),
    sqlite3.SQLITE_BUSY: ("another process has held it for too long", "try again"),
    sqlite3.SQLITE_IOERR: ("the disk fails", "check the disk, then resume the run"),
}
_DAMAGED = (
    "it is damaged, or no ledger",
    "move it aside and start again: recovery points lie in the tools, not in it",
)


class Dialect(SQLiteDialect_pysqlite):
    """SQLite's, and the same in every engine, for by it a compiled statement is found again."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dialect)

    def __hash__(self) -> int:
        return hash(Dialect)


registry.register("sqlite.ledger", __name__, Dialect.__name__)


def connect(path: Path, *, read_only: bool) -> Engine:
    """Return an engine on the file; a missing file is created for its owner only."""
    if not read_only:
        _create(path)
    uri = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rw'}"
    if read_only and not _readable(uri):
        uri += "&immutable=1"  # a write-ahead log in a folder where nothing can be written

    def connection() -> sqlite3.Connection:
        opened = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
        )
        opened.execute("PRAGMA foreign_keys = ON")
        return opened

    engine = create_engine(
        "sqlite+ledger://",
        creator=connection,
        poolclass=QueuePool,
        execution_options={"compiled_cache": _COMPILED},
    )
    event.listen(engine, "begin", _begin)
    return engine


def put(table: Table) -> Insert:
    """Return the statement that puts a row into the place of the one with the same key."""
    return insert(table).prefix_with("OR REPLACE")


def explain(error: DBAPIError, path: Path) -> LedgerError:
    """Say what an error of the database means, and the way out."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the rest is the extended code
    meaning, way_out = _MEANINGS.get(code, _DAMAGED)
    said = f"the ledger {path} cannot be used: {meaning} ({error.orig})"
    return LedgerError(said, hint=way_out)


def _create(path: Path) -> None:
    """Make a new file whole before it gets its name: several processes may want to make it.

    Its write-ahead log, which lets readers go on while one process writes, is a property of the
    file, and switching to it is the one thing for which SQLite does not wait.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    os.close(os.open(made, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        with closing(sqlite3.connect(made)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink()


def _readable(uri: str) -> bool:
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True  # damaged: the first real read says so
    return True


def _begin(connection: Connection) -> None:
    """Take the write lock at once, so that what a transaction reads stays true while it writes."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
