"""Looks into the whole fleet: plugins, clusters, tools, stores, schedules, coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slackwater.backend import Backend, NativeSchedule, NativeSchedules, Posture, Verification
from slackwater.backend.connections import Connections
from slackwater.backend.plugin_loading import Plugins
from slackwater.backend.wrappers import as_role
from slackwater.catalogue.gathering import Catalogue, no_answer, side_by_side
from slackwater.catalogue.whereabouts import data_gone
from slackwater.clusters import take_inventory
from slackwater.errors import SlackwaterError
from slackwater.ledger import Ledger
from slackwater.model.capability import Description
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import DataSight, PointId, RecoveryPoint, Whereabouts
from slackwater.model.wording import in_bytes, in_words
from slackwater.oversight.control_planes import ControlPlanes
from slackwater.oversight.coverage import Coverage
from slackwater.oversight.store_visibility import review_stores
from slackwater.planning.choosing import Reader
from slackwater.planning.clocks import wrong_clock
from slackwater.planning.standing import Lookout
from slackwater.stores.spool import Leftover

Remember = Callable[[Mapping[PointId, DataSight]], None]
"""Keeps what was found out about the data of points."""


@dataclass(frozen=True)
class Diagnosis:
    """What was found, cluster by cluster, and how each tool there describes itself."""

    as_of: datetime
    clusters: tuple[str, ...]
    descriptions: tuple[tuple[str, Description], ...]
    findings: tuple[Finding, ...]

    @property
    def at_risk(self) -> bool:
        """Whether something of severity error was found."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True)
class _Visit:
    findings: tuple[Finding, ...]
    descriptions: tuple[Description, ...] = ()


@dataclass(frozen=True)
class _Rounds:
    """One round through the fleet."""

    connections: Connections
    ledger: Ledger
    read: Reader
    catalogue: Catalogue
    now: datetime
    remember: Remember

    def visit(self, cluster: str) -> _Visit:
        """Look into one cluster. What is silent or broken is a finding, never an error."""
        try:
            clock = wrong_clock(self.connections.cluster(cluster))
        except SlackwaterError as error:
            return _Visit((self._silent(cluster, error), *self._control_plane(cluster)))
        findings = [clock] if clock else []
        descriptions = []
        for tool in self.connections.tools(cluster):
            described, found = self._tool(cluster, tool)
            descriptions += described
            findings += found
        findings += self._control_plane(cluster)
        findings += self._coverage(cluster, descriptions)
        return _Visit(tuple(findings), tuple(descriptions))

    def _tool(self, cluster: str, tool: str) -> tuple[list[Description], list[Finding]]:
        try:
            backend = self.connections.backend(cluster, tool)
            described, findings = backend.describe(), list(backend.check())
        except SlackwaterError as error:
            return [], [no_answer(cluster, tool, error)]
        try:
            findings += self._by_roles(backend, cluster, tool)
        except SlackwaterError as error:  # what was found so far may say why
            findings.append(no_answer(cluster, tool, error))
        return [described], findings

    def _by_roles(self, backend: Backend, cluster: str, tool: str) -> Iterator[Finding]:
        verification = as_role(backend, Verification)
        if verification is not None:
            yield from self._by_data(verification, cluster, tool)
        posture = as_role(backend, Posture)
        if posture is not None:
            own = [p for p in self.catalogue.points if _shown_by(p, cluster, tool)]
            yield from posture.review_points(own, self.now)
        schedules = as_role(backend, NativeSchedules)
        if schedules is not None:
            paused = (s for s in schedules.list_schedules() if s.paused)
            yield from (_paused(schedule, tool, self.now) for schedule in paused)

    def _by_data(self, verification: Verification, cluster: str, tool: str) -> Iterator[Finding]:
        """Ask where data lies, and remember it: who lists points afterwards sees the answer."""
        sights = verification.look_for_data()
        self.remember(sights)
        for point in self.catalogue.points:
            sight = sights.get(point.id, DataSight(whereabouts=Whereabouts.UNTOLD))
            known = sight.after(point.data)  # what was found out before, where nobody answered now
            mine = point.id in sights or (point.origin, point.id.tool) == (cluster, tool)
            if mine and known.whereabouts is Whereabouts.GONE:
                yield data_gone(point, known, cluster)

    def _control_plane(self, cluster: str) -> Iterator[Finding]:
        fleet = self.connections.fleet
        return ControlPlanes(fleet, self.catalogue.covering, self.read, self.now).review(cluster)

    def _coverage(self, cluster: str, tools: Sequence[Description]) -> Iterator[Finding]:
        homes = [home for tool in tools for home in tool.homes]
        try:
            reached = self.connections.cluster(cluster)
            coverage = Coverage(take_inventory(reached), self.catalogue.covering, self.read)
            yield from coverage.findings(Lookout(reached, self.connections.own_records), homes)
        except SlackwaterError as error:
            yield no_answer(cluster, "", error)

    def _silent(self, cluster: str, error: SlackwaterError) -> Finding:
        seen = [s.at for s in self.ledger.clusters_seen() if s.cluster == cluster]
        last = f"; last seen {in_words(self.now - max(seen))} ago" if seen else ""
        finding = no_answer(cluster, "", error)
        return finding.model_copy(update={"message": finding.message + last})


def diagnose(
    connections: Connections,
    plugins: Plugins,
    ledger: Ledger,
    catalogue: Catalogue,
    read: Reader,
    *,
    clusters: Sequence[str],
    remember: Remember = lambda _: None,
) -> Diagnosis:
    """Look into these clusters, side by side, and at the stores between all of them.

    ``catalogue`` is that of the whole fleet: what one cluster holds may lie in another's store.
    ``remember`` keeps what is found out about data, and ``read`` knows it from then on.
    """
    now = connections.clock()
    rounds = _Rounds(connections, ledger, read, catalogue, now, remember)
    visits = side_by_side(rounds.visit, clusters)
    found = [finding for visit in visits for finding in visit.findings]
    chosen = set(clusters)
    swept = [_swept(leftover) for leftover in connections.swept]
    between = [f for f in review_stores(catalogue, connections) if f.cluster in chosen]
    described = [
        (cluster, description)
        for cluster, visit in zip(clusters, visits, strict=True)
        for description in visit.descriptions
    ]
    return Diagnosis(
        as_of=now,
        clusters=tuple(clusters),
        descriptions=tuple(described),
        findings=tuple(dict.fromkeys((*plugins.findings, *swept, *found, *between))),
    )


def _shown_by(point: RecoveryPoint, cluster: str, tool: str) -> bool:
    return point.id.tool == tool and any(place.cluster == cluster for place in point.places)


def _swept(leftover: Leftover) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="spool-swept",
        subject=str(leftover.folder),
        message=f"a killed process left {in_bytes(leftover.size)} in the spool; it was removed",
        way_out="slackwater runs list shows which run it was; resume it",
    )


def _paused(schedule: NativeSchedule, tool: str, now: datetime) -> Finding:
    last = f"{in_words(now - schedule.last)} old" if schedule.last else "not there"
    return Finding(
        severity=Severity.WARNING,
        code="schedule-paused",
        subject=f'schedule "{schedule.name}"',
        message=f"is paused; its last backup is {last}",
        way_out="let it go on in the tool, or protect its namespaces by a policy",
        cluster=schedule.cluster,
        tool=tool,
    )
