"""What every part of the ledger stands on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from slackwater.ledger.database import Database


class Part:
    """A group of the ledger's calls: they share its file and its clock."""

    database: Database
    clock: Callable[[], datetime]
