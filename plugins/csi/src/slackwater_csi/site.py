"""What every part works with: one cluster, its settings, the store, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slackwater.errors import ConfigurationError, Problem
from slackwater.stores import ArtefactStore
from slackwater_csi.access import Here
from slackwater_csi.errors import TOOL
from slackwater_csi.settings import CsiSettings
from slackwater_csi.voice import Voice


@dataclass(frozen=True)
class Site:
    """One cluster and all that is at hand there."""

    settings: CsiSettings
    here: Here
    open_store: Callable[[str], ArtefactStore]
    spool: Path
    clock: Callable[[], datetime]

    @property
    def cluster(self) -> str:
        """The cluster's name in the fleet."""
        return self.here.name

    @property
    def voice(self) -> Voice:
        """How findings are said here."""
        return Voice(self.cluster)

    def store(self) -> ArtefactStore:
        """Return the store. Raises ``ConfigurationError`` where the fleet file names none."""
        if not self.settings.store:
            where = f"clusters.{self.cluster}.backends.{TOOL}"
            raise ConfigurationError(Problem("name a store for manifests", field=where))
        return self.open_store(self.settings.store)

    def within(self, count: int) -> float:
        """Return the seconds that so many volumes may take."""
        more = self.settings.more_for_each.total_seconds() * count
        return self.settings.ready_within.total_seconds() + more
