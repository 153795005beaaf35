"""Our own process is killed in the middle; another goes on, and nothing happens twice."""

from __future__ import annotations

import pytest

from slackwater import Fleet
from slackwater.errors import TargetBusy
from slackwater.model.run import RunState

from .road import BACKUPS, RESTORES, Road, awaited, backed_up, made_by, story

pytestmark = pytest.mark.real

MANY = 200


def test_a_backup_whose_process_was_killed_is_resumed_with_the_same_object(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, MANY)
    with road.running("backup", "--cluster", "east", "--namespace", fresh_namespace) as process:
        run_id = awaited(lambda: [run.id for run in fleet.runs()], "no run was begun")[0]
        awaited(lambda: road.in_velero(BACKUPS, run_id), "no backup was begun")
        process.kill()
        process.wait()
    assert not fleet.run(run_id).now.state.ended
    done = road.call("runs", "resume", run_id)
    assert done.returncode == 0, done.stderr
    run = fleet.run(run_id).now
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.phases(BACKUPS, run) == ["Completed"]
    [name] = made_by(run)
    contents = fleet.point(name).contents
    assert contents is not None
    assert contents.objects_in(fresh_namespace) >= MANY


def test_a_restore_whose_process_was_killed_is_resumed_and_nobody_else_may_write_there(
    road: Road, fleet: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, MANY)
    before = road.config_maps("east", fresh_namespace)
    backed_up(fleet, fresh_namespace)
    there = road.named(f"{fresh_namespace}-b")
    wish = {"namespace": fresh_namespace, "map": {fresh_namespace: there}}
    other = fleet.plan(at="now", **wish)
    plan = road.folder / "plan.yaml"
    mapped = ("--map", f"{fresh_namespace}={there}")
    made = road.call(
        "plan", "--at", "now", "--namespace", fresh_namespace, *mapped, "--save", str(plan)
    )
    assert made.returncode == 0, made.stderr
    digest = plan.read_text().split("digest: ", 1)[1].split()[0].strip("'\"")
    with road.running("restore", str(plan), "--confirm", digest) as process:
        run_id = f"r-{digest.replace('-', '')}"
        awaited(lambda: road.in_velero(RESTORES, run_id), "nothing was begun")
        with pytest.raises(TargetBusy, match=run_id):
            fleet.restore(other, confirm=other.digest)
        awaited(
            lambda: any("namespaceMapping" in r["spec"] for r in road.in_velero(RESTORES, run_id)),
            "no restore was begun",
        )
        process.kill()
        process.wait()
    assert not fleet.run(run_id).now.state.ended
    done = road.call("runs", "resume", run_id)
    assert done.returncode == 0, done.stderr
    run = fleet.run(run_id).now
    assert run.state is RunState.SUCCEEDED, story(run)
    restores = road.in_velero(RESTORES, run)
    assert [r["status"]["phase"] for r in restores] == ["Completed"] * len(restores)
    assert len([r for r in restores if "namespaceMapping" in r["spec"]]) == 1
    assert road.config_maps("east", there) == before
