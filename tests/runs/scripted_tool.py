"""A tool whose acts carry their own script, and the stage on which runs are played with it.

Everything lies in files, so that it outlives the process that did it. What an act does stands in
its payload:

    phases     what looks at its operation see, one after the other; the last one stays
    fails      generations that end as failed, worth another try
    stumbles   first calls that fail in passing
    point      the recovery point that comes of it
    gate       it goes on only when this file is there
    refuses    it cannot be cancelled
    error      it fails for good with these words
    restores   who the store of the control plane is from now on
    announces  who it will be, as the result tells before anything is turned back
"""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slackwater.backend import Backend, ControlPlane, Stamping, Stopped
from slackwater.clusters import ClusterIdentity
from slackwater.errors import (
    BackendUnavailable,
    ClusterUnreachable,
    ObjectNotFound,
    PermanentBackendError,
    RecoveryPointNotFound,
    Unsupported,
)
from slackwater.ledger import Ledger
from slackwater.model.act import Act, ActKind
from slackwater.model.capability import Description
from slackwater.model.operation import Explanation, Operation, OperationRef, Phase, Progress
from slackwater.model.own_record import OwnRecords
from slackwater.model.recovery_point import Contents, HeldVolume, PointId, RecoveryPoint
from slackwater.model.run import RunKind, RunRequest
from slackwater.model.step import Step
from slackwater.model.workload import Scope, Workload
from slackwater.runs import Runs, Timing

QUICK = Timing(
    poll_first=0.002,
    poll_longest=0.01,
    follow=0.01,
    again_first=0.002,
    again_longest=0.01,
    patience=30.0,
    appear=0.05,
    untold=0.2,
    identity=0.0,
    progress=0.0,
)
START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def nothing(_label: str) -> None:
    """Takes the place of what kills a process."""


class ScriptedTool(Backend, Stamping, ControlPlane):
    def __init__(self, folder: Path, cluster: str, tool: str, hit=nothing) -> None:
        self.folder, self.cluster, self.tool, self.hit = folder, cluster, tool, hit
        self.limits: dict[str, int] = {}
        self.findings = ()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def describe(self):
        return Description(tool=self.tool, limits=self.limits)

    def check(self):
        return self.findings

    def start(self, act, key):
        self._stumble(act)
        if act.payload.get("error"):
            raise PermanentBackendError(act.payload["error"])
        name = f"{key.step}-{key.generation}-{key.digest}"
        self.hit("before start")
        self._create("operations", name, act.model_dump_json())
        self.hit("after start")
        return OperationRef(tool=self.tool, cluster=self.cluster, handle=name)

    def get_operations(self, refs):
        return {ref: self._operation(ref) for ref in refs if self._path(ref).exists()}

    def _operation(self, ref):
        act = Act.model_validate_json(self._path(ref).read_text())
        phase = self._phase(ref, act)
        return Operation(
            ref=ref,
            phase=phase,
            tool_phase=phase.value.upper(),
            message="broken by script" if phase is Phase.FAILED else "",
            retryable=phase is Phase.FAILED and "fails" in act.payload,
            point=act.payload.get("point", "") if phase.terminal else "",
        )

    def _phase(self, ref, act):
        if self._path(ref).with_suffix(".cancelled").exists():
            return Phase.CANCELLED
        if not self._open(act):
            return Phase.RUNNING
        if int(ref.handle.rsplit("-", 2)[1]) <= act.payload.get("fails", 0):
            return Phase.FAILED
        phases = act.payload.get("phases", ["running", "succeeded"])
        return Phase(phases[min(self._count(f"looks-{ref.handle}"), len(phases) - 1)])

    def perform(self, act, key, report):
        self._stumble(act)
        if act.payload.get("error"):
            raise PermanentBackendError(act.payload["error"])
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            while not self._open(act):
                report.progress(Progress(done=1, total=2))
                if report.stopping:
                    raise Stopped
                time.sleep(0.002)
        finally:
            with self._lock:
                self.running -= 1
        self.hit("before perform")
        self._create("performed", f"{key.step}-{key.generation}-{key.digest}", act.id)
        if "restores" in act.payload:
            (self.folder / f"{self.cluster}.store").write_text(act.payload["restores"])
        self.hit("after perform")
        result = {"point": act.payload.get("point"), "control_plane": act.payload.get("announces")}
        return {name: value for name, value in result.items() if value}

    def control_plane_id(self):
        store = self.folder / f"{self.cluster}.store"
        return store.read_text() if store.exists() else ""

    def cancel_operation(self, ref):
        if Act.model_validate_json(self._path(ref).read_text()).payload.get("refuses"):
            raise Unsupported("it has no such thing")
        if Act.model_validate_json(self._path(ref).read_text()).payload.get("waits"):
            self._path(ref).unlink()
            return
        self._path(ref).with_suffix(".cancelled").touch()

    def explain_operation(self, ref):
        return Explanation(errors=(f"{ref.handle} is broken",), native_command="tool logs")

    def get_recovery_point(self, point):
        path = self.folder / "points" / point.name
        if not path.exists():
            raise RecoveryPointNotFound(f"no {point.name}")
        return RecoveryPoint.model_validate_json(path.read_text())

    def stamp(self, point, values):
        (self.folder / "points" / f"{point.name}.stamp").write_text(repr(dict(values)))

    def list_recovery_points(self, query):
        return iter(())

    def plan_backup(self, request):
        raise NotImplementedError

    plan_restore = plan_deletion = plan_backup

    def close(self):
        pass

    def _stumble(self, act):
        if self._count(f"tries-{act.id}") < act.payload.get("stumbles", 0):
            raise BackendUnavailable(f"{act.id} is not to be had at the moment")

    def _open(self, act):
        gate = act.payload.get("gate")
        return not gate or (self.folder / gate).exists()

    def _path(self, ref):
        return self.folder / "operations" / ref.handle

    def _create(self, kind, name, text):
        path = self.folder / kind / name
        path.parent.mkdir(exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        half.write_text(text)
        try:
            os.link(half, path)
        except FileExistsError:
            return
        finally:
            half.unlink()

    def _count(self, name):
        """Return how often this was counted before."""
        path = self.folder / "counts" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            before = file.tell()
            file.write(b".")
        return before


class ScriptedCluster:
    """A cluster with namespaces, which are files: the name, and the UID inside."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name

    def identity(self):
        if (self.folder / f"{self.name}.down").exists():
            raise ClusterUnreachable(f"{self.name} is down", cluster=self.name)
        moved = self.folder / f"{self.name}.moved"
        return ClusterIdentity(ca_hash="ca", uid="other" if moved.exists() else f"uid-{self.name}")

    def get(self, path):
        file = self._file(path)
        if not file.exists():
            raise ObjectNotFound(f"no {path}", cluster=self.name, status=404)
        return {"metadata": {"name": file.name, "uid": file.read_text()}}

    def delete(self, path, *, uid=None, propagation=None):
        assert self._file(path).read_text() == uid
        self._file(path).unlink()

    def _file(self, path):
        return self.folder / "namespaces" / path.rpartition("/")[2]


class Stage:
    """A ledger, clusters ``eu`` and ``us``, and tools in them made when first asked for."""

    def __init__(self, folder: Path, hit=nothing) -> None:
        self.folder, self.hit = folder, hit
        self.world_folder = folder / "world"
        self.world_folder.mkdir(exist_ok=True)
        self.ledger = Ledger.open(folder / "ledger.db", clock=self.clock)
        self.tools: dict[tuple[str, str], ScriptedTool] = {}

    def clock(self):
        return datetime.now(UTC)

    def backend(self, cluster, tool):
        key = (cluster, tool)
        if key not in self.tools:
            self.tools[key] = ScriptedTool(self.world_folder, cluster, tool, self.hit)
        return self.tools[key]

    def cluster(self, name):
        return ScriptedCluster(self.world_folder, name)

    @property
    def own_records(self):
        return OwnRecords(())

    def runs(self, timing=QUICK, on_event=None):
        return Runs(self.ledger, self, self.clock, timing=timing, on_event=on_event)

    def put_store(self, who, cluster="eu"):
        """Let the store of a control plane answer, as somebody."""
        (self.world_folder / f"{cluster}.store").write_text(who)

    def set_api(self, *, up, cluster="eu"):
        """Stop an API server, or start it."""
        down = self.world_folder / f"{cluster}.down"
        down.unlink(missing_ok=True) if up else down.touch()

    def open_gate(self, name):
        (self.world_folder / name).touch()

    def put_point(self, name, *, cluster="eu", namespace="shop", seconds=0, volumes=()):
        """Lay a recovery point down as a tool would have."""
        begin = START + timedelta(seconds=seconds)
        point = RecoveryPoint(
            id=PointId(tool="tool", store="s3", name=name),
            phase=Phase.SUCCEEDED,
            scope=Scope(namespaces=(namespace,)),
            begin=begin,
            end=begin + timedelta(seconds=5),
            origin=cluster,
            contents=Contents(objects={namespace: 3}, volumes=volumes),
        )
        path = self.world_folder / "points" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(point.model_dump_json())
        return point

    def put_namespace(self, name, uid):
        standing = self.world_folder / "namespaces" / name
        standing.parent.mkdir(exist_ok=True)
        standing.write_text(uid)

    def has_namespace(self, name):
        return (self.world_folder / "namespaces" / name).exists()

    def effects(self):
        """Everything that was done to the world, by deterministic names."""
        kinds = ("operations", "performed")
        found = {kind: sorted((self.world_folder / kind).glob("*")) for kind in kinds}
        return {kind: [p.name for p in paths if not p.suffix] for kind, paths in found.items()}

    def close(self):
        self.ledger.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def step(name, *, kind=ActKind.OPERATED, cluster="eu", **given):
    """Make a step of the scripted tool; what is no field of Step or Act goes into the payload."""
    of_act = {k: given.pop(k) for k in ("always", "limit", "timeout", "without_api") if k in given}
    fields = ("needs", "workload", "writes", "own", "of", "tool")
    of_step = {k: given.pop(k) for k in fields if k in given}
    act = Act(id=name, kind=kind, title=name, payload=given, **of_act)
    return Step(**{"id": name, "cluster": cluster, "tool": "tool", "act": act, **of_step})


def request(*steps, run="r1", kind=RunKind.RESTORE, **given):
    return RunRequest(id=run, kind=kind, title="a test", steps=steps, **given)


def workload(namespace, cluster="eu"):
    return Workload(cluster=cluster, namespace=namespace)


def skipped_volume(namespace="shop"):
    return HeldVolume(namespace=namespace, claim="data", held=False, reason="hostPath")


def states(run):
    return {record.step.id: record.state.value for record in run.steps}
