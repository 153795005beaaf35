"""The ledger as the memory of commands that only read: what cannot be recorded stops none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from slackwater.catalogue import Catalogue
from slackwater.clusters import ClusterIdentity
from slackwater.errors import LedgerError
from slackwater.ledger import Ledger
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import DataSight, PointId, RecoveryPoint
from slackwater.model.request import Store


@dataclass
class Recollection:
    """Remembers in the ledger, or, where that cannot be written, as long as this process lives.

    ``trouble`` says why nothing is recorded; None as long as everything is.
    """

    ledger: Ledger
    trouble: Finding | None = None
    _kept: dict[PointId, RecoveryPoint] = field(default_factory=dict, repr=False)
    _sights: dict[PointId, DataSight] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.ledger.read_only:
            self.trouble = _not_recorded(f"the ledger {self.ledger.path} is read-only")

    def contents(self, ids: Sequence[PointId]) -> dict[PointId, RecoveryPoint]:
        """Return the points whose contents are known."""
        with self._lock:
            kept = {point: self._kept[point] for point in ids if point in self._kept}
        return {**self.ledger.contents(ids), **kept}

    def remember_contents(self, point: RecoveryPoint) -> None:
        """Keep the point's contents."""
        if not self._record(lambda: self.ledger.remember_contents(point)):
            with self._lock:
                self._kept[point.id] = point

    def data_seen(self, ids: Sequence[PointId]) -> dict[PointId, DataSight]:
        """Return what was last said of the data of these points."""
        with self._lock:
            sights = {point: self._sights[point] for point in ids if point in self._sights}
        return {**self.ledger.data_seen(ids), **sights}

    def saw_data(self, sights: Mapping[PointId, DataSight]) -> None:
        """Keep what was said of the data of points."""
        if sights and not self._record(lambda: self.ledger.saw_data(sights)):
            with self._lock:
                self._sights |= {p: s.after(self._sights.get(p)) for p, s in sights.items()}

    def saw(self, catalogue: Catalogue) -> None:
        """Keep which stores there are, and which tools have answered just now."""
        answered = [(s.cluster, s.tool) for s in catalogue.sources if s.answered]

        def record() -> None:
            self.ledger.saw_stores(catalogue.stores)
            self.ledger.saw_tools(answered)

        self._record(record)

    def saw_stores(self, stores: Sequence[Store]) -> None:
        """Keep which stores there are: they outlive the clusters that know them."""
        self._record(lambda: self.ledger.saw_stores(stores))

    def saw_identity(self, cluster: str, identity: ClusterIdentity) -> None:
        """Keep who a cluster is: one that is silent one day cannot say it itself."""
        self._record(
            lambda: self.ledger.saw_cluster(cluster, ca_hash=identity.ca_hash, uid=identity.uid)
        )

    def _record(self, act: Callable[[], None]) -> bool:
        if self.trouble is not None:
            return False
        try:
            act()
        except LedgerError as error:
            self.trouble = _not_recorded(str(error), error.hint)
            return False
        return True


def _not_recorded(why: str, way_out: str = "make file and folder writable") -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="not-recorded",
        subject="ledger",
        message=f"{why}: what is seen now is not remembered",
        way_out=way_out,
    )
