"""Hooks: pods hold still while their volumes are taken, and are let go whatever happens."""

from __future__ import annotations

import json

import pytest

from slackwater.backend import Stopped
from slackwater.errors import BackendError, PermissionDenied
from slackwater.model.act import Key
from slackwater.model.finding import Severity
from slackwater.model.operation import Phase
from slackwater.testing.artefacts import StoreTrouble
from slackwater.testing.conformance.worker import Progresses
from slackwater.testing.kubernetes_api import Cut, Outcome, Refuse, Rule
from slackwater_csi import labels
from slackwater_csi.emulator.definitions import SNAPSHOTS
from slackwater_csi.hooks import Hook, When, hook_of
from slackwater_csi.objects import Container, Metadata, Pod, PodSpec, PodStatus

PRE, POST = "pre.hook.backup.velero.io", "post.hook.backup.velero.io"
SECRET = "s3cr3t-word"


def pod(stage, name, *, claim="data", phase="Running", space="shop", **annotations):
    """A pod that locks before and unlocks after, or what the annotations say."""
    given = annotations or {f"{PRE}/command": '["lock", "now"]', f"{POST}/command": "unlock"}
    volume = {"name": claim, "persistentVolumeClaim": {"claimName": claim}}
    stage.api.seed(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": space, "annotations": given},
            "spec": {"containers": [{"name": "db"}, {"name": "side"}], "volumes": [volume]},
            "status": {"phase": phase},
        }
    )


class Runner:
    """What the containers do: each command, and how many snapshots there were, taken and ready."""

    def __init__(self, stage):
        self.stage, self.ran, self.outcomes = stage, [], {}
        stage.api.runner = self

    def __call__(self, command):
        found = [each.get("status") or {} for each in self.stage.api.list(SNAPSHOTS)]
        taken = sum("creationTime" in each for each in found)
        ready = sum(each.get("readyToUse") is True for each in found)
        self.ran.append((command.pod, " ".join(command.words), len(found), taken, ready))
        return self.outcomes.get((command.pod, command.words[0]), Outcome())

    @property
    def words(self):
        return [f"{name}: {words}" for name, words, *_ in self.ran]


@pytest.fixture
def runner(stage):
    return Runner(stage)


def plan_of(stage, backend, **how):
    return backend.plan_backup(stage.request(**how))


def acts_of(stage, **settings):
    backend = stage.backend(hooks=True, **settings)
    return backend, {act.id: act for act in plan_of(stage, backend).acts}


def held(stage):
    return [each["metadata"]["name"] for each in stage.api.list("pods", "shop", labels=labels.HELD)]


def test_pods_hold_still_from_before_the_first_snapshot_until_the_last_is_taken(stage, runner):
    pod(stage, "db-0")
    pod(stage, "db-1", claim="media")
    stage.csi.faults.stalled = True  # taken, and not ready yet
    backend, acts = acts_of(stage)
    for name in ("manifests", "quiet"):
        stage.do(backend, acts[name])
    assert held(stage) == ["db-0", "db-1"]
    stage.do(backend, acts["snapshots"])
    stage.do(backend, acts["wake"])

    assert held(stage) == []
    before, after = runner.ran[:2], runner.ran[2:]
    assert [each[:2] for each in before] == [("db-0", "lock now"), ("db-1", "lock now")]
    assert [each[:2] for each in after] == [("db-0", "unlock"), ("db-1", "unlock")]
    assert {each[2:] for each in before} == {(0, 0, 0)}
    assert {each[2:] for each in after} == {(2, 2, 0)}, "they need not wait until it is ready"
    stage.csi.faults.stalled = False
    assert stage.do(backend, acts["ready"]).phase is Phase.SUCCEEDED
    stage.do(backend, acts["keep"])
    stage.do(backend, acts["tidy"])
    assert stage.left() == {"snapshots": 2, "contents": 2, "stored": 2, "files": 2}


@pytest.mark.parametrize("groups", [False, True])
def test_the_point_tells_that_they_ran_and_is_good(make_stage, groups, codes):
    stage = make_stage(groups=groups)
    runner = Runner(stage)
    pod(stage, "db-0")

    point = stage.back_up(hooks=True, groups=groups)

    assert runner.words == ["db-0: lock now", "db-0: unlock"]
    assert point.phase is Phase.SUCCEEDED
    assert "2 hooks ran" in point.contents.summary
    assert "hook-failed" not in codes(point.findings)
    assert {v.method for v in point.contents.volumes} == {
        "CSI group snapshot" if groups else "CSI snapshot"
    }
    assert stage.points() == [point], "what is on record of hooks is no recovery point"


@pytest.mark.parametrize("word", ["lock", "unlock"])
def test_a_required_hook_that_fails_makes_the_point_partial(stage, runner, word):
    pod(stage, "db-0")
    runner.outcomes["db-0", word] = Outcome(code=3, said=f"no: {SECRET}")
    backend = stage.backend(hooks=True)
    made = stage.drive(backend, plan_of(stage, backend))

    side = "quiet" if word == "lock" else "wake"
    [told] = made[side]["findings"]
    assert (told["code"], told["severity"]) == ("hook-failed", "error")
    assert "db-0 (db) failed, and" in told["message"]
    assert f"it ended with 3: no: {SECRET}" in told["message"]
    point = stage.point(made["keep"]["point"])
    assert point.phase is Phase.PARTIAL
    [found] = [each for each in point.findings if each.code == "hook-failed"]
    assert found.severity is Severity.ERROR
    assert "it ended with 3" in found.message
    assert SECRET not in found.message, "what it wrote is not for the store"
    stored = [f for f in (stage.folder / "store").rglob("*.json") if SECRET in f.read_text()]
    assert stored == []
    assert runner.words[-1] == "db-0: unlock", "whatever became of the hook before"


def test_a_container_that_is_not_there_is_a_hook_that_failed(stage, runner):
    pod(stage, "db-0")
    stage.server.faults.add("get", "/exec$", Refuse(400, message="no container"), times=1)

    point = stage.back_up(hooks=True)

    assert point.phase is Phase.PARTIAL
    assert runner.words == ["db-0: unlock"]


def test_a_hook_that_may_fail_is_a_warning(stage, runner):
    pod(stage, "db-0", **{f"{PRE}/command": "lock", f"{PRE}/on-error": "Continue"})
    runner.outcomes["db-0", "lock"] = Outcome(why="executable file not found in $PATH")

    point = stage.back_up(hooks=True)

    [found] = [each for each in point.findings if each.code == "hook-failed"]
    assert (point.phase, found.severity) == (Phase.SUCCEEDED, Severity.WARNING)
    assert "it was not seen to end" in found.message
    assert "$PATH" not in found.message, "the server may quote the command"


def test_without_the_setting_none_is_run_and_that_is_told(stage, runner, codes):
    pod(stage, "db-0")
    backend = stage.backend()
    plan = plan_of(stage, backend)

    assert "hooks-not-run" in codes(plan.findings)
    assert {"quiet", "wake", "ready"} & {act.id for act in plan.acts} == set()
    stage.drive(backend, plan)
    assert runner.ran == []


def test_where_no_pod_names_any_nothing_is_added(stage, codes):
    pod(stage, "web", other="annotation")
    plan = plan_of(stage, stage.backend(hooks=True))

    assert [act.id for act in plan.acts] == ["manifests", "snapshots", "keep", "tidy"]
    assert "hooks-not-run" not in codes(plan.findings)


def test_a_single_volume_has_only_its_own_pods_hold_still(stage, runner):
    pod(stage, "db-0")
    pod(stage, "db-1", claim="media")
    pod(stage, "done", phase="Succeeded")

    stage.back_up(claim="data", hooks=True, objects=False)

    assert runner.words == ["db-0: lock now", "db-0: unlock"]


def test_what_ran_and_is_on_record_is_not_run_again(stage, runner):
    pod(stage, "db-0")
    backend, acts = acts_of(stage)
    stage.do(backend, acts["manifests"])
    first = stage.do(backend, acts["quiet"])
    assert stage.do(stage.backend(hooks=True), acts["quiet"]) == first
    stage.do(backend, acts["snapshots"])
    let_go = stage.do(backend, acts["wake"])
    assert stage.do(stage.backend(hooks=True), acts["wake"]) == let_go

    assert runner.words == ["db-0: lock now", "db-0: unlock"]


def test_whoever_comes_after_a_killed_process_lets_pods_go(stage, runner):
    pod(stage, "db-0")
    pod(stage, "db-1")
    backend, acts = acts_of(stage)
    stage.do(backend, acts["manifests"])
    # The process dies when one pod holds still and the other was to: nothing is on record.
    stage.server.faults.add("get", "/pods/db-1/exec$", Cut(), times=1)
    with pytest.raises(BackendError):
        stage.do(backend, acts["quiet"])
    assert held(stage) == ["db-0", "db-1"]

    other = stage.backend(hooks=True)
    assert stage.do(other, acts["wake"])["hooks"] == 2

    assert runner.words == ["db-0: lock now", "db-0: unlock", "db-1: unlock"]
    assert held(stage) == []


def test_clean_up_where_nothing_began_runs_nothing(stage, runner):
    pod(stage, "db-0")
    backend, acts = acts_of(stage)

    assert stage.do(backend, acts["wake"]) == {"hooks": 0, "findings": []}
    stage.do(backend, acts["tidy"])

    assert runner.ran == []
    assert stage.left()["files"] == 0


def test_one_that_cannot_be_reached_keeps_no_other_waiting(stage, runner):
    pod(stage, "db-0")
    pod(stage, "db-1")
    backend, acts = acts_of(stage)
    for name in ("manifests", "quiet"):
        stage.do(backend, acts[name])
    stage.server.faults.add("get", "/pods/db-0/exec$", Cut(), times=1)

    with pytest.raises(BackendError):
        stage.do(backend, acts["wake"])
    assert runner.words[-1] == "db-1: unlock"
    assert held(stage) == ["db-0", "db-1"], "until all of it is on record"

    stage.do(backend, acts["wake"])
    assert runner.words[-2:] == ["db-1: unlock", "db-0: unlock"]
    assert held(stage) == []


def test_pods_do_not_wait_for_a_store_that_is_away(stage, runner):
    pod(stage, "db-0")
    backend, acts = acts_of(stage)
    for name in ("manifests", "quiet"):
        stage.do(backend, acts[name])
    stage.store.cause(StoreTrouble.UNAVAILABLE)

    with pytest.raises(BackendError):
        stage.do(backend, acts["wake"])

    assert runner.words[-1] == "db-0: unlock"
    stage.store.heal()
    assert stage.do(backend, acts["wake"])["hooks"] == 1


def test_a_pod_that_goes_while_its_hook_runs_is_told_and_stops_nothing(stage, runner, codes):
    pod(stage, "db-0")
    backend, acts = acts_of(stage)
    stage.do(backend, acts["manifests"])

    def runs(command):
        stage.api.delete("pods", "db-0", "shop")
        return Outcome()

    stage.api.runner = runs
    for name in ("quiet", "snapshots", "wake", "ready", "keep", "tidy"):
        stage.do(backend, acts[name])
    (point,) = stage.points()
    assert point.phase is Phase.PARTIAL, "what came in its place may have been writing"
    assert "not-held" in codes(point.findings)


@pytest.mark.parametrize("groups", [False, True])
def test_pods_are_not_held_for_longer_than_they_may_be(make_stage, groups):
    stage = make_stage(groups=groups)
    runner = Runner(stage)
    pod(stage, "db-0")
    stage.csi.faults.no_sidecar = not groups
    stage.csi.faults.no_controller = groups
    backend = stage.backend(hooks=True, held_within="90s", ready_within="4h", groups=groups)

    results = stage.drive(backend, plan_of(stage, backend))

    late = results["snapshots"]
    assert (late.phase, late.retryable) == (Phase.FAILED, False), "a second try holds them on"
    assert "not taken in the time for which pods may be held" in late.message
    assert runner.words[-1] == "db-0: unlock"
    assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def test_snapshots_that_are_never_ready_fail_without_being_taken_anew(stage, runner):
    pod(stage, "db-0")
    stage.csi.faults.stalled = True
    backend = stage.backend(hooks=True)

    results = stage.drive(backend, plan_of(stage, backend))

    assert results["snapshots"].phase is Phase.SUCCEEDED
    assert (results["ready"].phase, results["ready"].retryable) == (Phase.FAILED, False)
    assert runner.words == ["db-0: lock now", "db-0: unlock"]
    assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def test_no_plan_and_no_message_holds_a_command(stage, runner):
    pod(stage, "db-0", **{f"{PRE}/command": json.dumps(["lock", SECRET])})
    backend = stage.backend(hooks=True)
    plan = plan_of(stage, backend)
    assert SECRET not in plan.model_dump_json()
    assert "db-0" in plan.model_dump_json()
    acts = {act.id: act for act in plan.acts}
    stage.do(backend, acts["manifests"])
    stage.server.rights("less", Rule(("*",), ("pods",)), user="less")
    with pytest.raises(PermissionDenied) as caught:
        stage.do(stage.backend(token="less", hooks=True), acts["quiet"])
    assert SECRET not in str(caught.value)
    assert "pods/exec" in str(caught.value)


def test_doctor_names_pods_that_are_held_for_too_long(stage, runner, codes):
    pod(stage, "db-0")
    backend, acts = acts_of(stage)
    for name in ("manifests", "quiet"):
        stage.do(backend, acts[name])
    assert "pod-held" not in codes(backend.check())
    stage.later(minutes=7)

    [found] = [each for each in backend.check() if each.code == "pod-held"]

    assert "shop/db-0" in found.message
    assert "run r-1" in found.message


def test_without_the_rights_for_it_nothing_is_begun(stage, runner):
    pod(stage, "db-0")
    everything_else = Rule(("*",), ("*",), ("*",), namespace="elsewhere")
    reading = Rule(("get", "list"), ("*",), ("*",))
    stage.server.rights("less", reading, everything_else, user="less")

    plan = plan_of(stage, stage.backend(token="less", hooks=True))

    assert plan.acts == ()
    told = [each.message for each in plan.findings if each.blocks]
    assert told == [
        "not allowed to patch pods in shop (needed for: hooks)",
        "not allowed to create pods/exec in shop (needed for: hooks)",
    ]


def test_rights_for_hooks_are_asked_for_with_the_setting_only(stage):
    stage.server.rights("less", Rule(("get", "list"), ("pods",)), user="less")

    def missing(**settings):
        found = stage.backend(token="less", **settings).check()
        return {each.subject for each in found if each.code == "right-missing"}

    assert "pods/exec" in missing(hooks=True)
    assert "pods/exec" not in missing()


def test_a_performer_that_is_asked_to_stop_leaves_a_pod_that_clean_up_finds(stage, runner):
    pod(stage, "db-0")
    pod(stage, "db-1")
    backend, acts = acts_of(stage)
    stage.do(backend, acts["manifests"])

    report = Progresses()

    def runs(command):
        report.stopping = True
        return runner(command)

    stage.api.runner = runs
    with pytest.raises(Stopped):
        backend.perform(acts["quiet"], Key(run="r-1", step="quiet"), report)
    assert held(stage) == ["db-0"]
    stage.do(backend, acts["wake"])
    assert runner.words == ["db-0: lock now", "db-0: unlock"]


@pytest.mark.parametrize(
    ("annotations", "command", "seconds"),
    [
        ({"command": "sync"}, ("sync",), 30.0),
        ({"command": '["/bin/sh", "-c", "a && b"]', "timeout": "1m30s"},
         ("/bin/sh", "-c", "a && b"), 90.0),
        ({"command": "[not json", "timeout": "500ms"}, ("[not json",), 0.5),
        ({"command": "sync", "timeout": "soon"}, ("sync",), 30.0),
    ],
)  # fmt: skip
def test_annotations_are_read_as_velero_reads_them(annotations, command, seconds):
    named = {f"{PRE}/{key}": value for key, value in annotations.items()}
    found = Pod(
        metadata=Metadata(name="db-0", annotations=named),
        spec=PodSpec(containers=[Container("first"), Container("second")]),
        status=PodStatus(phase="Running"),
    )

    assert hook_of(found, When.BEFORE) == Hook(
        "db-0", "first", When.BEFORE, command, seconds=seconds
    )
    assert hook_of(found, When.AFTER) is None
