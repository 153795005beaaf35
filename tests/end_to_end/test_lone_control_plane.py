"""One control plane of three members: what goes wrong around it, and what becomes of our death."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slackwater import Fleet
from slackwater.model.run import RunState
from slackwater_testbed import state
from slackwater_testbed.etcd_filling import exhaust, fill
from slackwater_testbed.parts import Parts

from .control_planes import (
    BUMP,
    Alone,
    LonelyRoad,
    differences,
    digest_of,
    held,
    lasting,
    plain_files,
    revision_of,
)
from .road import awaited, story

pytestmark = pytest.mark.real("etcd", "kubernetes", "s3")

CANARY = f"canary-{secrets.token_hex(16)}".encode()
"""Another run, or a copy of this source, that lies in the same folder has another one."""


@pytest.fixture(scope="module")
def alone() -> Iterator[Alone]:
    """A control plane of this module's own, with a secret in it, and a store."""
    parts = Parts(state.claim("lone"))
    try:
        plane = parts.control_plane(members=3)
        song = f"--from-literal=song={CANARY.decode()}"
        plane.kubectl("create", "secret", "generic", "canary", song)
        fill(plane.etcd, 400)  # so that there is something to be killed in the middle of
        yield Alone(plane, parts.objectstore)
    finally:
        parts.remove()


@pytest.fixture
def road(alone: Alone, tmp_path: Path) -> Iterator[LonelyRoad]:
    alone.start()
    made = LonelyRoad(alone, tmp_path, settings={"answer_within": 2.0})
    made.write()
    yield made
    made.close()


def points(road: LonelyRoad) -> list[str]:
    with road.open() as fleet:
        return [point.name for point in fleet.points().points if point.usable]


BACKUP = ("backup", "--control-plane", "lone")


# What goes wrong around it


def test_a_member_that_is_away_is_named_and_another_is_saved(road: LonelyRoad) -> None:
    member = road.testbed["lone"].etcd.followers[0]
    member.server.kill()
    told = road.call("doctor")
    assert member.client_url in told.stdout, told.stdout + told.stderr
    made = road.call(*BACKUP)
    assert made.returncode == 0, made.stderr
    assert len(points(road)) == 1


def test_without_a_quorum_a_backup_says_so_and_is_made_once_there_is_one(road: LonelyRoad) -> None:
    leader = road.testbed["lone"].etcd.leader
    for member in road.testbed["lone"].etcd.members:
        if member != leader:
            member.server.kill()
    told = road.call("doctor")
    assert told.returncode == 3, told.stdout + told.stderr
    assert "no leader" in told.stdout, told.stdout
    with road.running(*BACKUP) as process:
        awaited(lambda: "no leader" in said(road), "nothing was said of the leader")
        assert process.poll() is None
        road.testbed.start()
        assert process.wait(120) == 0, said(road)
    assert len(points(road)) == 1


def said(road: LonelyRoad) -> str:
    return (road.folder / "process.log").read_text()


def test_an_etcd_without_room_is_told_and_saved_nevertheless(
    road: LonelyRoad, parts: Parts
) -> None:
    full = parts.etcd(quota_bytes=1_000_000)
    exhaust(full)
    road.of_etcd(full)
    told = road.call("doctor")
    assert told.returncode == 3, told.stdout + told.stderr
    assert "NOSPACE" in told.stdout, told.stdout
    made = road.call(*BACKUP)
    assert made.returncode == 0, made.stderr
    assert "NOSPACE" in made.stderr, made.stderr


def test_a_store_that_is_away_is_told_and_waited_for(road: LonelyRoad) -> None:
    store = road.testbed.objectstore
    store.stop()
    told = road.call("doctor")
    assert told.returncode == 3, told.stdout + told.stderr
    assert "vault" in told.stdout
    with road.running(*BACKUP) as process:
        awaited(lambda: tried_in_vain(road), "no upload was tried")
        store.start()
        assert process.wait(60) == 0, said(road)
    assert len(points(road)) == 1
    assert in_spool(road) == set()


def tried_in_vain(road: LonelyRoad) -> bool:
    with road.open() as fleet:
        steps = [record for run in fleet.runs() for record in run.steps]
    return any(record.message for record in steps)


def in_spool(road: LonelyRoad) -> set[Path]:
    """Return the files in the spool, but for the one by which workers keep out of each other's."""
    found = (road.folder / "spool").rglob("*")
    return {path for path in found if path.is_file() and path.name != "lock"}


# What becomes of our death


@pytest.mark.parametrize("place", ["while etcd sends", "while the store takes"])
def test_a_backup_that_is_killed_leaves_one_point_or_none(road: LonelyRoad, place: str) -> None:
    began = time.time()
    with_wire = road.through_etcd if place == "while etcd sends" else road.through_store
    with with_wire() as wire:
        wire.hold_after(150_000)
        with road.running(*BACKUP) as process:
            awaited(
                lambda: wire.held.is_set() or process.poll() is not None,
                "nothing was held",
                seconds=240,  # where much else runs, a process takes a minute to begin
            )
            assert wire.held.is_set(), said(road)
            process.kill()
            process.wait()
        wire.cut()
        assert points(road) == []
        require_nothing_plain(road, began, spool=True)
        [run] = road.call("runs", "list", "-o", "name").stdout.split()
        done = road.call("runs", "resume", run)
        assert done.returncode == 0, done.stderr
        assert len(points(road)) == 1
    assert in_spool(road) == set()
    require_nothing_plain(road, began)


def test_a_restore_that_is_killed_again_and_again_turns_back_once(road: LonelyRoad) -> None:
    began = time.time()
    plane = road.testbed["lone"]
    made = road.call(*BACKUP)
    assert made.returncode == 0, made.stderr
    with road.open() as fleet:
        [name] = points(road)
        revision = revision_of(fleet.point(name))
    before = held(plane, revision)
    plane.kubectl("create", "namespace", "late")
    file = road.folder / "plan.yaml"
    made = road.call("plan", "--at", "now", "--control-plane", "lone", "--save", str(file))
    assert made.returncode == 0, made.stderr
    words = ("restore", str(file), "--confirm", digest_of(file))
    run_id = f"r-{digest_of(file).replace('-', '')}"
    for act in ("prepare", "swap", "start-members", "start-api-servers"):
        with road.running(*words) as process:
            awaited(lambda act=act: begun(road, run_id, act), f"{act} was not begun")
            process.kill()
            process.wait()
        require_nothing_plain(road, began, prepared=True, spool=True)
        words = ("runs", "resume", run_id)
    done = road.call(*words)
    assert done.returncode == 0, done.stderr
    assert differences(before, held(plane, revision + BUMP)) == set()
    assert lasting(differences(before, held(plane))) == set()
    with road.open() as fleet:
        run = fleet.run(run_id).now
    assert run.state is RunState.SUCCEEDED, story(run)
    for member in plane.etcd.members:
        assert len(list(member.data_dir.glob("member*"))) == 2  # what runs, and what ran before
    assert not any(road.prepared.iterdir())
    require_nothing_plain(road, began)


def begun(road: LonelyRoad, run_id: str, act: str) -> bool:
    with Fleet.load(road.folder / "fleet.yaml", ledger=road.ledger) as fleet:
        steps = fleet.run(run_id).now.steps
    return any(r.step.act.id == act and r.state is not RunState.PENDING for r in steps)


def require_nothing_plain(road: LonelyRoad, since: float, **also: bool) -> None:
    """Look for the canary in all that was written since then, but in etcd's own data."""
    plane, store = road.testbed["lone"], road.testbed.objectstore
    folders = (road.folder, store.machine.folder, plane.folder, Path(tempfile.gettempdir()))
    allowed = [member.data_dir for member in plane.etcd.members]
    allowed += [road.prepared] if also.get("prepared") else []
    allowed += [road.folder / "spool"] if also.get("spool") else []
    found = plain_files(CANARY, *folders, since=since)
    assert not {path for path in found if not any(map(path.is_relative_to, allowed))}
