"""The spool is private, and what killed processes leave in it is swept."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from slackwater.stores.spool import Spool, leftovers

HOLD = """
import sys
from pathlib import Path
from slackwater.stores.spool import Spool
spool = Spool(Path(sys.argv[1]))
(spool.folder("eu", "archive") / "plain.part").write_bytes(b"x" * 100)
print(spool.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path):
    return tmp_path / "var" / "spool"


@pytest.fixture
def owner(root):
    """Another process that has a spool, and works in it until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.folder = Path(process.stdout.readline().strip())
    yield process
    process.kill()
    process.communicate()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_closed_to_others_whatever_the_umask_says(root):
    before = os.umask(0)
    try:
        with Spool(root) as spool:
            folder = spool.folder("eu", "archive")
            private = [root, spool.path.parent, spool.path, folder.parent, folder]
            assert [mode(path) for path in private] == [0o700] * 5
    finally:
        os.umask(before)


def test_an_open_root_is_closed(root):
    root.mkdir(parents=True)
    root.chmod(0o755)

    Spool(root).close()

    assert mode(root) == 0o700


def test_closing_removes_everything_and_twice_is_fine(root):
    spool = Spool(root)
    (spool.path / "plain").write_text("x")

    spool.close()
    spool.close()

    assert [path for path in root.iterdir() if path.is_dir()] == []


def test_two_spools_do_not_see_each_other(root):
    with Spool(root) as one, Spool(root) as two:
        assert one.path != two.path
        assert two.swept == ()
        assert one.path.is_dir()


def test_what_a_killed_process_left_is_reported_and_swept_by_the_next(root, owner):
    kill(owner)
    (left,) = leftovers(root)
    assert left.size == 100
    assert left.folder == owner.folder.parent

    with Spool(root) as spool:
        assert [swept.folder for swept in spool.swept] == [left.folder]
        assert not left.folder.exists()


def test_what_a_living_process_works_with_is_let_alone(root, owner):
    with Spool(root) as spool:
        assert spool.swept == ()
    assert leftovers(root) == ()
    assert (owner.folder / "eu" / "archive" / "plain.part").exists()


def test_looking_for_leftovers_changes_nothing(root, owner):
    kill(owner)

    assert leftovers(root) == leftovers(root)
    assert (owner.folder / "eu" / "archive" / "plain.part").exists()


def test_where_there_never_was_a_spool_nothing_is_left(root):
    assert leftovers(root) == ()
    assert not root.exists()


def test_a_folder_that_was_left_before_its_lock_was_made_is_swept(root):
    (root / "123-halfway").mkdir(parents=True)

    with Spool(root) as spool:
        assert [swept.folder.name for swept in spool.swept] == ["123-halfway"]


def test_a_root_that_cannot_be_written_is_an_os_error(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    with pytest.raises(OSError, match="file"):
        Spool(in_the_way / "spool")


def test_a_file_that_is_taken_away_or_made_while_it_is_swept_is_no_hindrance(
    root, owner, monkeypatch
):
    """As the killed process's children do, which live for a moment longer."""
    folder, unlink, taken = owner.folder.parent, os.unlink, []
    kill(owner)

    def raced(path, **where):
        if not taken and str(path) == "plain.part":
            taken.append(unlink(path, **where))
            (owner.folder / "another.part").write_bytes(b"x")
        unlink(path, **where)

    monkeypatch.setattr(os, "unlink", raced)
    with Spool(root) as spool:
        assert [each.folder for each in spool.swept] == [folder]
    assert taken
    assert not folder.exists()
