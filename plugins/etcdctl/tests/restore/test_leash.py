"""A program on a leash does not outlive whoever holds it."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

from slackwater.backend.polling import answered
from slackwater_etcdctl.leash import leashed
from slackwater_etcdctl.tools import passed_on

from .processes import ends, is_running

SERVER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
HOLDER = """
import sys, time
from pathlib import Path
from slackwater_etcdctl.leash import leashed
from slackwater.backend.polling import answered
folder = Path(sys.argv[1])
command, log = [sys.executable, "-c", sys.argv[2]], folder / "log"
with leashed(command, folder=folder, log=log, environment={}):
    assert answered(lambda: log.read_text().endswith("\\n"), within=30)
    print(log.read_text(), flush=True)
    time.sleep(600)
"""


def test_it_ends_when_its_holder_is_killed(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path), SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        pid = int(holder.stdout.readline())
        assert is_running(pid)
        holder.send_signal(signal.SIGKILL)
        assert ends(pid)


SAVER = """
import sys
from pathlib import Path
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.tools import Program, Tools
session = Session(Tools("home", {Program.ETCDCTL: sys.argv[1]}), 5.0)
session.save("http://127.0.0.1:1", Path(sys.argv[2]), within=600.0, stopping=lambda: False)
"""


def test_a_save_ends_when_the_process_that_asked_for_it_is_killed(tmp_path):
    told, etcdctl = tmp_path / "told", tmp_path / "etcdctl"
    etcdctl.write_text(f"#!/bin/sh\necho $$ > {told}\nexec sleep 600\n")
    etcdctl.chmod(0o755)
    command = [sys.executable, "-c", SAVER, str(etcdctl), str(tmp_path / "file")]
    with subprocess.Popen(command) as saver:
        assert answered(lambda: told.exists() and read_pid(told) > 0, within=30)
        saver.send_signal(signal.SIGKILL)
        assert ends(read_pid(told))


def test_it_ends_with_the_block(tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "-c", SERVER]
    with leashed(command, folder=tmp_path, log=log, environment=passed_on()) as child:
        assert child.poll() is None
        read_pid(log)
    assert ends(read_pid(log))


def test_a_program_that_ends_by_itself_is_seen(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    log = tmp_path / "log"
    with leashed(command, folder=tmp_path, log=log, environment=passed_on()) as child:
        assert child.wait(30) == 7


def test_a_signal_that_ended_it_is_seen(tmp_path):
    command = ["/bin/sh", "-c", "kill -BUS $$"]
    log = tmp_path / "log"
    with leashed(command, folder=tmp_path, log=log, environment=passed_on()) as child:
        assert child.wait(30) == -signal.SIGBUS


BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_what_it_used_counts_as_its_holders(tmp_path):
    command, log = [sys.executable, "-c", BUSY], tmp_path / "log"
    before = used_by_children()
    with leashed(command, folder=tmp_path, log=log, environment=passed_on()) as child:
        assert child.wait(30) == 0
    assert used_by_children() - before >= 0.3


def used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_pid(log: Path) -> int:
    assert answered(lambda: log.read_text().endswith("\n"), within=30)
    return int(log.read_text())
