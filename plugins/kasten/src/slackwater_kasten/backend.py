"""The backend: K10 in one cluster, by its Kubernetes APIs only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from slackwater.backend import (
    Backend,
    Context,
    NativeSchedule,
    NativeSchedules,
    Posture,
    Report,
    SharedStores,
    Stopped,
)
from slackwater.backend.cluster_errors import named_errors
from slackwater.errors import PermissionDenied, RecoveryPointNotFound, Unsupported
from slackwater.model.act import Act, ActPlan, Key
from slackwater.model.capability import Description
from slackwater.model.finding import Finding
from slackwater.model.operation import Explanation, Operation, OperationRef
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import BackupRequest, PointQuery, RestoreRequest, Store
from slackwater_kasten import describing, importing, labels, posture
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import Do, done_by, table, text, words
from slackwater_kasten.backup_acts import BackupPlanner, expiry
from slackwater_kasten.binding import bind, unbind
from slackwater_kasten.cancelling import cancel
from slackwater_kasten.checks import Checker
from slackwater_kasten.copies import Point
from slackwater_kasten.deletion import plan_deletion, start_deletion
from slackwater_kasten.explaining import Explainer
from slackwater_kasten.exporting import wanted_export
from slackwater_kasten.inside import look_inside
from slackwater_kasten.keeping_receive import forget, keep
from slackwater_kasten.listing import Seen, read_all, read_one
from slackwater_kasten.missing_stores import explain_store
from slackwater_kasten.objects import Action, Policy, Profile
from slackwater_kasten.operations import Operations
from slackwater_kasten.policies import native_schedules
from slackwater_kasten.receive import find_kept, kept_name
from slackwater_kasten.resources import (
    ACTIONS_GROUP,
    BACKUP_ACTIONS,
    EXPORT_ACTIONS,
    POLICIES,
    PROFILES,
    RESTORE_ACTIONS,
    RUN_ACTIONS,
    VERSION,
)
from slackwater_kasten.restore_planning import RestorePlanner, require_supported
from slackwater_kasten.restoring import require_kept, wanted_restore
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.starting import Wanted, create_once, under_key
from slackwater_kasten.stores import catalogue_identity, list_stores
from slackwater_kasten.surveying import Surveyor
from slackwater_kasten.verification import Verifier
from slackwater_kasten.voice import TOOL, Voice
from slackwater_kasten.ways import WayFinder

_OPERATED = {
    Do.BACKUP: ("backup", BACKUP_ACTIONS),
    Do.EXPORT: ("export", EXPORT_ACTIONS),
    Do.RESTORE: ("restore", RESTORE_ACTIONS),
    Do.RUN_IMPORT: ("run", RUN_ACTIONS),
}


class KastenBackend(Backend, SharedStores, NativeSchedules, Posture):
    """One installation of K10. Keeps nothing: every answer is read anew."""

    def __init__(self, settings: KastenSettings, context: Context, *, page: int = 500) -> None:
        self._settings = settings
        self._cluster = context.cluster
        self._clock = context.clock
        self._open_store = context.store
        self._kasten = Kasten(context.cluster, settings.namespace, page)
        self._voice = Voice(context.cluster.name, settings.namespace)

    def describe(self) -> Description:
        """K10 here, by discovery: its actions are no custom resources."""
        served = self._kasten.discover(f"/apis/{ACTIONS_GROUP}/{VERSION}", dict[str, object])
        if served is None:
            return describing.not_available(f"the API does not serve {ACTIONS_GROUP}/{VERSION}")
        return describing.describe(describing.read_version(self._kasten), self._settings)

    def check(self) -> Sequence[Finding]:
        """The aggregated API, rights, profiles, policies, licence."""
        return list(Checker(self._kasten, self._settings, self._voice).check())

    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """Every content with its copies, whoever made it, bound or not."""
        seen = read_all(self._kasten, self._voice)
        for found in seen.points:
            point = seen.translator.point(found)
            if query.wants(point):
                yield point

    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """The point, judged by the details of its copies. A second or so for each of them."""
        found, seen = self._found(point)
        return look_inside(self._kasten, found, seen.translator)

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """A BackupAction, and an ExportAction where a profile is configured."""
        return BackupPlanner(self._settings, self._voice, self._profiles()).plan(request)

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """From the catalogue here, or by an import of what was exported elsewhere."""
        require_supported(request)
        local = self._local(request.point.id)
        kasten, settings, voice = self._kasten, self._settings, self._voice
        ways = WayFinder(kasten, settings, self._open_store, request, voice)
        seen = Surveyor(kasten, settings, request, voice).look(local, ways)
        return RestorePlanner(request, voice, seen).plan()

    def plan_deletion(self, point: PointId) -> ActPlan:
        """One act for each copy, and one for what a store keeps of the way to it."""
        found, seen = self._found(point)
        whole = point.model_copy(update={"store": seen.translator.store_of(found)})
        store = self._settings.store
        kept = find_kept(self._open_store(store), whole) if store else None
        return plan_deletion(found, self._voice, store, kept_name(whole) if kept else "")

    def start(self, act: Act, key: Key) -> OperationRef:
        """Create the action of the act once; a wait for a validation creates nothing."""
        match does := done_by(act):
            case Do.BACKUP | Do.EXPORT | Do.RESTORE | Do.RUN_IMPORT:
                sort, kind = _OPERATED[does]
                made = under_key(self._kasten, kind, act, key) or create_once(
                    self._kasten, act, key, self._wanted(does, act, key)
                )
                if does is Do.RESTORE:
                    require_kept(self._kasten, *made)
                return self._ref("/".join((sort, *made)))
            case Do.RETIRE:
                return self._ref(start_deletion(self._kasten, act))
            case Do.WAIT_FOR_POLICY:
                return self._ref(f"policy/{text(act.payload, 'policy')}")
        raise Unsupported(f"{act.title}: we perform this ourselves", backend=TOOL)

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """One request for each sort of action, or few."""
        return {operation.ref: operation for operation in Operations(self._kasten).read(refs)}

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Small writes around a restore, and the comparison after it."""
        if report.stopping:
            raise Stopped
        with named_errors(TOOL, self._cluster.name):
            return self._performed(act, key)

    def _performed(self, act: Act, key: Key) -> Mapping[str, object]:
        kasten, stores = self._kasten, self._open_store
        doing: dict[Do, Callable[[], Mapping[str, object]]] = {
            Do.ADD_IMPORT: lambda: importing.add_import(kasten, stores, act, key),
            Do.REMOVE_IMPORT: lambda: importing.remove_import(kasten, act, key),
            Do.BIND: lambda: bind(kasten, act),
            Do.UNBIND: lambda: unbind(kasten, act),
            Do.VERIFY: lambda: Verifier(kasten, self._voice).verify(act, key),
            Do.KEEP_RECEIVE: lambda: keep(kasten, stores, act, key, self._clock()),
            Do.FORGET_RECEIVE: lambda: forget(stores, act),
        }
        does = done_by(act)
        if does not in doing:
            raise Unsupported(f"{act.title}: K10 does this itself", backend=TOOL)
        return doing[does]()

    def cancel_operation(self, ref: OperationRef) -> None:
        """By a CancelAction."""
        cancel(self._kasten, ref)

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """K10's reasons, the innermost first, and its phases."""
        return Explainer(self._kasten, self._voice).explain(ref)

    def close(self) -> None:
        """Nothing is held; the cluster belongs to whoever gave it."""

    def list_stores(self) -> Sequence[Store]:
        """The catalogue, and every Location Profile that we may see: who may see none still sees
        points. The right that is missing is a finding of ``check``.
        """
        catalogue, profiles = catalogue_identity(self._kasten), list[Profile]()
        with suppress(PermissionDenied):
            profiles = list(self._profiles().values())
        return list_stores(profiles, catalogue, self._cluster.name)

    def explain_missing_store(self, store: Store) -> Finding:
        """What is to be created here."""
        return explain_store(store, self._voice)

    def list_schedules(self) -> Sequence[NativeSchedule]:
        """K10's policies that back something up."""
        home = self._kasten.namespace
        policies = list(self._kasten.list(POLICIES, Policy, namespace=home))
        runs = list(self._kasten.list(RUN_ACTIONS, Action, namespace=home))
        backups = self._kasten.list(BACKUP_ACTIONS, Action, selector=labels.RUN_ACTION)
        return list(native_schedules(policies, runs, backups, self._cluster.name, self._clock()))

    def review_points(self, points: Sequence[RecoveryPoint], now: datetime) -> Sequence[Finding]:
        """Last points that go soon, and manual ones that never do."""
        return list(posture.review_points(points, now, self._voice))

    def _wanted(self, does: Do, act: Act, key: Key) -> Wanted:
        match does:
            case Do.EXPORT:
                return wanted_export(self._kasten, act, key, self._clock())
            case Do.RESTORE:
                return wanted_restore(self._kasten, act, key)
            case Do.RUN_IMPORT:
                return importing.wanted_run(self._kasten, act, self._clock())
        return Wanted(
            kind=BACKUP_ACTIONS,
            namespace=text(act.payload, "namespace"),
            stem=text(act.payload, "stem"),
            spec={**table(act.payload, "spec"), **expiry(act, self._clock())},
            labels=words(act.payload, "labels"),
        )

    def _found(self, point: PointId) -> tuple[Point, Seen]:
        """The point that is meant: the name alone does not make it the same.

        Without a store the name is enough: right after a backup nothing else is known.
        """
        seen = read_one(self._kasten, self._voice, point.name) if point.tool == TOOL else None
        for found in seen.points if seen else ():
            if seen and (not point.store or seen.translator.store_of(found) == point.store):
                return found, seen
        name = self._cluster.name
        raise RecoveryPointNotFound(
            f"K10 in {name} shows no recovery point {point}", backend=TOOL, cluster=name
        )

    def _local(self, point: PointId) -> Point | None:
        try:
            return self._found(point)[0]
        except RecoveryPointNotFound:
            return None

    def _profiles(self) -> dict[str, Profile]:
        found = self._kasten.list(PROFILES, Profile, namespace=self._kasten.namespace)
        return {each.metadata.name: each for each in found}

    def _ref(self, handle: str) -> OperationRef:
        return OperationRef(tool=TOOL, cluster=self._cluster.name, handle=handle)
