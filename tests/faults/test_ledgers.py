"""A ledger that is read-only, newer, damaged, or on a full disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from ..cli.terminal import Terminal
from ..client.stage import Stage

READING = (
    "points list",
    "plan --at now --policy gold --to dr",
    "runs list",
    "check",
    "doctor --cluster dr",
)


@pytest.fixture
def read_only(saved: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The rights alone would not do: tests may run as root, to whom they mean nothing."""
    monkeypatch.setattr("slackwater.ledger.database._unwritable", lambda path: path.exists())
    return saved


@pytest.mark.parametrize("line", READING)
def test_reading_commands_work_on_a_read_only_ledger(
    terminal: Terminal, read_only: Stage, line: str
) -> None:
    before = read_only.ledger.read_bytes()
    said = terminal(line)
    assert said.code in (0, 3), said.err
    assert "Traceback" not in said.err
    assert read_only.ledger.read_bytes() == before


def test_what_is_not_remembered_is_told(terminal: Terminal, read_only: Stage) -> None:
    said = terminal("points list")
    assert "is read-only: what is seen now is not remembered" in said.err


def test_what_must_be_recorded_is_not_begun(terminal: Terminal, read_only: Stage) -> None:
    begun = read_only.world.operations("eu").keys()
    said = terminal("backup gold")
    assert said.code == 2
    assert "read-only" in said.err
    assert read_only.world.operations("eu").keys() == begun
    file, digest = terminal.plan("--policy gold --to dr")
    assert terminal("restore", file, "--confirm", digest).code == 2
    assert not read_only.world.operations("dr")


@pytest.mark.parametrize("line", [*READING, "backup gold"])
def test_a_ledger_of_a_newer_slackwater_is_left_alone(
    terminal: Terminal, saved: Stage, line: str
) -> None:
    with sqlite3.connect(saved.ledger) as database:
        database.execute("UPDATE ledger_version SET version = 999")
    database.close()
    said = terminal(line)
    assert said.code == 2
    assert "newer" in said.err


@pytest.mark.parametrize("content", [b"no ledger at all" * 100, b""])
def test_a_damaged_ledger_is_a_sentence(terminal: Terminal, stage: Stage, content: bytes) -> None:
    stage.ledger.parent.mkdir()
    stage.ledger.write_bytes(content)
    said = terminal("runs list")
    assert said.code in (0, 2)
    assert "Traceback" not in said.err
    if content:
        assert "damaged" in said.err


def test_a_ledger_that_cannot_be_made_is_a_sentence(terminal: Terminal, stage: Stage) -> None:
    stage.ledger.parent.write_text("a file where a folder should be")
    said = terminal("runs list")
    assert said.code == 2
    assert str(stage.ledger) in said.err


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from slackwater.cli.app import run
sys.exit(run(sys.argv[2:]))
"""


def on_a_full_disk(terminal: Terminal, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command that may let no file grow beyond what the ledger has now."""
    limit = terminal.stage.ledger.stat().st_size
    command = [sys.executable, "-c", FULL, str(limit), *terminal.before, *words]
    return subprocess.run(
        command, env=terminal.environment, capture_output=True, text=True, check=False
    )


def test_reading_goes_on_when_the_disk_is_full(terminal: Terminal, saved: Stage) -> None:
    said = on_a_full_disk(terminal, "points", "list")
    assert said.returncode == 0, said.stderr
    assert len(said.stdout.splitlines()) == 2


def test_a_run_that_can_no_longer_be_recorded_stops_and_is_resumed(
    terminal: Terminal, saved: Stage
) -> None:
    with sqlite3.connect(saved.ledger) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    said = on_a_full_disk(terminal, "backup", "gold")
    assert said.returncode == 2, said.stderr
    assert f"the ledger {saved.ledger} cannot be used" in said.stderr
    assert "Traceback" not in said.stderr
    for run in terminal("runs list -o json").json:
        if run["state"] != "succeeded":
            assert terminal("runs resume", run["id"]).code == 0, "once there is room again"
    runs = terminal("runs list -o name").out.split()
    assert len(saved.world.operations("eu")) == len(runs), "nothing was begun twice or unseen"
