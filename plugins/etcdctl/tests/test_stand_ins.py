"""The stand-ins have the traps of the real programs; a plugin that misses one would not notice."""

from __future__ import annotations

import os
import subprocess

import pytest


@pytest.fixture
def call(stage):
    stage = stage()

    def run(program, *arguments, **environment):
        return subprocess.run(
            [stage.world.programs[program], *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, **environment},
        )

    run.stage = stage
    run.endpoint = f"--endpoints={stage.world.endpoints[0]}"
    return run


def test_a_flag_and_its_variable_given_both_are_fatal(call):
    done = call("etcdctl", "endpoint", "status", call.endpoint, ETCDCTL_ENDPOINTS="x")

    assert (done.returncode, "conflicting environment variable" in done.stderr) == (1, True)


def test_a_save_takes_exactly_one_endpoint(call):
    done = call("etcdctl", "snapshot", "save", "x.db", "--endpoints=http://a:1,http://b:2")

    assert done.returncode == 5


def test_an_unknown_command_is_128(call):
    assert call("etcdctl", "snapshot", "restore").returncode == 128


def test_a_save_without_a_time_out_hangs_on_a_silent_endpoint(call, tmp_path):
    arguments = ["snapshot", "save", str(tmp_path / "x.db"), "--endpoints=http://127.0.0.1:99"]
    program = call.stage.world.programs["etcdctl"]

    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([program, *arguments], timeout=0.5, capture_output=True, check=False)
    assert call("etcdctl", *arguments, "--command-timeout=1s").returncode == 5


def test_a_restore_of_a_damaged_snapshot_leaves_a_full_directory(call, tmp_path):
    call.stage.world.folder.change("troubles", flip=1060)
    file, data = str(tmp_path / "x.db"), tmp_path / "data"
    call("etcdctl", "snapshot", "save", file, call.endpoint, "--command-timeout=5s")

    flags = [f"--data-dir={data}", "--name=m", "--initial-cluster=m=http://h:1"]
    done = call("etcdutl", "snapshot", "restore", file, *flags)

    assert (done.returncode, "sha256" in done.stderr) == (1, True)
    assert (data / "member" / "snap" / "db").exists()


@pytest.mark.parametrize(("version", "has"), [("3.5.1", False), ("3.5.10", True), ("3.6.14", True)])
def test_the_bump_comes_with_a_version(call, version, has):
    programs = call.stage.world.install(f"bin-{version}", version)
    said = subprocess.run(
        [programs["etcdutl"], "snapshot", "restore", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert ("--bump-revision" in said) is has
