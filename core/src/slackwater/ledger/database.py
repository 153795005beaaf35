"""Transactions on the ledger. Foreign errors are translated here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from slackwater.errors import LedgerError
from slackwater.ledger import sqlite
from slackwater.ledger.migrations import is_newest, migrate


class Database:
    """The ledger's file. ``read_only`` where it can be read, but not written."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        try:
            self.read_only = read_only or _unwritable(path)
            self._engine = sqlite.connect(path, read_only=self.read_only)
        except OSError as error:
            raise _unopened(path, error) from error
        try:
            self._prepare()
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def engine(self) -> Engine:
        """The connections; for tests that watch what is written."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction in which everything read is of one moment."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that nobody else's write can come into; all of it or nothing."""
        if self.read_only:
            raise LedgerError(
                f"the ledger {self.path} is read-only, and this must be recorded",
                hint="make file and folder writable, or name another file for the ledger",
            )
        writing = self._engine.execution_options(writing=True)
        with self._translated(), writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections. Twice is fine."""
        self._engine.dispose()

    def _prepare(self) -> None:
        with self.read() as connection:
            newest = is_newest(connection, self.path)
        if not newest:
            with self.write() as connection:
                migrate(connection, self.path)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise sqlite.explain(error, self.path) from error


def _unopened(path: Path, error: OSError) -> LedgerError:
    return LedgerError(
        f"the ledger {path} cannot be opened: {error.strerror}",
        hint="name another file for the ledger, or make the folder writable",
    )


def _unwritable(path: Path) -> bool:
    """Whether the ledger is there, and file or folder cannot be written."""
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
