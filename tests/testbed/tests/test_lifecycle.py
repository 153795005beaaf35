"""Nothing is left behind, whatever ends first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slackwater_testbed import state

pytestmark = pytest.mark.real

OWNER = """
import time
from slackwater_testbed import state
from slackwater_testbed.testbed import Testbed
Testbed(state.claim()).objectstore.start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for testbeds of the test's own, in which nothing runs afterwards."""
    monkeypatch.setenv(state.STATE_VARIABLE, str(tmp_path))
    yield tmp_path
    run("down")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slackwater_testbed", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def processes_of(folder: Path) -> set[int]:
    """Return the ids of the processes that name the folder in their arguments, plugins too."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(folder) in file.read_bytes():
                found.add(int(file.parent.name))
        except OSError:
            continue
    return found


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_up_prints_the_way_in_and_down_leaves_no_process_and_no_file(root: Path) -> None:
    started = run("up", "lone")
    assert started.returncode == 0, started.stderr
    assert f"export KUBECONFIG={root}/by-hand/kubeconfig" in started.stdout
    assert "https://127.0.0.1:" in started.stdout
    before = processes_of(root)
    assert len(before) >= 5

    assert run("up").stdout == started.stdout
    assert processes_of(root) == before, "what runs is left alone"

    assert run("down").returncode == 0
    eventually(lambda: not processes_of(root))
    assert not state.by_hand().exists()
    assert run("status").returncode == 1


def test_up_that_was_killed_half_way_is_cleaned_up_by_the_next(root: Path) -> None:
    command = [sys.executable, "-m", "slackwater_testbed", "up", "lone"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as half:
        eventually((state.by_hand() / "lone" / "apiserver.pid").exists)
        half.kill()
    left = processes_of(root)
    assert left

    again = run("up", "lone")
    assert again.returncode == 0, again.stderr
    assert not left & processes_of(root)


def test_testbed_of_a_killed_test_run_is_swept_by_the_next(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        left = processes_of(root)
        assert left
        state.sweep()
        assert processes_of(root) == left, "its owner lives"
        owner.send_signal(signal.SIGKILL)

    state.sweep()
    eventually(lambda: not processes_of(root))
    assert list(root.glob("run-*")) == []
