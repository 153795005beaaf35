"""What a person at a terminal sees: questions, progress, colours that only repeat the words."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Mapping

import pytest

from ..client.stage import Stage
from .terminal import Terminal

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(
    terminal: Terminal, *words: str, answers: Mapping[str, str] | None = None, **env: str
) -> tuple[int, str]:
    """Run a command on a terminal; where it prints the key of an answer, type the answer."""
    master, slave = pty.openpty()
    environment = {**terminal.environment, "TERM": "xterm", "COLUMNS": "140", **env}
    process = subprocess.Popen(
        terminal.command(*words), env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen, left = "", dict(answers or {})
    while chunk := _read(master):
        seen += chunk
        for question in [q for q in left if q in seen]:
            os.write(master, f"{left.pop(question)}\n".encode())
    os.close(master)
    return process.wait(), seen


def _read(master: int) -> str:
    try:
        return os.read(master, 65536).decode("utf-8", "replace")
    except OSError:  # Linux's end of file for a terminal whose other side is closed
        return ""


def plain(text: str) -> str:
    return _ESCAPES.sub("", text)


@pytest.fixture
def plan(terminal: Terminal, saved: Stage) -> tuple[str, str]:
    return terminal.plan("--policy gold --to dr")


def test_the_digest_is_asked_for_after_the_plan_and_its_targets_were_shown(
    terminal: Terminal, saved: Stage, plan: tuple[str, str]
) -> None:
    file, digest = plan
    code, shown = on_a_terminal(terminal, "restore", file, answers={"to go on": digest})
    text = plain(shown)
    assert code == 0, text
    assert f"Target  dr  {saved.servers['dr'].url}  (kube-system " in text
    assert "This writes into 1 cluster, 1 namespace; it deletes nothing." in text
    assert text.index("WORKLOAD") < text.index("Target") < text.index("Type the digest")
    assert saved.held("dr", "shop") is not None


def test_a_restore_shows_its_steps_while_they_go(
    terminal: Terminal, saved: Stage, plan: tuple[str, str]
) -> None:
    saved.world.set_duration(0.5)
    file, digest = plan
    code, shown = on_a_terminal(terminal, "restore", file, "--confirm", digest)
    text = plain(shown)
    assert code == 0, text
    assert "waits for 3" in text
    assert "memory/restore/sw-dr-shop-" in text
    assert "Ctrl-C stops driving it, not what has begun" in text
    assert f"slackwater runs resume r-{digest.replace('-', '')}" in text
    assert re.search(r"✓\s+3\s+restore eu/shop → dr/shop", text)


@pytest.mark.parametrize("answer", ["", "yes"])
def test_anything_but_the_digest_declines(
    terminal: Terminal, saved: Stage, plan: tuple[str, str], answer: str
) -> None:
    code, shown = on_a_terminal(terminal, "restore", plan[0], answers={"to go on": answer})
    assert code == 130
    assert "Declined. Nothing was changed." in plain(shown)
    assert saved.held("dr", "shop") is None


def test_colours_are_left_out_when_that_is_wished(terminal: Terminal, saved: Stage) -> None:
    _, coloured = on_a_terminal(terminal, "plan", "--at", "now", "--policy", "gold", NO_COLOR="")
    _, without = on_a_terminal(terminal, "plan", "--at", "now", "--policy", "gold", NO_COLOR="1")
    assert "\x1b[31m" in coloured
    assert not [code for code in _COLOUR.findall(without) if re.search(r"[34]\d", code)]
    assert "✗" in plain(coloured)
    assert "✗" in without


def test_tables_are_cut_to_the_terminal_and_json_is_not(terminal: Terminal, saved: Stage) -> None:
    _, table = on_a_terminal(terminal, "points", "list", COLUMNS="60")
    assert max(map(len, plain(table).splitlines()[:2])) <= 60
    assert "…" in table
    _, shown = on_a_terminal(terminal, "points", "list", "-o", "json", COLUMNS="60")
    assert "…" not in shown
