from __future__ import annotations

import logging
import sys
import traceback

import pytest

from slackwater.errors import SecretError
from slackwater.fleet import parse_reference, resolve

CANARY = "hunter2-CANARY/+x=="


def _whole(error: BaseException | None) -> str:
    """Everything that an error could tell: its chain, hidden causes included."""
    text = ""
    while error is not None:
        text += "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
        error = error.__cause__ or error.__context__
    return text


def _printing(code: str) -> str:
    return f'exec:["{sys.executable}", "-c", "{code}"]'


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("env:DR_KEY", ("DR_KEY",)),
        ("file:/etc/key", ("/etc/key",)),
        ("file:relative/key", ("relative/key",)),
        ("exec:pass show 'dr key'", ("pass", "show", "dr key")),
        ('exec:["pass", "show", "dr key"]', ("pass", "show", "dr key")),
        ("k8s:velero/creds/cloud", ("velero", "creds", "cloud")),
    ],
)
def test_references_are_read(text, parts):
    reference = parse_reference(text)

    assert (reference.parts, str(reference)) == (parts, text)


@pytest.mark.parametrize(
    "text",
    [CANARY, f"env:{CANARY}", f"k8s:{CANARY}", f'exec:["{CANARY}', "exec:[]", f"vault:{CANARY}"],
)
def test_what_is_no_reference_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError) as caught:
        parse_reference(text)

    assert CANARY not in _whole(caught.value)


def test_a_path_gets_the_hint_how_to_write_it():
    with pytest.raises(ValueError, match='a path is written "file:/path"'):
        parse_reference("~/.kube/config")


def test_an_environment_variable_is_followed(monkeypatch):
    monkeypatch.setenv("DR_KEY", CANARY)

    assert resolve(parse_reference("env:DR_KEY")) == CANARY
    assert resolve("env:DR_KEY") == CANARY


def test_a_file_is_followed_from_the_folder_without_its_last_newline(tmp_path):
    (tmp_path / "key").write_text(f"{CANARY}\n")

    assert resolve("file:key", folder=tmp_path) == CANARY
    assert resolve(f"file:{tmp_path}/key") == CANARY


def test_a_command_is_followed():
    assert resolve(_printing(f"print('{CANARY}')")) == CANARY


def test_a_secret_of_a_cluster_is_followed():
    asked = []

    def read(namespace, name, key):
        asked.append((namespace, name, key))
        return f"{CANARY}\n"

    assert resolve("k8s:velero/creds/cloud", k8s=read) == CANARY
    assert asked == [("velero", "creds", "cloud")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("env:NOT_SET_ANYWHERE", "the environment variable is not set"),
        ("file:/not/there", "no such file or directory"),
        ("file:/", "is a directory"),
        ("exec:/not/there", "no such file or directory"),
        ("exec:true", "there is nothing in it"),
        ("k8s:a/b/c", "there is no cluster here to read Secrets from"),
    ],
)
def test_what_leads_nowhere_is_said(text, message):
    with pytest.raises(SecretError) as caught:
        resolve(text)

    assert str(caught.value) == f"{text}: {message}"


def test_a_text_that_is_no_reference_is_not_repeated_by_the_resolver():
    with pytest.raises(SecretError) as caught:
        resolve(CANARY)

    assert CANARY not in _whole(caught.value)


def test_what_a_failing_command_prints_is_in_no_error(tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; print('{CANARY}'); print('{CANARY}', file=sys.stderr); sys.exit(3)"
    )

    with pytest.raises(SecretError, match="ended with exit code 3") as caught:
        resolve(f"exec:{sys.executable} {script}")

    assert CANARY not in _whole(caught.value) + caplog.text + "".join(capfd.readouterr())


def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path):
    script = tmp_path / "script.sh"
    script.write_text(f"printf '{CANARY}'\nsleep 600 &\nsleep 600\n")

    with pytest.raises(SecretError, match="no answer in") as caught:
        resolve(f"exec:sh {script}", timeout=0.3)

    assert CANARY not in _whole(caught.value)


def test_a_command_that_prints_without_end_is_ended():
    with pytest.raises(SecretError, match="more than 1 MiB"):
        resolve("exec:yes", timeout=60)


def test_bytes_that_are_no_text_are_in_no_error(tmp_path):
    (tmp_path / "key").write_bytes(CANARY.encode() + b"\xff")

    with pytest.raises(SecretError, match="not UTF-8 text") as caught:
        resolve(f"file:{tmp_path}/key")

    assert CANARY not in _whole(caught.value)


def test_a_file_too_large_for_a_secret_is_refused(tmp_path):
    (tmp_path / "key").write_bytes(b"x" * (1024 * 1024 + 1))

    with pytest.raises(SecretError, match="larger than 1 MiB"):
        resolve(f"file:{tmp_path}/key")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("env:DR_S3_KEY", CANARY),
        ('"env:DR_S3_KEY"', f"*{CANARY}"),
        ('"env:DR_S3_KEY"', f"!{CANARY}"),
        ('"env:DR_S3_KEY"', f"&{CANARY}"),
        ('"env:DR_S3_KEY"', f"'{CANARY}"),
        ('"env:DR_S3_KEY"', f"{{{CANARY}: 1}}"),
        ("access_key:", "acces_key:"),
        ('access_key: "env:DR_S3_KEY"', f"access_key:{CANARY}"),
        ('access_key: "env:DR_S3_KEY"', f"access_key={CANARY}: "),
        ('ca: "file:…"', f"ca: {CANARY}"),
        ('ca: "file:…"', f"ca:{CANARY}"),
        ('ca: "file:…"', f"ca: [{CANARY}]"),
        ("s3://dr-etcd/prod", f"s3://key:{CANARY}@dr-etcd/prod"),
        ("https://s3.example.org", f"https://key:{CANARY}@s3.example.org"),
        ("age1…", f"AGE-SECRET-KEY-{CANARY}"),
        ("file:/etc/slackwater/us.kubeconfig", CANARY),
        ("file:/etc/slackwater/us.kubeconfig", f"env:{CANARY}"),
        ("volumes: move-data", f"volumes: {CANARY}"),
        ("csi: {store: vault}", f"csi: {CANARY}"),
    ],
)
def test_a_secret_in_the_file_is_repeated_in_no_error(problems_of, example, old, new):
    assert old in example
    broken = example.replace("env:DR_S3_SECRET", CANARY).replace(old, new, 1)

    problems = problems_of(broken)

    assert problems
    assert CANARY not in str(problems)


def test_a_reference_is_all_that_a_fleet_shows(load, example, monkeypatch):
    monkeypatch.setenv("DR_S3_KEY", CANARY)

    fleet = load(example)

    assert CANARY not in repr(fleet)
    assert CANARY not in fleet.model_dump_json()
    assert "env:DR_S3_KEY" in fleet.model_dump_json()
