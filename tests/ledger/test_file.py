"""The ledger's file: where it lies, who may read it, and what goes wrong with files."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from slackwater.errors import LedgerError
from slackwater.ledger import Ledger, default_path
from slackwater.ledger.migrations import MIGRATIONS, is_newest, migrate
from slackwater.model.recovery_point import PointId
from slackwater.model.run import RunKind, RunRequest
from slackwater.runs.journal import Journal

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


def test_file_and_folder_are_their_owners_only(ledger, path):
    ledger.saw_cluster("eu")
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_each_fleet_file_has_its_own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    one, other = default_path(Path("a/fleet.yaml")), default_path(Path("b/fleet.yaml"))
    assert one != other
    assert one == default_path(Path("b/../a/fleet.yaml"))
    assert one.parent.name.startswith("fleet-")


def test_what_was_written_is_there_when_opened_again(open_ledger):
    open_ledger().saw_cluster("eu", uid="u1")
    assert [seen.uid for seen in open_ledger().clusters_seen()] == ["u1"]


def test_several_may_make_the_same_new_ledger_at_once(path):
    def make(number):
        with Ledger.open(path, clock=lambda: NOW) as ledger:
            ledger.saw_cluster(f"c{number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, range(16)))
    with Ledger.open(path, clock=lambda: NOW) as ledger:
        assert len(ledger.clusters_seen()) == 16
    assert {file.name for file in path.parent.iterdir()} == {"ledger.db"}


def test_a_reader_goes_on_while_another_writes(ledger, open_ledger):
    reader = open_ledger()
    with ledger.database.write() as connection:
        connection.execute(text("INSERT INTO plan VALUES ('d', '2026-11-22', '{}')"))
        assert reader.plan("other") is None


def test_a_newer_ledger_is_refused_and_left_alone(open_ledger, path):
    with open_ledger().database.write() as connection:
        connection.execute(text("UPDATE ledger_version SET version = 99"))
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="written by a newer Slackwater") as refused:
        open_ledger()
    assert "upgrade" in refused.value.hint
    assert path.read_bytes() == before


def test_migrations_go_forward_from_where_the_ledger_is(ledger, path):
    def second(connection):
        connection.execute(text("ALTER TABLE plan ADD COLUMN extra TEXT"))

    newer = (*MIGRATIONS, second)
    for _ in range(2):
        with ledger.database.write() as connection:
            migrate(connection, path, newer)
    with ledger.database.read() as connection:
        assert is_newest(connection, path, newer)
        connection.execute(text("SELECT extra FROM plan"))


def test_a_ledger_of_the_first_version_is_brought_forward(open_ledger, path):
    """What the first version did not know is there afterwards, and nothing else has changed."""
    with open_ledger().database.write() as connection:
        connection.execute(text("DROP TABLE data_seen"))
        connection.execute(text("UPDATE ledger_version SET version = 1"))
        connection.execute(text("INSERT INTO plan VALUES ('d', '2026-11-22', '{}')"))
    again = open_ledger()
    assert again.data_seen([PointId(tool="t", store="s", name="n")]) == {}
    with again.database.read() as connection:
        assert connection.execute(text("SELECT digest FROM plan")).scalars().all() == ["d"]


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(ledger, path):
    def second(connection):
        connection.execute(text("ALTER TABLE plan ADD COLUMN extra TEXT"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ledger.database.write() as connection:
        migrate(connection, path, (*MIGRATIONS, second))
    with ledger.database.read() as connection:
        assert is_newest(connection, path)
        columns = connection.execute(text("SELECT * FROM plan")).keys()
    assert "extra" not in columns


@pytest.mark.parametrize("content", [b"no database at all " * 500, b"SQLite format 3\0" * 500])
def test_a_damaged_file_is_said_to_be_damaged(open_ledger, path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged") as refused:
        open_ledger()
    assert "move it aside" in refused.value.hint
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_found_when_it_is_met(open_ledger, path):
    first = open_ledger()
    for number in range(400):
        first.saw_cluster(f"cluster-{number}")
    first.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(LedgerError, match="damaged"):
        open_ledger().clusters_seen()


def test_another_database_is_not_taken_for_a_ledger(open_ledger, path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    with pytest.raises(LedgerError, match="but not a ledger"):
        open_ledger()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be opened: "):
        Ledger.open(tmp_path / "file" / "ledger.db", clock=lambda: NOW)


def test_a_full_disk_is_said_and_nothing_written_before_is_lost(ledger):
    ledger.saw_cluster("before")
    with ledger.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(LedgerError, match="the disk is full") as refused:
        ledger.saw_cluster("x" * 1_000_000)
    assert "resume the run" in refused.value.hint
    assert [seen.cluster for seen in ledger.clusters_seen()] == ["before"]


def test_a_read_only_ledger_is_read_and_says_so_when_something_must_be_recorded(
    open_ledger, ledger
):
    ledger.saw_cluster("eu")
    reading = open_ledger(read_only=True)
    assert reading.read_only
    assert len(reading.clusters_seen()) == 1
    journal = Journal(reading, lambda: NOW, lambda event: None)
    with pytest.raises(LedgerError, match="is read-only, and this must be recorded"):
        journal.submit(RunRequest(id="r", kind=RunKind.BACKUP, title="", steps=()))


READS = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from slackwater.errors import LedgerError
from slackwater.ledger import Ledger

def look():
    with Ledger.open(Path(sys.argv[1]), clock=lambda: datetime.now(UTC)) as ledger:
        print(ledger.read_only, len(ledger.clusters_seen()))
        ledger.saw_cluster("us")

if os.geteuid() == 0:  # rights say nothing to root; but root alone may read our modules
    look()
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    look()
except LedgerError as error:
    print(error)
"""


@pytest.fixture
def everybodys_folder():
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_ledger_in_a_folder_where_nothing_can_be_written_is_still_read(everybodys_folder):
    path = everybodys_folder / "state" / "ledger.db"
    with Ledger.open(path, clock=lambda: NOW) as first:
        for cluster in ("eu", "us"):
            first.saw_cluster(cluster)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    command = [sys.executable, "-c", READS, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path.parent.chmod(0o755)
    *_, seen, said = done.stdout.splitlines()
    assert seen == "True 2"
    assert "is read-only, and this must be recorded" in said
