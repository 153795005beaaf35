"""The whole matrix; its table is printed, whatever pytest captures."""

from __future__ import annotations

import pytest

from .emulated import SCENARIOS
from .matrix import play
from .real import on
from .table import NEVER, count, table

pytestmark = pytest.mark.long


def hold(rounds, capsys):
    with capsys.disabled():
        print(f"\n{table(rounds)}\n")
    ill = [line for each in rounds for line in [str(each), *each.verdict.lines()]]
    assert {name: count(rounds)[name] for name in NEVER} == dict.fromkeys(NEVER, 0), ill
    assert count(rounds)["plain"] == 0, ill


def test_nothing_is_lost_doubled_or_green_and_false(processes, capsys):
    hold(list(play(SCENARIOS, range(44), processes)), capsys)


@pytest.mark.real
def test_nor_on_real_engines(testbed, processes, capsys):
    hold(list(play(on(testbed), range(5), processes)), capsys)
