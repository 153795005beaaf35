"""Each exit code of the design is reached, and stands in the help of every command."""

from __future__ import annotations

import click
import pytest

from slackwater.cli import EXIT_CODES
from slackwater.cli.app import run, slackwater
from slackwater.testing.memory import Outcome, Volume, Word

from ..client.stage import Stage, ask_a_person
from .terminal import Terminal


def commands(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found = [path]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        nested = isinstance(command, click.Group)
        found += commands(command, *path, name) if nested else [(*path, name)]
    return found


@pytest.mark.parametrize("path", commands(slackwater), ids=" ".join)
def test_every_help_lists_the_exit_codes(path: tuple[str, ...], capsys) -> None:
    assert run([*path, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert all(f"{code} {meaning}" in shown for code, meaning in EXIT_CODES.items())


def test_0_fine(terminal: Terminal) -> None:
    assert terminal("check").code == 0


def test_1_a_bug_is_named_as_one_and_shows_no_traceback(terminal: Terminal, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("token=secret")

    monkeypatch.setattr("slackwater.client.Fleet.load", broken)
    said = terminal("check")
    assert said.code == 1
    assert said.err.startswith("Unexpected RuntimeError: a bug")
    assert "secret" not in said.all
    assert "Traceback" not in said.all


WRONG = ["points list --cluster us", "nonsense", "plan", "restore nowhere.yaml", "runs show r-0"]


def test_2_usage_and_configuration(terminal: Terminal) -> None:
    assert {line: terminal(line).code for line in WRONG} == dict.fromkeys(WRONG, 2)


def test_3_at_risk(terminal: Terminal, stage: Stage) -> None:
    stage.put("eu", "shop")
    assert terminal("doctor").code == 3


def test_4_partial(terminal: Terminal, stage: Stage) -> None:
    stage.put("eu", "wiki", tier="gold", volumes=[Volume(claim="pages", skipped="hostPath")])
    assert terminal("backup gold").code == 4


def test_5_failed(terminal: Terminal, stage: Stage) -> None:
    stage.put("eu", "shop", tier="gold")
    stage.world.end_next("eu", Outcome(word=Word.BROKEN, message="full", retryable=False))
    said = terminal("backup gold")
    assert said.code == 5
    assert "full" in said.err


def test_6_blocked(terminal: Terminal, saved: Stage) -> None:
    assert terminal("plan --at now --policy gold").code == 6


def test_7_waiting_for_a_person(terminal: Terminal, stage: Stage) -> None:
    with stage.open() as fleet:
        run_id = ask_a_person(fleet).id
    said = terminal("runs resume", run_id)
    assert said.code == 7
    assert "systemctl stop writers" in said.err
    assert f"slackwater runs confirm {run_id}" in said.err
    assert terminal("runs confirm", run_id, "1").code == 0


def test_130_declined_or_interrupted(terminal: Terminal, stage: Stage, monkeypatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("slackwater.client.Fleet.load", interrupt)
    assert terminal("check").code == 130
