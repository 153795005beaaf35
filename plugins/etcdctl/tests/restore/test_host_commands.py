"""Commands about hosts: looked at before, waited for after, and never beyond their time."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from slackwater.backend import Stopped
from slackwater.errors import BackendUnavailable, PermanentBackendError
from slackwater_etcdctl.host_commands import HostCommandRunner
from slackwater_etcdctl.restore_settings import HostCommand

from .processes import ends, is_running


def runner(timeout: float = 20.0, *, stopping: bool = False) -> HostCommandRunner:
    return HostCommandRunner("east", timeout, lambda: stopping)


def python(code: str, *arguments: object) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *map(str, arguments))


def counts(file: Path) -> tuple[str, ...]:
    return python("import sys; open(sys.argv[1], 'a').write('x')", file)


def exists(file: Path) -> tuple[str, ...]:
    return ("test", "-e", str(file))


def test_what_is_done_already_is_not_done_again(tmp_path):
    file = tmp_path / "effect"
    command = HostCommand(run=counts(file), done=exists(file))
    assert runner().run("m1", command)
    assert not runner().run("m1", command)
    assert file.read_text() == "x"


def test_there_is_no_shell(tmp_path):
    runner().run("m1", HostCommand(run=counts(tmp_path / "$(id) ; x")))
    assert (tmp_path / "$(id) ; x").exists()


def test_an_effect_that_takes_its_time_is_waited_for(tmp_path):
    file = tmp_path / "later"
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', "
        "'import sys, time; time.sleep(0.4); open(sys.argv[1], \"x\")', sys.argv[1]])"
    )
    assert runner().run("m1", HostCommand(run=python(code, file), done=exists(file)))
    assert file.exists()


def test_an_effect_that_never_comes_is_told(tmp_path):
    command = HostCommand(run=("true",), done=exists(tmp_path / "never"))
    with pytest.raises(BackendUnavailable, match="m1: true has ended, but what it is for"):
        runner(0.3).run("m1", command)


def test_a_command_that_fails_is_told_in_its_own_words():
    with pytest.raises(PermanentBackendError, match=r"cp1: .* ended with exit code 3: no etcd"):
        runner().run("cp1", HostCommand(run=python("print('no etcd'); raise SystemExit(3)")))


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(PermanentBackendError, match="No such file"):
        runner().run("cp1", HostCommand(run=("/no/such/program",)))


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    file = tmp_path / "pid"
    code = (
        "import os, subprocess, sys; c = subprocess.Popen(['sleep', '600']); "
        "open(sys.argv[1], 'w').write(str(c.pid)); c.wait()"
    )
    with pytest.raises(BackendUnavailable, match=r"takes longer than 2 s"):
        runner(2).run("cp1", HostCommand(run=python(code, file)))
    assert ends(int(file.read_text()))


def test_a_server_that_a_command_starts_goes_on(tmp_path):
    file = tmp_path / "pid"
    code = (
        "import subprocess, sys; c = subprocess.Popen(['sleep', '600']); "
        "open(sys.argv[1], 'w').write(str(c.pid))"
    )
    runner().run("cp1", HostCommand(run=python(code, file)))
    pid = int(file.read_text())
    assert is_running(pid)

    os.kill(pid, signal.SIGKILL)


def test_secrets_of_our_environment_are_not_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("DR_S3_SECRET", "canary")
    file = tmp_path / "environment"
    code = "import os, sys; open(sys.argv[1], 'w').write(repr(dict(os.environ)))"
    runner().run("cp1", HostCommand(run=python(code, file)))
    assert "PATH" in file.read_text()
    assert "canary" not in file.read_text()


def test_commands_that_wait_for_each_other_run_side_by_side(tmp_path):
    code = (
        "import pathlib, sys, time\n"
        "own, other = map(pathlib.Path, sys.argv[1:])\n"
        "own.touch()\n"
        "while not other.exists(): time.sleep(0.02)\n"
    )
    a, b = tmp_path / "a", tmp_path / "b"
    commands = [
        ("m1", HostCommand(run=python(code, a, b))),
        ("m2", HostCommand(run=python(code, b, a))),
    ]
    assert runner().run_together(commands) == 2


def test_nothing_is_begun_when_asked_to_stop(tmp_path):
    with pytest.raises(Stopped):
        runner(stopping=True).run("cp1", HostCommand(run=counts(tmp_path / "effect")))
    assert not (tmp_path / "effect").exists()
