"""The backend: Velero in one cluster, by its custom resources only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from slackwater.backend import (
    Backend,
    Context,
    NativeSchedule,
    NativeSchedules,
    Posture,
    Report,
    SharedStores,
    Stamping,
    Stopped,
)
from slackwater.clusters import Resource
from slackwater.errors import RecoveryPointNotFound, Unsupported
from slackwater.model.act import Act, ActPlan, Key
from slackwater.model.capability import Description
from slackwater.model.finding import Finding
from slackwater.model.operation import Explanation, Operation, OperationRef
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import BackupRequest, PointQuery, RestoreRequest, Store
from slackwater.model.workload import WorkloadKind
from slackwater_velero import (
    change_acts,
    deletion,
    describing,
    kind_acts,
    labels,
    posture,
    store_acts,
)
from slackwater_velero.access import Velero
from slackwater_velero.acts import Do, done_by, table, text
from slackwater_velero.backup_acts import BackupPlanner
from slackwater_velero.cancelling import cancel
from slackwater_velero.checks import Checker
from slackwater_velero.downloads import Downloads
from slackwater_velero.explaining import Explainer
from slackwater_velero.inside import look_inside
from slackwater_velero.locations import authority_of, read_locations, store_of
from slackwater_velero.missing_stores import explain_missing
from slackwater_velero.movers import Movers
from slackwater_velero.objects import Backup, DeleteRequest, Schedule
from slackwater_velero.operations import Operations
from slackwater_velero.resource_policies import Policies
from slackwater_velero.resources import BACKUPS, DELETE_REQUESTS, RESTORES, SCHEDULES
from slackwater_velero.restore_planning import RestorePlanner
from slackwater_velero.schedules import native_schedule
from slackwater_velero.server import ask_server, read_setup
from slackwater_velero.settings import VeleroSettings
from slackwater_velero.stamps import later_annotations
from slackwater_velero.starting import start_once
from slackwater_velero.translation import Translator, is_phantom
from slackwater_velero.verification import Verifier
from slackwater_velero.voice import TOOL, Voice
from slackwater_velero.volume_review import review_volumes
from slackwater_velero.young_kinds import find_young_kinds

_WRITES: Mapping[Do, Callable[[Velero, Act, Key], dict[str, object]]] = {
    Do.SHOW_STORE: store_acts.show_store,
    Do.ADD_CHANGES: change_acts.add_changes,
    Do.REMOVE_CHANGES: change_acts.remove_changes,
}


class VeleroBackend(Backend, SharedStores, NativeSchedules, Stamping, Posture):
    """One installation of Velero. Keeps nothing: every answer is read anew."""

    def __init__(self, settings: VeleroSettings, context: Context, *, page: int = 500) -> None:
        self._settings = settings
        self._cluster = context.cluster
        self._clock: Callable[[], datetime] = context.clock
        self._velero = Velero(context.cluster, settings.namespace, page)
        self._voice = Voice(context.cluster.name, settings.namespace)
        self._downloads = Downloads(
            self._velero,
            settings.answer_within,
            lambda: context.secret(settings.ca).encode() if settings.ca else b"",
        )

    def describe(self) -> Description:
        """Velero here, by its Deployment where we may read it, else by asking the server."""
        served = self._velero.find_at("/apis/velero.io/v1", "look up velero.io", dict[str, object])
        if served is None:
            return describing.not_available("the API does not serve velero.io/v1")
        setup = read_setup(self._velero)
        return describing.describe(
            setup,
            setup.image_version or self._asked_version(),
            self._settings.volumes,
            self._settings.namespace,
        )

    def check(self) -> Sequence[Finding]:
        """Rights, locations, server, backups that stand still, schedules that never run."""
        return list(Checker(self._velero, self._settings, self._voice, self._clock()).check())

    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """Every Backup, whoever made it, but for failed attempts under a taken name."""
        translator = self._translator()
        for backup in self._velero.list(BACKUPS, Backup):
            if is_phantom(backup):
                continue
            point = translator.point(backup)
            if query.wants(point):
                yield point

    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """The Backup, judged by the files that Velero wrote of it. A few seconds."""
        translator = self._translator()
        backup = self._backup_of(point, translator)
        location = translator.location_of(backup)
        noted = (backup.metadata.annotations or {}).get(labels.YOUNG_KINDS, "")
        return look_inside(
            translator.point(backup),
            location,
            self._downloads,
            self._voice,
            young_kinds=noted.split(",") if noted else (),
        )

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """One act: a Backup object."""
        locations = read_locations(self._velero)
        kind, namespace = request.workload.kind, request.workload.namespace
        carried = kind in (WorkloadKind.NAMESPACE, WorkloadKind.CLUSTER_OBJECTS)
        young = find_young_kinds(self._velero, namespace, self._clock()) if carried else ()
        plan = BackupPlanner(self._settings, self._voice, locations, young).plan(request)
        if kind is not WorkloadKind.NAMESPACE:
            return plan
        volumes = review_volumes(self._velero, namespace, self._settings.volumes, self._voice)
        return plan.model_copy(update={"findings": (*plan.findings, *volumes)})

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """Show the store if need be, wait for its sync, restore, verify, clean up."""
        locations = read_locations(self._velero)
        backup = self._velero.find(BACKUPS, request.point.name, Backup)
        return RestorePlanner(request, self._voice, locations, backup).plan()

    def plan_deletion(self, point: PointId) -> ActPlan:
        """One act: a DeleteBackupRequest, or removal of a record without data."""
        translator = self._translator()
        backup = self._backup_of(point, translator)
        requests = [
            each
            for each in self._velero.list(DELETE_REQUESTS, DeleteRequest)
            if each.spec.backup_name == point.name
        ]
        return deletion.plan_deletion(backup, translator.location_of(backup), requests, self._voice)

    def start(self, act: Act, key: Key) -> OperationRef:
        """Create the object of the act once; a wait for a sync creates nothing."""
        match done_by(act):
            case Do.BACKUP:
                return self._ref(f"backup/{self._start_once(BACKUPS, act, key)}")
            case Do.RESTORE:
                return self._ref(f"restore/{self._start_once(RESTORES, act, key)}")
            case Do.DELETE:
                return self._ref(deletion.start_deletion(self._velero, act, key))
            case Do.WAIT_FOR_SYNC:
                payload = act.payload
                return self._ref(f"sync/{text(payload, 'location')}/{text(payload, 'backup')}")
        raise Unsupported(f"{act.title}: we perform this ourselves", backend=TOOL)

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """One request for each sort of operation, or few."""
        now, limit = self._clock(), timedelta(seconds=self._settings.mover_gone_after)
        operations = Operations(self._velero, self._voice, now, Movers(self._velero, now, limit))
        return {operation.ref: operation for operation in operations.read(refs)}

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Small writes beside a restore, and the comparison after it."""
        if report.stopping:
            raise Stopped
        do = done_by(act)
        if write := _WRITES.get(do):
            return write(self._velero, act, key)
        match do:
            case Do.HIDE_STORE:
                return store_acts.hide_store(self._velero, act, key, report)
            case Do.CHOOSE_KINDS:
                return kind_acts.choose_kinds(self._velero, self._downloads, act, key)
            case Do.VERIFY:
                return Verifier(self._velero, self._downloads, self._voice).verify(act, key)
            case Do.REMOVE_RECORD:
                return deletion.remove_record(self._velero, act)
        raise Unsupported(f"{act.title}: Velero does this itself", backend=TOOL)

    def cancel_operation(self, ref: OperationRef) -> None:
        """Only what still waits can be removed."""
        cancel(self._velero, ref)

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """Velero's errors and log, downloaded where they are."""
        return Explainer(self._velero, self._downloads, self._voice).explain(ref)

    def close(self) -> None:
        """Nothing is held; the cluster belongs to whoever gave it."""

    def list_stores(self) -> Sequence[Store]:
        """Every BackupStorageLocation, with all that another cluster needs but credentials."""
        return [
            store_of(location, self._cluster.name, authority_of(self._velero, location))
            for location in read_locations(self._velero).values()
        ]

    def explain_missing_store(self, store: Store) -> Finding:
        """What is to be created here, as YAML; with a Secret where no credentials are here yet."""
        return explain_missing(store, read_locations(self._velero), self._voice)

    def list_schedules(self) -> Sequence[NativeSchedule]:
        """Velero's Schedules."""
        schedules = self._velero.list(SCHEDULES, Schedule)
        return [native_schedule(each, self._cluster.name) for each in schedules]

    def stamp(self, point: PointId, values: Mapping[str, str]) -> None:
        """Write the values on the Backup in *this* cluster: what is patched on is not synced."""
        translator = self._translator()
        name = self._backup_of(point, translator).metadata.name
        change = {"metadata": {"annotations": later_annotations(values)}}
        if self._velero.patch(BACKUPS, name, change) is None:
            raise self._no_point(point)

    def review_points(self, points: Sequence[RecoveryPoint], now: datetime) -> Sequence[Finding]:
        """Last points that the collector is about to delete."""
        return list(posture.review_points(points, now, self._voice))

    def _translator(self) -> Translator:
        policies = Policies(self._velero)
        return Translator(self._voice, read_locations(self._velero), policies.filters)

    def _start_once(self, kind: Resource, act: Act, key: Key) -> str:
        return start_once(self._velero, kind, act, key, table(act.payload, "spec"))

    def _ref(self, handle: str) -> OperationRef:
        return OperationRef(tool=TOOL, cluster=self._cluster.name, handle=handle)

    def _asked_version(self) -> str:
        answer = ask_server(self._velero, self._settings.answer_within)
        return answer.server_version if answer else ""

    def _backup_of(self, point: PointId, translator: Translator) -> Backup:
        """The Backup that stands for a point here: the name alone does not make it the same.

        Without a store the name is enough: right after a backup nothing else is known.
        """
        backup = self._velero.find(BACKUPS, point.name, Backup) if point.tool == TOOL else None
        if backup is None or is_phantom(backup):
            raise self._no_point(point)
        if point.store and translator.point(backup).id != point:
            raise self._no_point(point)
        return backup

    def _no_point(self, point: PointId) -> RecoveryPointNotFound:
        name = self._cluster.name
        return RecoveryPointNotFound(
            f"Velero in {name} shows no recovery point {point}", backend=TOOL, cluster=name
        )
