"""Several processes and one ledger: who drives, who watches, and what an interrupt leaves."""

from __future__ import annotations

import signal
import subprocess

import pytest

from ..client.stage import Stage
from .terminal import Terminal


@pytest.fixture
def stalled(stage: Stage) -> Stage:
    """A tool that begins its backup and does not come to an end."""
    stage.put("eu", "shop", tier="gold")
    stage.world.stall()
    return stage


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read what it says until these words come; return all of it."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f'it ended without "{words}": {said}')


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def run_id(said: str) -> str:
    return said.split()[1]


def test_an_interrupt_stops_the_driving_and_the_run_is_resumed(
    terminal: Terminal, stalled: Stage
) -> None:
    process = terminal.start("backup", "gold")
    run = run_id(wait_for(process, "memory/backup/"))
    process.send_signal(signal.SIGINT)
    code, said = end(process)
    assert code == 130
    assert f"Stopped driving {run}; what has begun goes on." in said
    assert f"slackwater runs resume {run}" in said
    stalled.world.heal()
    assert terminal("runs resume", run).code == 0
    assert len(stalled.world.operations("eu")) == 1, "what had begun was found again"
    ended = terminal("runs resume", run)
    assert (ended.code, "succeeded" in ended.err) == (0, True)


def test_others_watch_and_cancel_while_one_drives(terminal: Terminal, stalled: Stage) -> None:
    driving = terminal.start("backup", "gold")
    run = run_id(wait_for(driving, "memory/backup/"))
    watching = terminal.start("runs", "follow", run)
    wait_for(watching, "memory/backup/")
    assert "running" in terminal("runs list").out
    assert terminal("runs cancel", run).code == 130
    for process in (driving, watching):
        code, said = end(process)
        assert code == 130
        assert f"run {run} cancelled" in said


def test_a_killed_process_leaves_a_run_that_another_ends(
    terminal: Terminal, stalled: Stage
) -> None:
    process = terminal.start("backup", "gold")
    run = run_id(wait_for(process, "memory/backup/"))
    process.kill()
    assert end(process)[0] == -signal.SIGKILL
    stalled.world.heal()
    assert terminal("runs resume", run).code == 0
    assert len(stalled.world.operations("eu")) == 1


def test_a_closed_pipe_is_no_error(terminal: Terminal, stage: Stage) -> None:
    from datetime import UTC, datetime

    for number in range(40):
        stage.adopt(f"p{number}", "shop", taken=datetime.now(UTC))
    process = terminal.start("points", "list", "-o", "json")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
