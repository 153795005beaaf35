"""The backend: volume snapshots of the CSI drivers in one cluster, by the Kubernetes API only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slackwater.backend import (
    Backend,
    Context,
    Report,
    SharedStores,
    Stamping,
    Stopped,
    Verification,
)
from slackwater.errors import OperationNotFound, Unsupported
from slackwater.model.act import Act, ActPlan, Key
from slackwater.model.capability import Description
from slackwater.model.finding import Finding
from slackwater.model.operation import Explanation, Operation, OperationRef
from slackwater.model.recovery_point import DataSight, PointId, RecoveryPoint
from slackwater.model.request import BackupRequest, PointQuery, RestoreRequest, Store
from slackwater_csi import deletion, replacing, scaling, showing
from slackwater_csi.access import Here
from slackwater_csi.acts import BackupWork, DeletionWork, Do, RestoreWork, done_by, work_of
from slackwater_csi.applying import Applier
from slackwater_csi.backup_planning import BackupPlanner
from slackwater_csi.checks import Checker
from slackwater_csi.claiming import start_claims
from slackwater_csi.describing import describe
from slackwater_csi.errors import TOOL, named_errors
from slackwater_csi.explaining import Explainer
from slackwater_csi.keeping import Keeper
from slackwater_csi.listing import list_points, read_point, translator_of
from slackwater_csi.looking import look_for_data
from slackwater_csi.manifests import keep_manifests
from slackwater_csi.naming import point_name
from slackwater_csi.operations import Operations
from slackwater_csi.quieting import Quieter
from slackwater_csi.restore_planning import RestorePlanner
from slackwater_csi.settings import CsiSettings
from slackwater_csi.site import Site
from slackwater_csi.stamping import write_stamp
from slackwater_csi.starting import start_ready, start_snapshots
from slackwater_csi.surroundings import Surroundings
from slackwater_csi.tidying import tidy
from slackwater_csi.translation import local_store


class CsiBackend(Backend, SharedStores, Stamping, Verification):
    """The snapshots of one cluster. Keeps nothing: every answer is read anew."""

    def __init__(self, settings: CsiSettings, context: Context, *, page: int = 500) -> None:
        self._site = Site(
            settings=settings,
            here=Here(context.cluster, page),
            open_store=context.store,
            spool=context.spool,
            clock=context.clock,
        )

    def describe(self) -> Description:
        """What the API serves, and for which drivers there are classes."""
        return describe(self._site.settings, self._look())

    def check(self) -> Sequence[Finding]:
        """API, rights, classes, drivers without one, whether a controller works, the store."""
        return list(Checker(self._site, self._look()).check())

    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """What the store's manifests name, and snapshots that none of them names."""
        yield from filter(query.wants, list_points(self._site))

    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """The manifest tells all; of a snapshot without one, both sides of its binding are read."""
        return read_point(self._site, point)

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """Manifests, snapshots, keeping them; clean-up in any case."""
        return BackupPlanner(self._site, self._look()).plan(request)

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """Snapshots shown where they are wanted, claims made of them, and objects."""
        with named_errors(self._site.cluster):
            return RestorePlanner(self._site, request).plan()

    def plan_deletion(self, point: PointId) -> ActPlan:
        """One performed act."""
        with named_errors(self._site.cluster):
            return deletion.plan_deletion(self._site, point)

    def start(self, act: Act, key: Key) -> OperationRef:
        """Create everything at once, under names that the key gives."""
        site = self._site
        with named_errors(site.cluster):
            match done_by(act):
                case Do.SNAPSHOTS:
                    handle = start_snapshots(site.here, act, work_of(act, BackupWork), key)
                case Do.READY:
                    handle = start_ready(site.here, work_of(act, BackupWork), key)
                case Do.SHOW:
                    handle = showing.start_show(site, act, work_of(act, RestoreWork), key)
                case Do.STOP:
                    handle = scaling.start_stop(site.here, work_of(act, RestoreWork))
                case Do.CLAIMS:
                    handle = start_claims(site, act, work_of(act, RestoreWork), key)
                case _:
                    raise Unsupported(f"{act.title}: we perform this ourselves", backend=TOOL)
        return OperationRef(tool=TOOL, cluster=site.cluster, handle=handle)

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """One list for all snapshots, one for all claims, and contents of what says it is ready."""
        operations = Operations(self._site.here, self._site.clock)
        return {operation.ref: operation for operation in operations.read(refs)}

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Manifests, keeping, clean-up; exchanges in place; objects; deletions."""
        if report.stopping:
            raise Stopped
        with named_errors(self._site.cluster):
            match done_by(act):
                case Do.MANIFESTS | Do.QUIET | Do.WAKE | Do.KEEP | Do.TIDY as does:
                    return self._back_up(does, work_of(act, BackupWork), key, report)
                case Do.DELETE:
                    return deletion.delete(self._site, work_of(act, DeletionWork), report)
                case does:
                    return self._restore(does, act, key, report)

    def cancel_operation(self, ref: OperationRef) -> None:
        """There is no such thing in CSI."""
        raise Unsupported(
            f"{ref}: a snapshot under way cannot be stopped",
            backend=TOOL,
            cluster=self._site.cluster,
            hint="clean-up removes what comes of it",
        )

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """What the controllers wrote into statuses and events."""
        if ref.tool != TOOL:
            raise OperationNotFound(f"{ref} is none of ours", backend=TOOL)
        return Explainer(self._site).explain(ref)

    def close(self) -> None:
        """Nothing is held; the cluster belongs to whoever gave it."""

    def list_stores(self) -> Sequence[Store]:
        """The store of the manifests, and the storage in this cluster that only it knows."""
        here = self._site.cluster
        local = local_store(self._site.here.uid())
        found = [self._store(local, f"storage of {here}")]
        if self._site.settings.store:
            store = self._site.store()
            found.insert(0, self._store(store.identity, store.name, for_many=True))
        return found

    def explain_missing_store(self, store: Store) -> Finding:
        """How the fleet file names the store here; snapshots themselves cannot be shown."""
        here = self._site.cluster
        return self._site.voice.error(
            "store-not-shown",
            store.name,
            f"{here} does not look into {store.name} ({store.identity})",
            f"in the fleet file, under clusters.{here}.backends.{TOOL}: store: {store.name}; the "
            f"snapshots themselves stay in the storage of {store.cluster}",
        )

    def stamp(self, point: PointId, values: Mapping[str, str]) -> None:
        """Write the values into the manifest."""
        with named_errors(self._site.cluster):
            write_stamp(self._site, point, values)

    def look_for_data(self) -> Mapping[PointId, DataSight]:
        """The drivers are asked by contents that are bound to nothing."""
        with named_errors(self._site.cluster):
            return look_for_data(self._site)

    def _look(self) -> Surroundings:
        return Surroundings(self._site.here, self._site.settings.classes)

    def _store(self, identity: str, name: str, *, for_many: bool = False) -> Store:
        """Each manifest tells its cluster, so many may write them into one store."""
        return Store(
            tool=TOOL,
            identity=identity,
            cluster=self._site.cluster,
            name=name,
            writable=True,
            available=True,
            for_many=for_many,
        )

    def _back_up(
        self, does: Do, work: BackupWork, key: Key, report: Report
    ) -> Mapping[str, object]:
        """What is told is read from the manifest that counts: two performers tell the same."""
        match does:
            case Do.MANIFESTS:
                return keep_manifests(self._site, work, key, report)
            case Do.QUIET:
                return Quieter(self._site, work, key).hold(report)
            case Do.WAKE:
                return Quieter(self._site, work, key).let_go()
            case Do.TIDY:
                return tidy(self._site, work, key)
        facts = Keeper(self._site, work, key).keep(report)
        name = point_name(work.stem, work.request, key)
        point = translator_of(self._site).point(name, facts, {})
        findings = [finding.model_dump(mode="json") for finding in point.findings]
        return {"point": name, "spread": facts.spread, "findings": findings}

    def _restore(self, does: Do, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        site, work = self._site, work_of(act, RestoreWork)
        match does:
            case Do.RELEASE:
                return replacing.release(site, work, key, report)
            case Do.OBJECTS:
                return Applier(site, work).apply(report)
            case Do.PUT_BACK:
                return replacing.put_back(site, work, key)
            case Do.SCALE_UP:
                return {"scaled": scaling.scale_up(site.here, work)}
            case Do.HIDE:
                return showing.hide(site, work, key)
        raise Unsupported(f"{act.title}: the cluster does this itself", backend=TOOL)
