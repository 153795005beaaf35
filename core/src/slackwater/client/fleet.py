"""The Python API: the same power as the command line, synchronous, typed, without printing.

import slackwater

with slackwater.Fleet.load("fleet.yaml") as fleet:
    plan = fleet.plan(at="2h ago", to="dr-eu", map={"shop": "shop-drill"})
    run = fleet.restore(plan, confirm=plan.digest)
    for event in run.follow():
        ...
    run.result()
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from slackwater.backend.connections import Connections
from slackwater.backend.plugin_loading import Plugins, load_plugins
from slackwater.catalogue.gathering import Catalogue
from slackwater.catalogue.reading import with_known_contents
from slackwater.client.consent import new_run_id, require_consent
from slackwater.client.names import Names, Some
from slackwater.client.references import follower
from slackwater.client.run_handle import RunHandle
from slackwater.client.sight import Sight
from slackwater.clusters import utc_now
from slackwater.errors import (
    BlockedByFinding,
    ConfigurationError,
    Problem,
    RecoveryPointNotFound,
)
from slackwater.fleet import FleetFile, check_fleet, load_fleet
from slackwater.ledger import Ledger, default_path
from slackwater.model.deletion_plan import DeletionPlan
from slackwater.model.finding import Finding
from slackwater.model.moment import Moment, MomentError, parse_moment
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import Existing, PointQuery, RestoreMapping
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.run import Run, RunRequest
from slackwater.oversight.diagnosis import Diagnosis, diagnose
from slackwater.planning.backing_up import BackupWish, named_once, nothing_to_do, plan_backup_run
from slackwater.planning.deleting import deletion_run, plan_deletion
from slackwater.planning.restoring import plan_restore, restore_run
from slackwater.planning.revalidation import require_unchanged
from slackwater.planning.wish import DEFAULT_TOLERANCE, Wish
from slackwater.planning.workloads import left_out, policies_of
from slackwater.runs import Runs
from slackwater.runs.timing import Timing


@dataclass
class Fleet:
    """A fleet, its ledger, and everything that can be asked of it.

    Made by ``load``; a context manager. Every method may raise ``SlackwaterError``.
    """

    file: FleetFile
    plugins: Plugins
    ledger: Ledger
    connections: Connections
    clock: Callable[[], datetime]
    timing: Timing = field(default_factory=Timing)

    def __post_init__(self) -> None:
        self._sight = Sight(self.connections, self.ledger, self.clock)

    @classmethod
    def load(
        cls,
        path: str | Path = "fleet.yaml",
        *,
        ledger: str | Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        timeout: float = 10.0,
        timing: Timing | None = None,
    ) -> Self:
        """Read a fleet file; contact nothing yet.

        ``timeout`` is in seconds for a silent API server; ``timing`` is the pace of runs. Raises
        ``ConfigurationError`` with every problem of the file.
        """
        plugins = load_plugins()
        kinds = {name: kind.settings for name, kind in plugins.types.items()}
        file = load_fleet(Path(path), kinds)
        place = Path(ledger) if ledger else default_path(file.path)
        connections = Connections(
            file,
            plugins.types,
            follower(file.path.parent),
            place.parent / "spool",
            clock,
            timeout=timeout,
        )
        own = Ledger.open(place, clock=clock)
        return cls(file, plugins, own, connections, clock, timing or Timing())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and ledger. Twice is fine."""
        self.connections.close()
        self.ledger.close()

    # What there is

    def check(self) -> list[Finding]:
        """Say what in the fleet file cannot hold. Contacts nothing."""
        return check_fleet(self.file)

    def points(
        self,
        *,
        cluster: Some = None,
        tool: str | None = None,
        namespace: str = "",
        selector: str = "",
        at: str | datetime | None = None,
        since: str | datetime | None = None,
        zone: ZoneInfo | None = None,
    ) -> Catalogue:
        """Gather recovery points, newest first: taken from these clusters, until and since.

        All clusters are asked, for a point may be shown by another than it was taken from.
        ``selector`` chooses origins by the labels of clusters. Contents that were read before are
        filled in: a point that was found out to lack something says so.
        """
        query = PointQuery(
            namespace=namespace,
            since=self._time(since, zone),
            until=self._time(at, zone),
        )
        gathered = self._sight.gather(query, tools=[tool] if tool else None)
        points = with_known_contents(gathered.points, self._sight.memory)
        if cluster is not None or selector:
            origins = self._names.origins(cluster, selector)
            points = tuple(point for point in points if point.origin in origins)
        return replace(gathered, points=points)

    def point(self, name: str) -> RecoveryPoint:
        """Return a recovery point with its contents, by its name or its full identity.

        Raises ``RecoveryPointNotFound``, also where several have that name.
        """
        found = [p for p in self._sight.gather().points if name in (p.name, str(p.id))]
        if len(found) == 1:
            return self._sight.read(found[0])
        if not found:
            raise RecoveryPointNotFound(
                f"no recovery point {name}", hint="slackwater points list shows what there is"
            )
        raise RecoveryPointNotFound(
            f"{len(found)} recovery points are named {name}",
            hint="name one in full: " + ", ".join(str(p.id) for p in found),
        )

    def doctor(self, *, cluster: Some = None) -> Diagnosis:
        """Look into every cluster: tools, stores, rights, schedules, coverage."""
        return diagnose(
            self.connections,
            self.plugins,
            self.ledger,
            self._sight.gather(),
            self._sight.read,
            clusters=self._names.clusters(cluster),
            remember=self._sight.memory.saw_data,
        )

    # Backup

    def backup(
        self,
        policy: Some = None,
        *,
        cluster: Some = None,
        namespace: Some = None,
        selector: str = "",
        control_plane: Some = None,
        cluster_objects: Some = None,
        mark: str = "",
    ) -> RunHandle:
        """Back up now. The run is in the ledger when this returns; ``follow`` it to drive it.

        Several policies make one run, and what two of them protect is backed up for both.
        ``control_plane`` and ``cluster_objects`` name clusters of which these are backed up too;
        alone they are all that is.
        ``mark`` starts all parts together, so that one moment can be restored. Findings of the
        planning are in ``RunHandle.findings``.
        """
        wish = BackupWish(
            run=f"r-{secrets.token_hex(4)}",
            due=self.clock(),
            filters=named_once(
                self._names.filters(
                    policy, cluster, namespace, selector, control_plane, cluster_objects
                )
            ),
            mark=mark,
        )
        request, findings = plan_backup_run(wish, self.connections)
        nothing = nothing_to_do(request, wish)
        if nothing is not None:
            raise BlockedByFinding(f"{nothing.subject}: {nothing.message}", hint=nothing.way_out)
        clusters = sorted({step.cluster for step in request.steps if step.tool})
        self._sight.remember(clusters)
        return self._submit(request, findings)

    # Restore

    def moment(self, at: str | datetime, zone: ZoneInfo | None = None) -> Moment:
        """Read a moment as a person writes it. Raises ``PlanError`` where it names none."""
        now = self.clock()
        if isinstance(at, datetime):
            return Moment(at=at.astimezone(UTC), zone="UTC", assumed_zone=False, text=str(at))
        try:
            return parse_moment(at, now, zone or ZoneInfo("UTC"))
        except MomentError as error:
            raise ConfigurationError(Problem(str(error), field="--at")) from None

    def plan(
        self,
        *,
        at: str | datetime,
        zone: ZoneInfo | None = None,
        policy: Some = None,
        cluster: Some = None,
        namespace: Some = None,
        selector: str = "",
        control_plane: Some = None,
        cluster_objects: Some = None,
        to: str | Mapping[str, str] | None = None,
        map: Mapping[str, str] | None = None,  # noqa: A002  the word of the command line
        map_class: Mapping[str, str] | None = None,
        map_image: Mapping[str, str] | None = None,
        map_claim: Mapping[str, str] | None = None,
        replace: bool = False,
        update: bool = False,
        accept_partial: bool = False,
        catalogue: Catalogue | None = None,
    ) -> RestorePlan:
        """Plan a restore to a moment. Changes nothing anywhere.

        ``to`` names one target for all, or a target for each origin; without it everything goes
        back where it came from. Several policies make one plan, with the least of their tolerances.
        ``control_plane`` and ``cluster_objects`` name clusters of which these are brought back too;
        alone they are all that is. A control plane is never turned back but by name. A
        ``catalogue`` that ``points`` gathered whole serves many plans; a restore asks again for
        what is chosen. Raises ``NoSuitableRecoveryPoint`` where nothing at all is meant; a plan
        that must not run is returned with its reasons.
        """
        filters = self._names.filters(
            policy, cluster, namespace, selector, control_plane, cluster_objects
        )
        moment, policies = self.moment(at, zone), policies_of(filters)
        catalogue, wanted = self._sight.meant(filters, self.file, moment, catalogue)
        wish = Wish(
            moment=moment,
            wanted=tuple(wanted),
            targets=self._names.targets(to),
            mapping=_mapping(
                namespaces=map, storage_classes=map_class, images=map_image, claims=map_claim
            ),
            policy=", ".join(policy.name for policy in policies),
            tolerance=min((p.tolerance for p in policies), default=DEFAULT_TOLERANCE),
            existing=Existing.UPDATE if update else Existing.KEEP,
            replace=replace,
            accept_partial=accept_partial,
            left_out=left_out(filters, self.file),
        )
        return plan_restore(
            wish,
            catalogue,
            self.connections,
            self._sight.read,
            stores=self.ledger.stores(),
            known_ca=self._sight.known_ca(),
            expected=self._sight.expected,
            review=self.plugins.review_plan,
        )

    def restore(self, plan: RestorePlan, *, confirm: str, again: bool = False) -> RunHandle:
        """Begin to execute a plan. ``confirm`` is its digest: consent to exactly this plan.

        Raises ``BlockedByFinding``, ``PlanChanged``, ``PlanAlreadyRun`` (unless ``again``) and
        ``TargetBusy``; nothing has been touched then.
        """
        require_consent(plan, confirm)
        run_id = new_run_id(plan, self.ledger, again=again)
        require_unchanged(plan, self.connections)
        self.ledger.keep_plan(plan)
        return self._submit(restore_run(run_id, plan), plan.findings)

    # Deletion

    def plan_deletion(self, name: str) -> DeletionPlan:
        """Plan to delete a recovery point and its data, by its name or full identity.

        Changes nothing. Raises ``RecoveryPointNotFound``.
        """
        return plan_deletion(self.point(name), self._sight.gather(), self.connections)

    def delete(self, plan: DeletionPlan, *, confirm: str) -> RunHandle:
        """Begin to delete. ``confirm`` is the plan's digest: consent to exactly this.

        Raises ``BlockedByFinding``; nothing has been touched then.
        """
        require_consent(plan, confirm)
        run_id = new_run_id(plan, self.ledger, again=True)
        return self._submit(deletion_run(run_id, plan), plan.findings)

    # Runs

    def runs(self, *, limit: int | None = None) -> Sequence[Run]:
        """Return the runs in the ledger, newest first."""
        return self.ledger.runs(limit=limit)

    def run(self, run_id: str) -> RunHandle:
        """Return the handle of a run. Raises ``RunNotFound``."""
        return RunHandle(self._engine(), self.ledger, self.ledger.run(run_id).id)

    # Within

    def _engine(self) -> Runs:
        return Runs(
            self.ledger,
            self.connections,
            clock=self.clock,
            on_event=self.plugins.on_event,
            timing=self.timing,
        )

    def _submit(self, request: RunRequest, findings: Sequence[Finding]) -> RunHandle:
        engine = self._engine()
        engine.submit(request)
        return RunHandle(engine, self.ledger, request.id, tuple(findings))

    def _time(self, text: str | datetime | None, zone: ZoneInfo | None) -> datetime | None:
        return self.moment(text, zone).at if text is not None else None

    @property
    def _names(self) -> Names:
        return Names(self.file)


def _mapping(**given: Mapping[str, str] | None) -> RestoreMapping:
    return RestoreMapping.model_validate({name: names or {} for name, names in given.items()})
