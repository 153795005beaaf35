"""Secrets are planted as canaries in every way they come in, and found nowhere afterwards."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest

from ..cli.terminal import Terminal
from ..client.stage import Stage

CANARY = "canary-5f2e9b"
AS_SHOWN_BY_THE_API = base64.b64encode(CANARY.encode()).decode()


WAYS = ["env:STAGE_TOKEN", "file:token", "exec:cat {folder}/token", "k8s:default/tool/token"]


@pytest.fixture(params=WAYS)
def guarded(request, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A tool that asks for a canary, referred to in one of the ways."""
    (stage.folder / "token").write_text(CANARY)
    (stage.folder / "token").chmod(0o600)
    monkeypatch.setenv("STAGE_TOKEN", CANARY)
    for name, api in stage.apis.items():
        about = {"name": "tool", "namespace": "default"}
        data = {"token": AS_SHOWN_BY_THE_API}
        api.create({"apiVersion": "v1", "kind": "Secret", "metadata": about, "data": data})
        settings = stage.content["clusters"][name]["backends"]["memory"]
        settings["token"] = request.param.format(folder=stage.folder)
    stage.change()
    stage.world.require_token(CANARY)
    stage.put("eu", "shop", tier="gold")
    return stage


def leaks(folder: Path, *texts: str) -> list[str]:
    """Where a canary, or the token of a kubeconfig, is found that was not put there by us."""
    planted = {"token", "kubeconfig", "world.db"}
    files = [f for f in folder.rglob("*") if f.is_file() and f.name not in planted]
    found = [str(file) for file in files if _holds(file.read_bytes())]
    return found + [text for text in texts if _holds(text.encode())]


def _holds(content: bytes) -> bool:
    return any(w.encode() in content for w in (CANARY, AS_SHOWN_BY_THE_API, "token-of-"))


def test_what_is_used_is_found_nowhere(terminal: Terminal, guarded: Stage, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    said = [terminal("doctor"), terminal("backup gold --mark noon"), terminal("points list")]
    assert [each.code for each in said[1:]] == [0, 0], said[1].all
    file, digest = terminal.plan("--policy gold --to dr")
    said += [terminal("restore", file, "--confirm", digest), terminal("runs list -o json")]
    assert said[-2].code == 0
    texts = [each.all for each in said]
    assert leaks(guarded.folder, *texts, caplog.text) == []


def test_what_is_refused_is_not_shown_either(
    terminal: Terminal, guarded: Stage, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    caplog.set_level(logging.DEBUG)
    guarded.world.require_token("another")
    monkeypatch.setenv("SLACKWATER_TRACEBACK", "")
    said = [terminal("doctor"), terminal("backup gold"), terminal("points list")]
    assert [each.code for each in said] == [3, 5, 4]
    assert leaks(guarded.folder, *(each.all for each in said), caplog.text) == []


@pytest.mark.parametrize("guarded", WAYS[2:3], indirect=True)
def test_nothing_of_it_is_in_the_arguments_of_a_process(terminal: Terminal, guarded: Stage) -> None:
    guarded.world.stall()
    process = terminal.start("backup", "gold")
    assert process.stderr is not None
    assert any("memory/backup/" in line for line in process.stderr)
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.kill()
    process.communicate()
    assert b"backup" in shown
    assert not _holds(shown)


@pytest.mark.parametrize("guarded", WAYS[:1], indirect=True)
@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:NOT_THERE", "env:NOT_THERE"),
        ("file:not-there", "file:not-there"),
        ("exec:false", "exec:false"),
        ("k8s:default/tool/other", "k8s:default/tool/other"),
        ("k8s:default/none/token", "k8s:default/none/token"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(
    terminal: Terminal, guarded: Stage, reference: str, words: str
) -> None:
    guarded.content["clusters"]["eu"]["backends"]["memory"]["token"] = reference
    guarded.change()
    said = terminal("points list")
    assert said.code == 4
    assert words in said.err
    assert leaks(guarded.folder, said.all) == []
