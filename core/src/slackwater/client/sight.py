"""What is seen of the fleet now, with what the ledger remembers of those who do not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from slackwater.backend.connections import Connections
from slackwater.catalogue.gathering import Catalogue, gather, gather_stores, side_by_side
from slackwater.catalogue.reading import read_contents
from slackwater.catalogue.remembering import with_remembered
from slackwater.catalogue.whereabouts import with_data_seen
from slackwater.client.recollection import Recollection
from slackwater.clusters import ClusterIdentity, Inventory, take_inventory
from slackwater.errors import NoSuitableRecoveryPoint, SlackwaterError
from slackwater.fleet import FleetFile
from slackwater.ledger import Ledger
from slackwater.model.moment import Moment
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import PointQuery
from slackwater.planning.choosing import Wanted
from slackwater.planning.workloads import Filter, to_restore


@dataclass
class Sight:
    """Looks at the fleet, and keeps in ``memory`` what will be worth knowing later."""

    connections: Connections
    ledger: Ledger
    clock: Callable[[], datetime]
    memory: Recollection = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Recollection(self.ledger)

    def gather(
        self, query: PointQuery | None = None, *, tools: Iterable[str] | None = None
    ) -> Catalogue:
        """Gather recovery points, those that only a silent cluster could show included."""
        gathered = gather(self.connections, query, tools=tools)
        self.memory.saw(gathered)
        if self.memory.trouble:
            gathered = replace(gathered, findings=(*gathered.findings, self.memory.trouble))
        silent = {source.cluster for source in gathered.sources if not source.answered}
        found = with_remembered(
            gathered, self.ledger.points_of(silent), query or PointQuery(), self.clock()
        )
        return replace(found, points=with_data_seen(found.points, self.memory))

    def read(self, point: RecoveryPoint) -> RecoveryPoint:
        """Return a point with its contents."""
        return read_contents(self.connections, point, self.memory)

    def expected(self, tool: str, cluster: str, act: str) -> float | None:
        """Return the seconds that an act usually takes; None without history."""
        known = self.ledger.expected(cluster, tool, act)
        return known.median if known else None

    def inventories(self, wishes: Sequence[Filter], fleet: FleetFile) -> list[Inventory]:
        """Return what stands in the clusters meant; one that is silent has none."""
        names = [
            name
            for name in self.connections.names
            if any(wish.has_cluster(name, fleet) for wish in wishes)
        ]
        return [found for found in side_by_side(self._inventory, names) if found is not None]

    def meant(
        self, wishes: Sequence[Filter], fleet: FleetFile, moment: Moment, held: Catalogue | None
    ) -> tuple[Catalogue, list[Wanted]]:
        """Return what is to be restored to a moment, and the catalogue to choose from.

        That is the one that is held; else it is gathered, and what is newer than the moment is in
        it only where a cluster is turned back: that cluster loses it. Raises
        ``NoSuitableRecoveryPoint`` where nothing is meant.
        """
        turned_back = any(wish.control_planes for wish in wishes)
        catalogue = held or self.gather(None if turned_back else PointQuery(until=moment.at))
        living = self.inventories(wishes, fleet)
        wanted = to_restore(wishes, fleet, living, catalogue.covering, self.read, moment=moment.at)
        if not wanted:
            raise _nothing_meant(catalogue, moment)
        return catalogue, wanted

    def remember(self, clusters: Sequence[str]) -> None:
        """Keep what must outlive these clusters: who they are, and where their points lie."""
        self.memory.saw_stores(gather_stores(self.connections, clusters))
        for name, identity in zip(clusters, side_by_side(self._identity, clusters), strict=True):
            if identity is not None:
                self.memory.saw_identity(name, identity)

    def known_ca(self) -> Mapping[str, str]:
        """Return the CA hash of each cluster, as it was when it was last remembered."""
        return {s.cluster: s.ca_hash for s in self.ledger.clusters_seen() if s.ca_hash}

    def _identity(self, name: str) -> ClusterIdentity | None:
        try:
            return self.connections.cluster(name).identity()
        except SlackwaterError:
            return None  # what is not known is not remembered

    def _inventory(self, name: str) -> Inventory | None:
        try:
            return take_inventory(self.connections.cluster(name))
        except SlackwaterError:
            return None  # the gathering of its recovery points has said so already


def _nothing_meant(catalogue: Catalogue, moment: Moment) -> NoSuitableRecoveryPoint:
    silent = sorted({s.cluster for s in catalogue.sources if not s.answered})
    unheard = f"; {', '.join(silent)} did not answer" if silent else ""
    return NoSuitableRecoveryPoint(
        "nothing is meant by this: no namespace that stands, and no recovery point that names one,"
        f" at {moment.at:%Y-%m-%d %H:%M:%SZ}{unheard}",
        hint="slackwater points list shows what there is; --namespace names it",
    )
