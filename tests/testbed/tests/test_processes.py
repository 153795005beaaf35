"""Processes are known by id and start time, and ended with what they started."""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slackwater_testbed.processes import ProcessRecord, end, spawn, started_at

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""

HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print("headless", flush=True)
ctypes.CDLL(None).syscall(60, 0)  # exit(2) of this thread alone, on x86-64
"""


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def first_line(log: Path) -> str:
    eventually(lambda: log.exists() and "\n" in log.read_text())
    return log.read_text().strip()


def test_process_runs_in_a_session_of_its_own_until_it_is_ended(tmp_path: Path) -> None:
    record = spawn(SLEEPER, os.environ, tmp_path / "log")
    assert record.running
    assert os.getsid(record.pid) == record.pid
    end(record)
    assert not record.running


def test_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    record = spawn([sys.executable, "-c", DEAF], os.environ, tmp_path / "log")
    first_line(tmp_path / "log")
    end(record, patience=0.1)
    assert not record.running


@pytest.mark.parametrize("parent_dies_first", [False, True])
def test_children_end_with_their_parent(tmp_path: Path, parent_dies_first: bool) -> None:
    record = spawn([sys.executable, "-c", PARENT], os.environ, tmp_path / "log")
    child = ProcessRecord.of(int(first_line(tmp_path / "log")))
    assert child.running
    if parent_dies_first:
        os.kill(record.pid, 9)
        os.waitpid(record.pid, 0)
    end(record)
    eventually(lambda: not child.running)


def test_another_process_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    record = spawn(SLEEPER, os.environ, tmp_path / "log")
    end(dataclasses.replace(record, started="earlier"))
    assert record.running
    end(record)


def test_process_of_an_earlier_boot_is_left_alone(tmp_path: Path) -> None:
    record = spawn(SLEEPER, os.environ, tmp_path / "log")
    end(dataclasses.replace(record, boot="the one before"))
    assert record.running
    end(record)


def test_ended_child_that_nobody_waited_for_counts_as_gone(tmp_path: Path) -> None:
    record = spawn([sys.executable, "-c", ""], os.environ, tmp_path / "log")
    os.waitid(os.P_PID, record.pid, os.WEXITED | os.WNOWAIT)
    assert started_at(record.pid) is None
    end(record)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names a system call by its number")
def test_process_whose_other_threads_still_run_is_not_gone(tmp_path: Path) -> None:
    record = spawn([sys.executable, "-c", HEADLESS], os.environ, tmp_path / "log")
    eventually(lambda: ") Z " in Path(f"/proc/{record.pid}/stat").read_text())
    assert record.running
    end(record)
    assert not record.running


def test_pid_file_is_read_as_written(tmp_path: Path) -> None:
    record = ProcessRecord.of(os.getpid())
    record.write(tmp_path / "here" / "server.pid")
    assert ProcessRecord.read(tmp_path / "here" / "server.pid") == record


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', "[]"])
def test_unfinished_pid_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.pid").write_text(text)
    assert ProcessRecord.read(tmp_path / "server.pid") is None


def test_absent_pid_file_is_none(tmp_path: Path) -> None:
    assert ProcessRecord.read(tmp_path / "server.pid") is None
