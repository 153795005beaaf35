"""A cluster that is turned back, as it is shown, consented to, confirmed, and put into a ticket."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ..client.stage import Stage
from .terminal import Terminal
from .test_terminal import on_a_terminal, plain

WISH = "--policy whole --control-plane eu"


def test_the_plan_says_what_comes_back_with_the_whole(terminal: Terminal, kept: Stage) -> None:
    said = terminal(f"plan --at now {WISH}")
    lines = {line.split("  ")[0]: line for line in said.out.splitlines()}
    assert said.code == 0
    assert lines["eu (control-plane)"].endswith("the whole control plane")
    assert lines["eu/shop"].endswith(
        "its objects, with the control plane; volumes keep today's data"
    )
    assert re.search(
        r"put the objects of \S+ in place +replaces all objects of eu; after 3", said.out
    )
    assert "      | Stop every API server of eu, then confirm." in said.out.splitlines()
    assert "by a person, then confirmed" in said.out
    assert "the whole cluster is turned back to" in said.out


def test_consent_says_plainly_that_a_whole_cluster_is_turned_back(
    terminal: Terminal, kept: Stage
) -> None:
    file, digest = terminal.plan(WISH)
    code, shown = on_a_terminal(terminal, "restore", file, answers={"to go on": digest})
    text = " ".join(plain(shown).split())
    assert code == 7
    assert "This turns back the whole cluster eu to " in text
    assert "is undone, in every namespace." in text
    assert "(kube-system " in text
    assert ", control plane store of eu)" in text


def test_a_person_is_led_through_it_one_command_after_the_other(
    terminal: Terminal, kept: Stage
) -> None:
    file, digest = terminal.plan(WISH)
    said = terminal("restore", file, "--confirm", digest)
    told = []
    while said.code == 7:
        (line,) = re.findall(r"→ then: slackwater (runs confirm .+)", said.err)
        told += re.findall(r"^  (\w+ every API server) of eu, then confirm\.$", said.err, re.M)
        shown = terminal("runs show", line.split()[2])
        assert line in shown.err, "tomorrow's reader finds it too"
        said = terminal(line)
        kept.show_what_stands("eu")
    assert said.code == 0, said.all
    assert told == ["Stop every API server", "Start every API server"]
    assert "later" not in kept.world.namespaces("eu")


@pytest.fixture
def ticket(terminal: Terminal, kept: Stage) -> str:
    said = terminal(f"plan --at now {WISH} -o markdown")
    assert said.code == 0
    return said.out


def test_a_ticket_holds_the_whole_plan(terminal: Terminal, kept: Stage, ticket: str) -> None:
    for words in (
        "## Targets",
        "| eu (control-plane) | eu (control-plane) | memory-archive |",
        "| store of eu | yes |",
        "- This turns back the whole cluster eu",
        "  - instructions:\n\n        Stop every API server of eu, then confirm.\n",
        "  - effect: replaces all objects of eu",
        "- **warning** eu: the whole cluster is turned back",
        "  - way out: leave out --control-plane",
    ):
        assert words in ticket
    assert re.search(r"- Digest `[0-9a-f]{4}-[0-9a-f]{4}`: consent", ticket)
    steps = re.findall(r"^- \*\*(\d+)\*\* ", ticket, re.M)
    assert steps == [str(n + 1) for n in range(len(steps))]
    assert len(steps) == 6


def test_a_ticket_says_that_a_plan_is_blocked(terminal: Terminal, saved: Stage) -> None:
    said = terminal("plan --at now --policy gold -o markdown")
    assert said.code == 6
    assert "**Blocked**" in said.out
    assert "- **error** eu/shop: shop exists with 4 objects" in said.out


def test_names_cannot_break_a_ticket(terminal: Terminal, stage: Stage) -> None:
    with stage.open() as fleet:
        moment = fleet.clock()
    stage.adopt("a|b_*c*", "shop", taken=moment - timedelta(minutes=1))
    out = terminal("plan --at now --cluster eu --namespace shop --to dr -o markdown").out
    assert r"a\|b\_\*c\*" in out


def test_a_backup_by_hand_needs_a_name(terminal: Terminal, kept: Stage) -> None:
    assert terminal("backup").code == 2
    said = terminal("backup --control-plane eu")
    assert said.code == 0
    assert "archive eu (control-plane)" in said.err
    said = terminal("backup --control-plane us")
    assert said.code == 2
    assert 'no cluster "us"' in said.err
