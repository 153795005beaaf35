"""The in-memory backends come into a fleet file by the door of all plugins."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from slackwater.testing.distributions import MEMORY_ENTRY_POINTS, make_distribution
from slackwater.testing.memory.subject import MemorySubject

FLEET = """
version: 1
clusters:
  home:
    context: home
    backends: {{memory: {{world: {world}, token: "env:MEMORY_TOKEN"}}}}
  neighbour:
    context: neighbour
    backends: {{memory: {{world: {world}, token: "env:MEMORY_TOKEN"}}}}
"""


@pytest.fixture
def slackwater(tmp_path):
    """The command line in a process of its own, with the in-memory backends installed."""
    make_distribution(tmp_path / "site", "slackwater-memory", "1.0", MEMORY_ENTRY_POINTS)
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "site"),
        "MEMORY_TOKEN": MemorySubject.canaries[0],
        "KUBECONFIG": str(tmp_path / "none"),
        "HOME": str(tmp_path),
    }

    def run(*arguments):
        script = "import sys; from slackwater.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout

    return run


def test_points_of_a_world_are_listed_by_the_command_line(slackwater, tmp_path):
    with MemorySubject(tmp_path) as subject:
        made = subject.make_points(3)
        (tmp_path / "fleet.yaml").write_text(FLEET.format(world=subject.world.path))

    shown = json.loads(slackwater("points", "list", "-o", "json"))["points"]

    assert {point["id"]["name"] for point in shown} == set(made)
    places = {tuple(place["cluster"] for place in point["places"]) for point in shown}
    assert places == {("home", "neighbour")}
