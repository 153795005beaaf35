"""The ledger as the rest of Slackwater sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs

from slackwater.ledger.database import Database
from slackwater.ledger.durations import Durations
from slackwater.ledger.history import History
from slackwater.ledger.marks import Marks
from slackwater.ledger.plans import Plans
from slackwater.ledger.sightings import Sightings


def default_path(fleet_file: Path) -> Path:
    """Return where the ledger of a fleet lies on this system, by the fleet file's real path."""
    real = fleet_file.resolve()
    digits = hashlib.sha256(str(real).encode()).hexdigest()[:8]
    folder = platformdirs.user_state_path("slackwater") / f"{real.stem}-{digits}"
    return folder / "ledger.db"


class Ledger(History, Sightings, Marks, Plans, Durations):
    """What was asked, done and seen, on one file that several processes may use at once.

    Every call may raise ``LedgerError``: damaged, newer, read-only, or the disk is full. Runs and
    steps are written by ``slackwater.runs`` only. ``clock`` returns the time, aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], datetime], read_only: bool = False) -> Self:
        """Open the ledger, creating it or moving it to this version where needed.

        Where file or folder cannot be written the ledger is opened for reading.
        """
        return cls(Database(path, read_only=read_only), clock)

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self.database.path

    @property
    def read_only(self) -> bool:
        """Whether nothing can be recorded."""
        return self.database.read_only

    def close(self) -> None:
        """Close all connections. Twice is fine."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
