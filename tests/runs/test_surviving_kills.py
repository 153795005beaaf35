"""kill -9 at every write and every effect: the run that is resumed ends the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("crash_rounds.py")


def rounds(scenario, folder):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), scenario, str(folder)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("scenario", "state", "writes"),
    [
        ("backup", "partial", 12),
        ("restore", "succeeded", 25),
        ("cancel", "cancelled", 12),
        ("guided", "succeeded", 20),
    ],
)
def test_a_run_killed_anywhere_ends_as_if_it_had_not_been(scenario, state, writes, tmp_path):
    played = rounds(scenario, tmp_path)
    undisturbed = {**played[-1], "at": 0, "killed": True}
    assert undisturbed["state"] == state
    assert len(played) > writes  # the killer did find its way to all of them
    assert [one for one in played[:-1] if {**one, "at": 0} != undisturbed] == []
    assert done_to_the_world(undisturbed) == DONE[scenario]


def done_to_the_world(played):
    return sorted(name.rsplit("-", 1)[0] for kind in played["effects"].values() for name in kind)


DONE = {
    "backup": ["back-up-blog-1", "back-up-crm-1", "back-up-shop-1"],
    "restore": ["hide-store-1", "restore-1", "restore-2", "show-store-1", "volumes-1"],
    "guided": ["fetch-1", "restore-1", "swap-1"],
    "cancel": ["clean-1", "first-1", "long-1"],
}
