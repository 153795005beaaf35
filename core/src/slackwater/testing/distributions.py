"""Distributions made up for tests: what an installer would leave on the path, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def make_distribution(
    folder: Path, name: str, version: str, entry_points: Mapping[str, str]
) -> None:
    """Make a distribution in a folder that is, or will be, on the path (``PYTHONPATH``).

    ``entry_points`` are those of the group ``slackwater``: names to modules. So a program that is
    started in a process of its own finds the in-memory backends by the door of all plugins::

        make_distribution(folder, "slackwater-memory", "1.0", MEMORY_ENTRY_POINTS)
    """
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{entry} = {module}" for entry, module in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[slackwater]", *lines]) + "\n")


MEMORY_ENTRY_POINTS = {"memory": "slackwater.testing.memory.plugin"}
"""The entry points of a distribution that offers the in-memory backends."""
