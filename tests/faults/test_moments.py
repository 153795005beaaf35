"""Moments that lie ahead, that never were, or that were twice."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from ..cli.terminal import Terminal
from ..client.stage import Stage


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slackwater.cli.output.zone", lambda: ZoneInfo("Europe/Berlin"))


NONE = [
    ("2999-01-01 10:00", "is in the future"),
    ("2026-03-29 02:30", "straight to 2026-03-29 03:00:00"),
    ("2025-10-26 02:30", "came twice in Europe/Berlin"),
    ("2026-02-30 10:00", "there is no such date"),
    ("2026-01-01 10:00 Europe/Atlantis", "no IANA time zone"),
    ("", "is no moment"),
]


def test_a_moment_that_is_none(terminal: Terminal) -> None:
    for moment, words in NONE:
        said = terminal("plan --policy gold --at", moment)
        assert (said.code, said.out) == (2, ""), moment
        assert words in said.err


def test_a_moment_before_everything_blocks_the_plan(terminal: Terminal, saved: Stage) -> None:
    said = terminal("plan --policy gold --at", "2020-01-01 10:00")
    assert said.code == 6
    assert "no good recovery point at or before 2020-01-01 09:00:00Z" in said.out
    assert "names no time zone; read in Europe/Berlin" in said.out
