"""The schema's version, and the way forward from every older one.

A ledger is only ever moved forward. ``metadata`` describes the newest schema, so each migration
names the tables that it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Dialect, Table, insert, inspect, select, update
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from slackwater.errors import LedgerError
from slackwater.ledger.schema import data_seen, metadata, version

Migration = Callable[[Connection], None]


def _first(connection: Connection) -> None:
    _make(connection, *(table for table in metadata.sorted_tables if table is not data_seen))
    connection.execute(insert(version).values(version=0))


def _data_seen(connection: Connection) -> None:
    _make(connection, data_seen)


def _make(connection: Connection, *tables: Table) -> None:
    for table in tables:
        for statement in _sql(table, connection.dialect):
            connection.exec_driver_sql(statement)


@cache
def _sql(table: Table, dialect: Dialect) -> tuple[str, ...]:
    """Return a table with its indexes as SQL: to work that out takes longer than to make them."""
    made: list[ExecutableDDLElement] = [CreateTable(table), *map(CreateIndex, table.indexes)]
    return tuple(str(each.compile(dialect=dialect)) for each in made)


MIGRATIONS: tuple[Migration, ...] = (_first, _data_seen)
"""From version n to n + 1, in order, starting at 0: an empty database."""


def is_newest(
    connection: Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> bool:
    """Whether nothing needs to be done. Refuses a ledger that is newer than this program."""
    found = _read_version(connection, path)
    if found > len(migrations):
        raise LedgerError(
            f"the ledger {path} was written by a newer Slackwater"
            f" (its version is {found}, this program knows {len(migrations)}); nothing was changed",
            hint="upgrade Slackwater here, or name another file for the ledger",
        )
    return found == len(migrations)


def migrate(
    connection: Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring the ledger to the newest version, inside one transaction of the caller."""
    if is_newest(connection, path, migrations):
        return  # another process was quicker
    for migration in migrations[_read_version(connection, path) :]:
        migration(connection)
    connection.execute(update(version).values(version=len(migrations)))


def _read_version(connection: Connection, path: Path) -> int:
    """Return the version of the ledger, 0 where nothing is there yet."""
    tables = inspect(connection).get_table_names()
    if version.name in tables:
        return int(connection.execute(select(version.c.version)).scalar_one())
    if tables:
        raise LedgerError(
            f"{path} is a database, but not a ledger", hint="name another file for the ledger"
        )
    return 0
