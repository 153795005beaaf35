"""A backend in one file: the tool is a folder, and a recovery point is a file of JSON in it.

Nothing runs in the cluster, so every act is performed by our worker. It holds objects and no
volumes, and says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from slackwater.backend import Backend, BackendType, Context, Report, Stopped, hookimpl
from slackwater.clusters import NAMESPACES, PERSISTENT_VOLUME_CLAIMS, Cluster, Resource
from slackwater.errors import (
    BackendUnavailable,
    ClusterError,
    ObjectExists,
    OperationNotFound,
    RecoveryPointNotFound,
    Unsupported,
)
from slackwater.model.act import Act, ActKind, ActPlan, Key
from slackwater.model.capability import Capability, Description, Level, Support
from slackwater.model.finding import Finding, Severity
from slackwater.model.operation import Explanation, Operation, OperationRef, Phase, Progress
from slackwater.model.recovery_point import (
    Contents,
    HeldVolume,
    Place,
    PointId,
    RecoveryPoint,
    Stamp,
)
from slackwater.model.request import BackupRequest, Existing, PointQuery, RestoreRequest
from slackwater.model.workload import Scope, WorkloadKind

TOOL = "folders"
_CAN = (
    Capability.OBJECTS,
    Capability.OFF_CLUSTER,
    Capability.RESTORE_ELSEWHERE,
    Capability.MAP_NAMESPACES,
    Capability.DELETE,
)
_CLAIMS = PERSISTENT_VOLUME_CLAIMS.plural
_LEFT_OUT = {"events", "endpoints", "endpointslices", "leases", "pods", "replicasets", _CLAIMS}
"""What controllers make anew, and claims, which without their data would be empty volumes."""
_SERVERS_OWN = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


class Settings(BaseModel):
    """What stands under ``folders`` in the fleet file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(description="Where recovery points lie; the same for every cluster.")


class FoldersBackend(Backend):
    """The folder, as one cluster uses it."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._folder = settings.folder
        self._cluster = context.cluster
        self._clock = context.clock

    # Looking

    def describe(self) -> Description:
        """Objects, from anywhere to anywhere."""
        levels = {c: Level.SUPPORTED if c in _CAN else Level.UNSUPPORTED for c in Capability}
        support = {capability: Support(level=level) for capability, level in levels.items()}
        return Description(tool=TOOL, version="1", capabilities=support)

    def check(self) -> Sequence[Finding]:
        """The folder must be there."""
        if self._folder.is_dir():
            return ()
        return (self._error("no-folder", f"{self._folder} is not there", "make it, or mount it"),)

    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """One file, one point. What is inside is not looked at."""
        for path in sorted(self._folder.glob("*.json")):
            point = self._point(path.stem, _read(path), whole=False)
            if query.wants(point):
                yield point

    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """With its contents: the objects, and the volumes that are not in it."""
        path = self._path(point.name)
        if not path.exists():
            message = f"{point.name} is not in {self._folder}"
            raise RecoveryPointNotFound(message, backend=TOOL, cluster=self._cluster.name)
        return self._point(point.name, _read(path), whole=True)

    # Planning

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """One act: read the objects, write the file."""
        workload = request.workload
        if workload.kind is not WorkloadKind.NAMESPACE:
            return ActPlan(findings=(self._no(f"{workload} is no namespace"),))
        archive = Act(
            id="archive",
            kind=ActKind.PERFORMED,
            title=f"archive the objects of {workload}",
            effects=(f"adds a file to {self._folder}",),
            undo="delete the recovery point",
            payload={
                "namespace": workload.namespace,
                "stem": f"sw-{workload.cluster}-{workload.namespace}-{request.due:%d%H%M}",
                "stamp": request.stamp.model_dump(mode="json"),
            },
        )
        return ActPlan(acts=(archive,))

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """One act: create the objects. What exists stays."""
        mapping = request.mapping
        if request.existing is Existing.UPDATE or mapping.storage_classes or mapping.images:
            return ActPlan(findings=(self._no("only namespaces are mapped, nothing is updated"),))
        self.get_recovery_point(request.point.id)
        create = Act(
            id="create",
            kind=ActKind.PERFORMED,
            title=f"create the objects of {request.workload} in {request.namespace}",
            effects=("adds objects; leaves those that exist as they are",),
            writes=(request.namespace,),
            undo=f"delete the namespace {request.namespace}",
            payload={"point": request.point.name, "namespace": request.namespace},
        )
        return ActPlan(acts=(create,))

    def plan_deletion(self, point: PointId) -> ActPlan:
        """One act: remove the file."""
        self.get_recovery_point(point)
        delete = Act(
            id="delete",
            kind=ActKind.PERFORMED,
            title=f"delete {point.name}",
            effects=(f"removes {point.name} from {self._folder}",),
            payload={"point": point.name},
        )
        return ActPlan(acts=(delete,))

    # Doing

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Do one of the three acts; each may be done again by the same key."""
        if report.stopping:
            raise Stopped
        try:
            match act.id:
                case "archive":
                    return self._archive(act, key, report)
                case "create":
                    return self._create(act, report)
                case "delete":
                    self._path(str(act.payload["point"])).unlink(missing_ok=True)
                    return {}
        except ClusterError as error:
            raise BackendUnavailable(
                f"{TOOL}: {error}", backend=TOOL, cluster=self._cluster.name
            ) from error
        raise Unsupported(f"{TOOL} does not perform {act.id}", backend=TOOL)

    def _archive(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        name, namespace = key.name(str(act.payload["stem"])), str(act.payload["namespace"])
        if self._path(name).exists():
            return {"point": name}
        begin = self._clock()
        found = [*self._objects(namespace, report)]
        claims = self._cluster.list(PERSISTENT_VOLUME_CLAIMS.path(namespace))
        held = {
            "namespace": namespace,
            "begin": begin.isoformat(),
            "end": self._clock().isoformat(),
            "stamp": act.payload["stamp"],
            "claims": [claim["metadata"]["name"] for claim in claims],
            "objects": found,
        }
        making = self._folder / f".{name}.{os.getpid()}"
        making.write_text(json.dumps(held))
        try:
            os.link(making, self._path(name))  # fails where another performer was quicker
        except FileExistsError:
            pass
        finally:
            making.unlink()
        return {"point": name}

    def _objects(self, namespace: str, report: Report) -> Iterator[tuple[list[str], Any]]:
        kinds = [*_kinds(self._cluster)]
        for done, (resource, kind) in enumerate(kinds, start=1):
            head = {"apiVersion": _version(resource), "kind": kind}  # items of a list have none
            for item in self._cluster.list(resource.path(namespace)):
                yield [resource.group, resource.version, resource.plural], {**item, **head}
            report.progress(Progress(done=done, total=len(kinds), unit="kinds"))
            if report.stopping:
                raise Stopped

    def _create(self, act: Act, report: Report) -> Mapping[str, object]:
        held, target = _read(self._path(str(act.payload["point"]))), str(act.payload["namespace"])
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": target}}
        self._create_one(NAMESPACES.path(), space)
        for kind, item in held["objects"]:
            if report.stopping:
                raise Stopped
            kept = {k: v for k, v in item["metadata"].items() if k not in _SERVERS_OWN}
            body = {**item, "metadata": {**kept, "namespace": target}}
            self._create_one(Resource(*kind).path(target), body)
        return {}

    def _create_one(self, path: str, body: Mapping[str, Any]) -> None:
        try:
            self._cluster.create(path, body)
        except ObjectExists:
            return

    # What this tool has not

    def start(self, act: Act, key: Key) -> OperationRef:
        """Nothing is operated by a folder."""
        raise Unsupported(f"{TOOL} operates nothing: {act.id}, {key.step}", backend=TOOL)

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """So there is nothing to know."""
        del refs
        return {}

    def cancel_operation(self, ref: OperationRef) -> None:
        """Nor to cancel."""
        raise Unsupported(f"{TOOL} has no operations: {ref}", backend=TOOL)

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """Nor to explain."""
        raise OperationNotFound(f"{TOOL} has no operations: {ref}", backend=TOOL)

    def close(self) -> None:
        """Nothing is held open."""

    # Within

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _point(self, name: str, held: Mapping[str, Any], *, whole: bool) -> RecoveryPoint:
        """Identity is where it lies, never who shows it: the folder is the store."""
        store = self._folder.resolve().as_uri()
        stamp = Stamp.model_validate(held["stamp"])
        return RecoveryPoint(
            id=PointId(tool=TOOL, store=store, name=name),
            phase=Phase.SUCCEEDED,
            scope=Scope(namespaces=(held["namespace"],)),
            begin=datetime.fromisoformat(held["begin"]),
            end=datetime.fromisoformat(held["end"]),
            origin=stamp.cluster,
            contents=_contents(held) if whole else None,
            places=(Place(cluster=self._cluster.name, store_name="folder", writable=True),),
            stamp=stamp,
            made_by="slackwater",
        )

    def _no(self, message: str) -> Finding:
        return self._error("unsupported", message, "use another tool for it")

    def _error(self, code: str, message: str, way_out: str) -> Finding:
        return Finding(
            severity=Severity.ERROR,
            code=code,
            subject=str(self._folder),
            message=message,
            way_out=way_out,
            cluster=self._cluster.name,
            tool=TOOL,
        )


def _read(path: Path) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(path.read_text()))


def _contents(held: Mapping[str, Any]) -> Contents:
    namespace = held["namespace"]
    passed_over = tuple(
        HeldVolume(namespace=namespace, claim=claim, held=False, reason="a folder holds no volumes")
        for claim in held["claims"]
    )
    return Contents(objects={namespace: len(held["objects"])}, volumes=passed_over)


def _kinds(cluster: Cluster) -> Iterator[tuple[Resource, str]]:
    """Every namespaced kind that can be listed and created."""
    groups = cluster.get("/apis")["groups"]
    for version in ("v1", *(group["preferredVersion"]["groupVersion"] for group in groups)):
        group, _, number = version.rpartition("/")
        for served in cluster.get(f"/apis/{version}" if group else "/api/v1")["resources"]:
            name, verbs = served["name"], set(served["verbs"])
            plain = served["namespaced"] and {"list", "create"} <= verbs and "/" not in name
            if plain and name not in _LEFT_OUT:
                yield Resource(group, number, name), served["kind"]


def _version(resource: Resource) -> str:
    return f"{resource.group}/{resource.version}" if resource.group else resource.version


def _discover(cluster: Cluster) -> Mapping[str, object] | None:
    """No cluster tells of a folder."""
    del cluster
    return None


def _make(settings: BaseModel, context: Context) -> Backend:
    return FoldersBackend(cast(Settings, settings), context)


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Offer the folder."""
    yield BackendType(
        name=TOOL,
        summary="objects of namespaces, as files in a folder",
        settings=Settings,
        discover=_discover,
        create=_make,
    )
