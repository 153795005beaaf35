"""The in-memory backend: the smallest complete example of the contract.

Its backups, restores and deletions are operated by the tool itself. Where the target does not see
the store of a recovery point, two performed acts go around the restore: show the store, and hide
it again in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from slackwater.backend import (
    NativeSchedule,
    NativeSchedules,
    Posture,
    Report,
    SharedStores,
    Stamping,
    Stopped,
)
from slackwater.errors import KeyReused, OperationNotFound, Unsupported
from slackwater.model.act import Act, ActKind, ActPlan, Key
from slackwater.model.capability import Capability, Description, Level, Support
from slackwater.model.finding import Finding, Severity
from slackwater.model.operation import Explanation, Operation, OperationRef
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import BackupRequest, RestoreRequest, Store
from slackwater.model.workload import WorkloadKind
from slackwater.testing.memory import acts
from slackwater.testing.memory.records import Wanted
from slackwater.testing.memory.stored import StoredPoints
from slackwater.testing.memory.translation import handle, operation

_UNSUPPORTED = (Capability.CONTROL_PLANE, Capability.BY_IMPORT)
_SOON = timedelta(hours=24)


class MemoryBackend(StoredPoints, SharedStores, Stamping, NativeSchedules, Posture):
    """Operated acts, and performed ones around a restore from a store that is not shown."""

    name = "memory"

    def describe(self) -> Description:
        """Everything but control planes and imports; one restore at a time."""
        levels = {
            capability: Support(
                level=Level.UNSUPPORTED if capability in _UNSUPPORTED else Level.SUPPORTED
            )
            for capability in Capability
        }
        with self.translated():
            version = self.tool.read_version()
        return Description(
            tool=self.name, version=version, capabilities=levels, limits={acts.ONE_RESTORE: 1}
        )

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """One operated act."""
        if request.workload.kind not in (WorkloadKind.NAMESPACE, WorkloadKind.CLUSTER_OBJECTS):
            message = f"{self.name} backs up whole namespaces and cluster-scoped objects"
            return ActPlan(findings=(self.finding("unsupported", str(request.workload), message),))
        return ActPlan(acts=(acts.backup(request, self.store()),))

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """The restore, with the store shown around it where the cluster does not see it."""
        identity = request.point.id.store
        if any(self._belongs(name, identity) for name in self.stores()):
            self.get_recovery_point(request.point.id)
            return ActPlan(acts=(acts.restore(request, shown=False),))
        store = next((store for store in request.stores if store.identity == identity), None)
        if store is None:
            return ActPlan(findings=(self._no_store(request, identity),))
        return ActPlan(acts=(acts.show(store), acts.restore(request, shown=True), acts.hide(store)))

    def plan_deletion(self, point: PointId) -> ActPlan:
        """One operated act."""
        self.get_recovery_point(point)
        return ActPlan(acts=(acts.deletion(point),))

    def start(self, act: Act, key: Key) -> OperationRef:
        """Begin with the key as a label; what was begun with it before is compared."""
        if act.kind is not ActKind.OPERATED:
            raise Unsupported(f"{act.id} is not operated by {self.name}", backend=self.name)
        wanted = Wanted.model_validate(act.payload["wanted"])
        with self.translated():
            found = self.tool.begin(key.name(str(act.payload["stem"])), key.digest, wanted)
        if found.wanted != wanted:
            raise self._reused(found.name)
        return OperationRef(
            tool=self.name, cluster=self.cluster, handle=handle(wanted.kind, found.name)
        )

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """Read them all with one request."""
        with self.translated():
            records = self.tool.list_operations()
        named = {ref: ref.handle.partition("/")[2] for ref in refs}
        return {ref: operation(records[n], ref) for ref, n in named.items() if n in records}

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Show a store to this cluster, or hide it; for the run that the key names."""
        if report.stopping:
            raise Stopped
        name = str(act.payload["name"])
        with self.translated():
            if act.id == acts.SHOW:
                self.tool.show_store(name, str(act.payload["identity"]), key.run)
            elif act.id == acts.HIDE:
                self.tool.hide_store(name, key.run)
            else:
                raise Unsupported(f"{self.name} does not perform {act.id}", backend=self.name)
        return {"store": name}

    def cancel_operation(self, ref: OperationRef) -> None:
        """Stop it."""
        with self.translated(OperationNotFound):
            self.tool.stop_operation(ref.handle.partition("/")[2])

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """Return what the tool said."""
        with self.translated(OperationNotFound):
            record = self.tool.read_operation(ref.handle.partition("/")[2])
        return Explanation(
            errors=(record.message,) if record.message else (),
            log_tail=(f"{record.asked:%H:%M:%S} asked", f"{record.begins:%H:%M:%S} began"),
            native_command=f"memory show operation {record.name}",
        )

    def list_stores(self) -> Sequence[Store]:
        """Return the stores that the cluster sees."""
        return [
            Store(
                tool=self.name,
                identity=store.identity,
                cluster=self.cluster,
                name=name,
                writable=store.writable,
                available=store.available,
            )
            for name, store in self.stores().items()
        ]

    def explain_missing_store(self, store: Store) -> Finding:
        """Say how the store is shown to this cluster by hand."""
        way_out = f"memory show store {store.identity} --to {self.cluster} --read-only"
        message = f"{self.cluster} does not see the store {store.identity} of {store.cluster}"
        return self.finding("store-not-shown", store.name, message, way_out)

    def list_schedules(self) -> Sequence[NativeSchedule]:
        """Return the tool's own schedules."""
        with self.translated():
            records = self.tool.list_schedules()
        return [NativeSchedule(cluster=self.cluster, **record.model_dump()) for record in records]

    def review_points(self, points: Sequence[RecoveryPoint], now: datetime) -> Sequence[Finding]:
        """Warn of points that expire within a day."""
        return list(self._expiring(points, now))

    def _expiring(self, points: Sequence[RecoveryPoint], now: datetime) -> Iterator[Finding]:
        for point in points:
            if point.expires is not None and point.expires - now < _SOON:
                yield Finding(
                    severity=Severity.WARNING,
                    code="point-expires",
                    subject=point.name,
                    message=f"expires {point.expires:%Y-%m-%d %H:%M:%SZ}",
                    way_out="back the workload up again, or keep the point for longer",
                    cluster=self.cluster,
                    tool=self.name,
                )

    def _belongs(self, name: str, identity: str) -> bool:
        store = self.stores()[name]
        return store.identity == identity and not store.shown_for

    def _no_store(self, request: RestoreRequest, identity: str) -> Finding:
        message = f"{self.cluster} does not see the store {identity}, and nobody tells where it is"
        way_out = f"name a cluster that sees {identity} in the fleet file"
        return self.finding("store-not-shown", request.point.name, message, way_out)

    def _reused(self, name: str) -> KeyReused:
        return KeyReused(
            f"{self.name} in {self.cluster}: {name} was begun with another content",
            backend=self.name,
            cluster=self.cluster,
            operation=name,
        )
