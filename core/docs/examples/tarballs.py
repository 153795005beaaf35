"""A backend in one file: the tool is a folder of tar files, and each of them a recovery point.

Nothing runs in the cluster, so every act is performed by our worker. It holds objects and no
volumes, and says so.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from slackwater.backend import BackendType, Context, PerformsOnly, Report, Stopped, hookimpl
from slackwater.backend.cluster_errors import ClusterErrors
from slackwater.backend.voice import Voice
from slackwater.clusters import NAMESPACES, PERSISTENT_VOLUME_CLAIMS, Resource, served_kinds
from slackwater.errors import BackendUnavailable, ObjectExists, RecoveryPointNotFound, Unsupported
from slackwater.model import recovery_point as points
from slackwater.model.act import Act, ActKind, ActPlan, Key
from slackwater.model.capability import Capability, Description, Level, Support
from slackwater.model.finding import Finding
from slackwater.model.operation import Phase, Progress
from slackwater.model.request import BackupRequest, Existing, PointQuery, RestoreRequest
from slackwater.model.workload import Scope, WorkloadKind

TOOL = "tarballs"
_ENDING, _YES = ".tar.gz", Level.SUPPORTED
_CAN = {"objects", "off-cluster", "restore-elsewhere", "map-namespaces", "delete"}
_CLAIMS = PERSISTENT_VOLUME_CLAIMS.plural  # without their data they would be empty volumes
_LEFT_OUT = {"events", "endpoints", "endpointslices", "leases", "pods", "replicasets", _CLAIMS}
_SERVERS_OWN = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
_ERRORS = ClusterErrors(TOOL, not_installed="tar files need nothing in a cluster")


class Settings(BaseModel):
    """What stands under ``tarballs`` in the fleet file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(description="Where the tar files lie; the same for every cluster.")


class _Voice(Voice):
    tool = TOOL


class TarballsBackend(PerformsOnly):
    tool_name = TOOL

    def __init__(self, settings: BaseModel, context: Context) -> None:
        self._folder = cast(Settings, settings).folder
        self._store = self._folder.resolve().as_uri()
        self._cluster, self._clock, self._spool = context.cluster, context.clock, context.spool
        self._says = _Voice(context.cluster.name)
        self._who = {"backend": TOOL, "cluster": context.cluster.name}

    def describe(self) -> Description:
        """Objects, from anywhere to anywhere."""
        support = {c: Support(level=_YES if c in _CAN else Level.UNSUPPORTED) for c in Capability}
        why = "" if self._folder.is_dir() else f"{self._folder} is not there"
        here = {"available": not why, "reason": why, "capabilities": support}
        return Description(tool=TOOL, version="1", **here)

    def check(self) -> Sequence[Finding]:
        why = self.describe().reason
        return (self._says.error("no-folder", TOOL, why, "make it, or mount it"),) if why else ()

    def list_recovery_points(self, query: PointQuery) -> Iterator[points.RecoveryPoint]:
        """One file, one point. Of each the first member is read, and nothing else."""
        with self._named_errors("list tar files"):
            for name in sorted(path.name for path in self._folder.iterdir()):
                if name.endswith(_ENDING) and not name.startswith("."):
                    point = self._point(name.removesuffix(_ENDING), whole=False)
                    yield from (point,) if query.wants(point) else ()

    def get_recovery_point(self, point: points.PointId) -> points.RecoveryPoint:
        """With its contents: the objects, and the volumes that are not in it."""
        if point.store not in ("", self._store) or not self._path(point.name).exists():
            raise RecoveryPointNotFound(f"{point.name} is not in {self._store}", **self._who)
        return self._point(point.name, whole=True)

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """One act: read the objects, write the file."""
        workload = request.workload
        if workload.kind is not WorkloadKind.NAMESPACE:
            return self._no(f"{workload} is no namespace")
        stem = f"sw-{workload.cluster}-{workload.namespace}-{request.due:%d%H%M}"
        stamp = request.stamp.model_dump(mode="json")
        payload = {"namespace": workload.namespace, "stem": stem, "stamp": stamp}
        title, undo = f"archive the objects of {workload}", "delete the recovery point"
        return _plan("archive", title, f"adds a file to {self._folder}", payload, undo=undo)

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """One act: create the objects. What exists stays."""
        mapping = request.mapping
        if request.existing is Existing.UPDATE or mapping.storage_classes or mapping.images:
            return self._no("only namespaces are mapped, nothing is updated")
        self.get_recovery_point(request.point.id)
        target, effect = request.namespace, "adds objects; leaves those that exist as they are"
        title, undo = f"create the objects of {request.workload}", f"delete the namespace {target}"
        payload = {"point": request.point.name, "namespace": target}
        return _plan("create", title, effect, payload, writes=(target,), undo=undo)

    def plan_deletion(self, point: points.PointId) -> ActPlan:
        self.get_recovery_point(point)
        effect = f"removes {point.name} from {self._folder}"
        return _plan("delete", f"delete {point.name}", effect, {"point": point.name})

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Do one of the three acts; each may be done again by the same key."""
        _stop_if_asked(report)
        with self._named_errors(act.id):
            match act.id:
                case "archive":
                    return self._archive(act, key, report)
                case "create":
                    return self._create(act, report)
                case "delete":
                    self._path(str(act.payload["point"])).unlink(missing_ok=True)
                    return {}
        raise Unsupported(f"{TOOL} does not perform {act.id}", **self._who)

    def _archive(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        name, namespace = key.name(str(act.payload["stem"])), str(act.payload["namespace"])
        if self._path(name).exists():
            return {"point": name}
        begin = self._clock().isoformat()
        found = [*self._objects(namespace, report)]
        claims = self._cluster.list(PERSISTENT_VOLUME_CLAIMS.path(namespace))
        head: dict[str, object] = {"claims": [claim["metadata"]["name"] for claim in claims]}
        head |= {"begin": begin, "end": self._clock().isoformat(), "namespace": namespace}
        head["stamp"] = act.payload["stamp"]
        made = self._spool / f"{name}{_ENDING}"
        with tarfile.open(made, "w:gz") as tar:
            for number, held in enumerate([head, *found]):
                text = json.dumps(held).encode()
                member = tarfile.TarInfo(f"{number:06}.json")
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text))
        beside = self._folder / f".{name}.{os.getpid()}"
        shutil.move(made, beside)
        with suppress(FileExistsError):  # another performer was quicker
            os.link(beside, self._path(name))
        beside.unlink()
        return {"point": name}

    def _objects(self, namespace: str, report: Report) -> Iterator[Mapping[str, Any]]:
        served = (kind for kind in served_kinds(self._cluster) if kind.resource.namespaced)
        listed = (kind for kind in served if {"list", "create"} <= kind.verbs)
        kinds = [kind for kind in listed if kind.resource.plural not in _LEFT_OUT]
        for done, kind in enumerate(kinds, start=1):
            head = {"apiVersion": kind.api_version, "kind": kind.kind}  # items of a list have none
            for item in self._cluster.list(kind.resource.path(namespace)):
                yield {"plural": kind.resource.plural, "object": {**item, **head}}
            report.progress(Progress(done=done, total=len(kinds), unit="kinds"))
            _stop_if_asked(report)

    def _create(self, act: Act, report: Report) -> Mapping[str, object]:
        target = str(act.payload["namespace"])
        with suppress(ObjectExists):
            self._cluster.create(NAMESPACES.path(), {"metadata": {"name": target}})
        for held in [*_members(self._path(str(act.payload["point"])))][1:]:
            _stop_if_asked(report)
            item = held["object"]
            kept = {k: v for k, v in item["metadata"].items() if k not in _SERVERS_OWN}
            group, _, version = item["apiVersion"].rpartition("/")
            path = Resource(group, version, held["plural"]).path(target)
            with suppress(ObjectExists):
                self._cluster.create(path, {**item, "metadata": {**kept, "namespace": target}})
        return {}

    def close(self) -> None:
        """Nothing is held open."""

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_ENDING}"

    def _point(self, name: str, *, whole: bool) -> points.RecoveryPoint:
        """Identity is where it lies, never who shows it: the folder is the store."""
        place = points.Place(cluster=self._cluster.name, writable=True)
        known = {"id": points.PointId(tool=TOOL, store=self._store, name=name), "places": (place,)}
        try:
            members = _members(self._path(name))
            head, rest = next(members), [*members] if whole else []
            stamp = points.Stamp.model_validate(head["stamp"]) if head["stamp"] else None
            return points.RecoveryPoint(
                phase=Phase.SUCCEEDED,
                scope=Scope(namespaces=(head["namespace"],)),
                begin=datetime.fromisoformat(head["begin"]),
                end=datetime.fromisoformat(head["end"]),
                origin=stamp.cluster if stamp else "",
                contents=_contents(head, len(rest)) if whole else None,
                stamp=stamp,
                **known,
            )
        except (tarfile.TarError, EOFError, ValueError, KeyError, StopIteration) as error:
            why = self._says.error("unreadable", name, f"{name}: {error}", "look at the file")
            unknown = {"phase": Phase.UNKNOWN, "scope": Scope(), "findings": (why,)}
            return points.RecoveryPoint(**known, **unknown)

    def _no(self, message: str) -> ActPlan:
        finding = self._says.error("unsupported", TOOL, message, "use another tool for it")
        return ActPlan(findings=(finding,))

    @contextmanager
    def _named_errors(self, doing: str) -> Iterator[None]:
        try:
            with _ERRORS.translated(self._cluster.name, doing):
                yield
        except OSError as error:
            raise BackendUnavailable(f"cannot {doing}: {error}", **self._who) from error


def _stop_if_asked(report: Report) -> None:
    if report.stopping:
        raise Stopped


def _members(path: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(path) as tar:
        for member in tar:
            yield json.load(cast(io.BufferedReader, tar.extractfile(member)))


def _contents(head: Mapping[str, Any], objects: int) -> points.Contents:
    space, why = head["namespace"], "tar files hold no volumes"
    passed_over = {"namespace": space, "held": False, "reason": why}
    volumes = tuple(points.HeldVolume(claim=claim, **passed_over) for claim in head["claims"])
    return points.Contents(objects={space: objects}, volumes=volumes)


def _plan(name: str, title: str, effect: str, payload: Mapping[str, Any], **more: Any) -> ActPlan:
    told = {"id": name, "title": title, "effects": (effect,), "payload": payload}
    return ActPlan(acts=(Act(kind=ActKind.PERFORMED, **told, **more),))


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Offer the folder. No cluster tells of one, so nothing is discovered."""
    summary = "objects of namespaces, as tar files in a folder"
    yield BackendType(TOOL, summary, Settings, discover=lambda _: None, create=TarballsBackend)
