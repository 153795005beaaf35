"""Kills a process at every write and effect of a run, one after the other, and resumes it.

A program of its own, so that it may fork: ``crash_rounds.py SCENARIO FOLDER`` prints one JSON
line for each round: where it was killed, the end state, the effects. The last round was not killed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sqlalchemy import Engine, event

sys.path.insert(0, str(Path(__file__).parent))

from scripted_tool import (
    Stage,
    request,
    skipped_volume,
    states,
    step,
    workload,
)

from slackwater.model.act import ActKind
from slackwater.model.recovery_point import PointId
from slackwater.model.restore_plan import Pin
from slackwater.model.run import RunKind, RunState
from slackwater.model.step import OwnAct
from slackwater.model.workload import Workload, WorkloadKind

PERFORMED, PERSON = ActKind.PERFORMED, ActKind.PERSON
CONTROL_PLANE = WorkloadKind.CONTROL_PLANE


def own(name, kind, **given):
    return step(name, kind=PERFORMED, own=kind, **given)


def backup():
    """Three workloads: one good, one that lacks a volume, one that fails; a mark over all."""
    parts = []
    for name, extra in (("shop", {}), ("crm", {}), ("blog", {"phases": ["failed"]})):
        of = workload(name)
        parts += [
            step(f"back-up-{name}", workload=of, point=f"point-{name}", **extra),
            own(
                f"read-{name}",
                OwnAct.READ_BACK,
                of=f"back-up-{name}",
                needs=(f"back-up-{name}",),
                workload=of,
                require=["objects", "volumes"],
            ),
        ]
    reads = tuple(part.id for part in parts if part.own)
    mark = own("mark", OwnAct.STAMP_MARK, needs=reads, always=True, mark="friday", tool="")
    return request(*parts, mark, kind=RunKind.BACKUP)


def restore():
    """Side by side, retries, a performed act, a deletion, a person, clean-up."""
    here = {"workload": workload("shop"), "writes": ("eu/shop",)}
    return request(
        own("check", OwnAct.CHECK_TARGET, tool=""),
        step("show-store", kind=PERFORMED, needs=("check",)),
        own("delete", OwnAct.DELETE_NAMESPACE, needs=("check",), namespace="shop", uid="1", **here),
        step("restore", needs=("show-store", "delete"), fails=1, stumbles=1, **here),
        step("look", kind=PERSON, needs=("restore",)),
        step("volumes", needs=("look",), phases=["pending", "unknown", "succeeded"], **here),
        step("hide-store", kind=PERFORMED, needs=("show-store", "volumes"), always=True),
    )


def cancel():
    """Cancelled as soon as the second operation is known; its clean-up still runs."""
    return request(
        step("first"),
        step("long", needs=("first",), gate="never"),
        step("later", needs=("long",)),
        step("clean", needs=("long",), kind=PERFORMED, always=True),
    )


def guided():
    """A control plane: two acts of ours between a person's, and what follows when it is back."""
    whole = {"without_api": True, "workload": Workload(cluster="eu", kind=CONTROL_PLANE)}
    crm = {"workload": workload("crm")}
    look = {"point": PointId(tool="tool", store="s3", name="point-shop").model_dump()}
    place = {"seen_by": ["eu"], "place": "eu/crm", "bears": "nothing", "uid": ""}
    return request(
        own("check", OwnAct.CHECK_TARGET, tool="", without_api=True),
        step("fetch", kind=PERFORMED, needs=("check",), announces="new", **whole),
        step("stop", kind=PERSON, needs=("fetch",), **whole),
        step("swap", kind=PERFORMED, needs=("stop",), writes=("eu",), restores="new", **whole),
        step("start", kind=PERSON, needs=("swap",), **whole),
        own("list", OwnAct.LIST_AGAIN, needs=("start",), tool=""),
        own("look", OwnAct.LOOK_AGAIN, needs=("list",), tool="", **look, **place, **crm),
        step("restore", needs=("look",), writes=("eu/crm",), **crm),
        pins=(
            Pin(cluster="eu", url="https://eu", ca_hash="ca", uid="uid-eu", control_plane="old"),
        ),
    )


@event.listens_for(Engine, "connect")
def _leave_flushing_to_the_system(connection, _record):
    """A killed process loses nothing that it has handed over, and the rounds are quicker."""
    connection.execute("PRAGMA synchronous = OFF")


def play(scenario, folder, hit):
    with Stage(folder, hit) as stage:
        event.listen(stage.ledger.database.engine, "commit", lambda _: hit("commit"))

        def watch(_event=None):
            if scenario == "cancel":
                cancel_when_known(stage, runs)

        runs = stage.runs(on_event=watch)
        runs.submit(SCENARIOS[scenario]())
        watch()
        while not (run := runs.drive("r1")).state.ended:
            for record in run.steps:
                if record.state is RunState.WAITING:
                    if scenario == "guided":
                        stage.set_api(up=record.step.id == "start")
                    runs.confirm("r1", record.step.id, "ada")


def cancel_when_known(stage, runs):
    run = stage.ledger.run("r1")
    known = any(r.step.id == "long" and r.ref for r in run.steps)
    if known and not run.cancelling and not run.state.ended:
        runs.cancel("r1")


def prepare(folder):
    with Stage(folder) as stage:
        stage.put_point("point-shop", namespace="shop")
        stage.put_point("point-crm", namespace="crm", volumes=(skipped_volume("crm"),), seconds=38)
        stage.put_namespace("shop", "1")
        stage.put_store("old")


class Killer:
    """Kills this process at the n-th write or effect."""

    def __init__(self, at):
        self.left, self.lock = at, threading.Lock()

    def __call__(self, _label):
        with self.lock:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def in_a_process(scenario, folder, hit):
    """Play the scenario in a child; return whether it was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            play(scenario, folder, hit)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if status:
        raise SystemExit(f"{scenario}: the child failed")
    return False


def outcome(folder):
    with Stage(folder) as stage:
        run = stage.ledger.run("r1")
        marks = [(m.complete, m.spread, len(m.missing)) for m in stage.ledger.marks()]
        return {
            "state": run.state.value,
            "steps": states(run),
            "generations": {r.step.id: r.generation for r in run.steps},
            "effects": stage.effects(),
            "marks": marks,
            "asked": [e.kind for e in stage.ledger.events("r1")].count("asked"),
        }


def warm_up(scenario, folder):
    """Play it here once: children are forked off with all imported and every statement compiled."""
    folder.mkdir()
    prepare(folder)
    play(scenario, folder, lambda _label: None)
    outcome(folder)
    gc.collect()
    gc.freeze()


def main(scenario, folder):
    warm_up(scenario, Path(folder, "0"))
    at, killed = 0, True
    while killed:
        at += 1
        here = Path(folder, str(at))
        here.mkdir()
        prepare(here)
        killed = in_a_process(scenario, here, Killer(at))
        if killed:
            in_a_process(scenario, here, lambda _label: None)
        print(json.dumps({"at": at, "killed": killed, **outcome(here)}), flush=True)


SCENARIOS = {"backup": backup, "restore": restore, "cancel": cancel, "guided": guided}

if __name__ == "__main__":
    main(*sys.argv[1:])
