"""How the user's own programs are found, asked and run."""

from __future__ import annotations

import signal

import pytest

from slackwater.backend import Stopped
from slackwater.errors import BackendUnavailable, PermissionDenied, Throttled
from slackwater_etcdctl.errors import ToolDied, ToolFailed, ToolMissing, ToolTimedOut
from slackwater_etcdctl.tools import Program, Tools

from .restore.processes import ends


@pytest.fixture
def tools(tmp_path):
    """Make a program of a shell script."""

    def make(script):
        path = tmp_path / "etcdctl"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return Tools("home", {Program.ETCDCTL: str(path)})

    return make


def run(tools, *arguments, **options):
    return tools.run(Program.ETCDCTL, arguments, **{"timeout": 20.0, **options})


def test_nothing_of_the_users_own_variables_reaches_a_program(tools, monkeypatch):
    monkeypatch.setenv("ETCDCTL_ENDPOINTS", "https://elsewhere:2379")
    monkeypatch.setenv("DR_S3_KEY", "secret")

    output = run(tools("env"), environment={"ETCDCTL_USER": "root:x"})

    names = {line.partition("=")[0] for line in output.stdout.splitlines()}
    assert "ETCDCTL_USER" in names
    assert not {"ETCDCTL_ENDPOINTS", "DR_S3_KEY"} & names


def test_a_secret_is_taken_out_of_what_a_program_says(tools):
    with pytest.raises(ToolFailed) as raised:
        run(tools("echo wrong: hunter2 >&2; exit 1"), secrets=["hunter2"])

    assert "hunter2" not in str(raised.value)
    assert "wrong: …" in str(raised.value)


def test_a_program_that_is_too_slow_is_ended(tools):
    with pytest.raises(ToolTimedOut, match="did not end within"):
        run(tools("sleep 1000"), timeout=0.2)


def test_a_program_is_ended_with_all_that_it_started(tools, tmp_path):
    child = tmp_path / "child"
    script = f"sleep 1000 & echo $! > {child}.new; mv {child}.new {child}; wait"

    with pytest.raises(Stopped):
        run(tools(script), stopping=child.exists)

    assert ends(int(child.read_text()))


def test_what_runs_on_a_leash_runs_to_its_end_and_is_heard(tools):
    assert run(tools("sleep 0.1; echo done"), on_leash=True).stdout == "done\n"
    with pytest.raises(ToolFailed, match="wrong"):
        run(tools("echo wrong >&2; exit 3"), on_leash=True)


def test_what_runs_on_a_leash_is_ended_too(tools, tmp_path):
    child = tmp_path / "child"
    script = f"echo $$ > {child}.new; mv {child}.new {child}; exec sleep 1000"
    with pytest.raises(Stopped):
        run(tools(script), stopping=child.exists, on_leash=True)
    assert ends(int(child.read_text()))


@pytest.mark.parametrize("number", [signal.SIGBUS, signal.SIGKILL])
@pytest.mark.parametrize("on_leash", [False, True])
def test_a_signal_is_an_answer_of_its_own(tools, on_leash, number):
    with pytest.raises(ToolDied) as raised:
        run(tools(f"kill -{int(number)} $$"), on_leash=on_leash)

    assert raised.value.signal == number


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Error: context deadline exceeded", BackendUnavailable),
        ("dial tcp 10.0.0.1:2379: connect: connection refused", BackendUnavailable),
        ("etcdserver: request timed out", BackendUnavailable),
        ("etcdserver: too many requests", Throttled),
        ("etcdserver: permission denied", PermissionDenied),
        ("etcdserver: user name is empty", PermissionDenied),
        ("remote error: tls: certificate required", PermissionDenied),
        ("tls: failed to verify certificate: x509: certificate signed by", PermissionDenied),
        ("mvcc: database space exceeded", ToolFailed),
    ],
)
def test_failures_are_sorted_by_the_programs_words(tools, words, error):
    with pytest.raises(error) as raised:
        run(tools(f"echo '{words}' >&2; exit 1"))

    assert type(raised.value) is error
    assert words in str(raised.value)
    assert (raised.value.backend, raised.value.cluster) == ("etcdctl", "home")


def test_a_missing_program_says_where_to_get_it(tmp_path):
    tools = Tools("home", {Program.ETCDUTL: str(tmp_path / "nowhere")})

    with pytest.raises(ToolMissing, match="nowhere") as raised:
        tools.path(Program.ETCDUTL)

    assert "etcdutl: /path/to/etcdutl" in raised.value.hint
    assert not tools.has(Program.ETCDUTL)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("etcdctl version: 3.5.1\\nAPI version: 3.5", "3.5.1"),
        ("etcdctl version: 3.6.0-rc.1", "3.6.0-rc.1"),
        ("something else", ""),
    ],
)
def test_versions_are_read_as_each_program_says_them(tools, said, version):
    assert tools(f"printf '{said}'").version(Program.ETCDCTL) == version


def test_flags_are_asked_for_by_the_whole_word_and_once(tools, tmp_path):
    asked = tmp_path / "asked"
    made = tools(f"echo x >> {asked}; echo '      --bump-revision uint   how much'")

    assert made.supports(Program.ETCDCTL, "snapshot restore", "--bump-revision")
    assert not made.supports(Program.ETCDCTL, "snapshot restore", "--bump")
    assert asked.read_text() == "x\n"
