"""The other in-memory backend: it backs up a whole control plane by an act of our own worker.

The backup is one performed act that ends with the conditional creation of the point; the bytes in
the making lie in the spool. A restore asks a person to stop the writers first, and to start them
again. Nothing of it is operated by the tool, and nothing of it needs the API server: the store of
the control plane is reached by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from slackwater.backend import ControlPlane, Report, Stamping, Stopped
from slackwater.errors import BackendError, Unsupported
from slackwater.model.act import Act, ActKind, ActPlan, Key
from slackwater.model.capability import Capability, Description, Level, Support
from slackwater.model.operation import Explanation, Operation, OperationRef, Progress
from slackwater.model.recovery_point import PointId, Stamp
from slackwater.model.request import BackupRequest, Existing, RestoreRequest
from slackwater.model.workload import Scope, WorkloadKind
from slackwater.testing.memory.records import Held, Namespace, Refusal
from slackwater.testing.memory.stored import StoredPoints
from slackwater.testing.memory.tool import Refused

_CAN = (Capability.CONTROL_PLANE, Capability.OFF_CLUSTER, Capability.DELETE)


class ArchiveBackend(StoredPoints, Stamping, ControlPlane):
    """Performed acts, and two for a person."""

    name = "memory-archive"

    def describe(self) -> Description:
        """Control planes, in place, and nothing else."""
        levels = {
            capability: Support(level=Level.SUPPORTED if capability in _CAN else Level.UNSUPPORTED)
            for capability in Capability
        }
        with self.translated():
            version = self.tool.read_version()
        return Description(tool=self.name, version=version, capabilities=levels)

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """One performed act."""
        if request.workload.kind is not WorkloadKind.CONTROL_PLANE:
            message = f"{self.name} backs up control planes only"
            return ActPlan(findings=(self.finding("unsupported", str(request.workload), message),))
        store = self.store()
        archive = Act(
            id="archive",
            kind=ActKind.PERFORMED,
            title=f"archive {request.workload}",
            effects=(f"adds a recovery point to {store}",),
            undo="delete the recovery point",
            payload={
                "stem": f"sw-{request.workload.cluster}-control-plane-{request.due:%d%H%M}",
                "store": store,
                "stamp": request.stamp.model_dump(mode="json"),
            },
        )
        return ActPlan(acts=(archive,))

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """Fetch and verify; put the objects in place while a person keeps the writers stopped."""
        mapping = request.mapping
        mapped = any(mapping.model_dump().values())
        elsewhere = request.target != request.workload.cluster
        if mapped or elsewhere or request.existing is Existing.UPDATE:
            message = f"{self.name} brings a control plane back as it was, where it was"
            return ActPlan(findings=(self.finding("unsupported", str(request.workload), message),))
        self.get_recovery_point(request.point.id)
        payload = {"store": request.point.id.store, "point": request.point.name}
        return ActPlan(acts=tuple(_restore_acts(request, payload)))

    def plan_deletion(self, point: PointId) -> ActPlan:
        """One performed act."""
        self.get_recovery_point(point)
        delete = Act(
            id="delete",
            kind=ActKind.PERFORMED,
            title=f"delete {point.name}",
            effects=(f"removes {point.name} from {point.store}",),
            payload={"store": point.store, "point": point.name},
        )
        return ActPlan(acts=(delete,))

    def start(self, act: Act, key: Key) -> OperationRef:
        """The tool operates nothing."""
        raise Unsupported(f"{act.id} ({key.step}) is not operated by {self.name}")

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """The tool operates nothing, so there is nothing to know."""
        return {}

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Archive, fetch, put in place or delete."""
        if report.stopping:
            raise Stopped
        with self.translated():
            match act.id:
                case "archive":
                    return self._archive(act, key, report)
                case "fetch":
                    return self._fetch(act, key, report)
                case "apply":
                    return self._apply(act, key)
                case "delete":
                    self.tool.remove_point(str(act.payload["store"]), str(act.payload["point"]))
                    return {}
        raise Unsupported(f"{self.name} does not perform {act.id}", backend=self.name)

    def cancel_operation(self, ref: OperationRef) -> None:
        """The tool operates nothing."""
        raise Unsupported(f"{self.name} has no operations: {ref}", backend=self.name)

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """The tool operates nothing."""
        raise self.unknown(ref.handle)

    def control_plane_id(self) -> str:
        """Return who the store is, or nothing where it does not answer."""
        try:
            with self.translated():
                return self.tool.read_control_plane()
        except BackendError:
            return ""

    def _archive(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        store, name = str(act.payload["store"]), key.name(str(act.payload["stem"]))
        if self._is_there(store, name):
            return {"point": name}
        begin = self.world.now()
        objects = self.tool.read_objects(Scope(cluster_objects=True, namespaces=("*",)))
        spooled = self._spool(f"{name}.part", _lines(objects), report)
        point = Held(
            tool=self.name,
            store=store,
            name=name,
            scope=Scope(control_plane=True),
            begin=begin,
            end=self.world.now(),
            made_by="slackwater",
            stamp=Stamp.model_validate(act.payload["stamp"]),
            namespaces=dict(_read(spooled)),
        )
        self.tool.create_point(point)
        spooled.unlink()
        return {"point": name}

    def _fetch(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        point = self.tool.read_point(str(act.payload["store"]), str(act.payload["point"]))
        spooled = self._spool(f"{key.name('fetched')}.part", _lines(point.namespaces), report)
        verified = len(dict(_read(spooled)))
        spooled.unlink()
        return {"verified": verified, "control_plane": _made_anew(key)}

    def _apply(self, act: Act, key: Key) -> Mapping[str, object]:
        store, name = str(act.payload["store"]), str(act.payload["point"])
        self.tool.replace_objects(self.tool.read_point(store, name), _made_anew(key))
        return {}

    def _is_there(self, store: str, name: str) -> bool:
        try:
            self.tool.read_point(store, name)
        except Refused as refused:
            if refused.refusal is not Refusal.MISSING:
                raise
            return False
        return True

    def _spool(self, name: str, lines: Sequence[str], report: Report) -> Path:
        """Write the lines into the spool, ready to leave after each."""
        self.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.spool / name
        with path.open("w") as file:
            for number, line in enumerate(lines, start=1):
                file.write(line + "\n")
                report.progress(Progress(done=number, total=len(lines), unit="namespaces"))
                if report.stopping:
                    path.unlink()
                    raise Stopped
        return path


def _made_anew(key: Key) -> str:
    """Return who the store will be after the restore of this run."""
    return f"restored by {key.run}"


def _restore_acts(request: RestoreRequest, payload: Mapping[str, object]) -> Iterator[Act]:
    cluster = request.target
    yield Act(
        id="fetch",
        kind=ActKind.PERFORMED,
        title=f"fetch and verify {request.point.name}",
        without_api=True,
        effects=("writes into the spool, and removes it from there",),
        payload=payload,
    )
    yield Act(
        id="stop-writers",
        kind=ActKind.PERSON,
        title=f"stop the API servers of {cluster}",
        needs=("fetch",),
        without_api=True,
        instructions=f"Stop every API server of {cluster}, then confirm.",
    )
    yield Act(
        id="apply",
        kind=ActKind.PERFORMED,
        title=f"put the objects of {request.point.name} in place",
        needs=("stop-writers",),
        without_api=True,
        writes=("",),
        effects=(f"replaces all objects of {cluster}",),
        payload=payload,
    )
    yield Act(
        id="start-writers",
        kind=ActKind.PERSON,
        title=f"start the API servers of {cluster}",
        needs=("apply",),
        without_api=True,
        instructions=f"Start every API server of {cluster}, then confirm.",
    )


def _lines(namespaces: Mapping[str, Namespace]) -> list[str]:
    return [
        json.dumps([name, namespace.model_dump(mode="json", exclude={"volumes"})])
        for name, namespace in sorted(namespaces.items())
    ]


def _read(path: Path) -> Iterator[tuple[str, Namespace]]:
    for line in path.read_text().splitlines():
        name, body = json.loads(line)
        yield name, Namespace.model_validate(body)
