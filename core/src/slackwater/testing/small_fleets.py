"""Fleets of a few emulated clusters with one tool, for tests that go the whole way through core."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from slackwater.runs.timing import Timing
from slackwater.testing.fleet_stores import folder_entry
from slackwater.testing.kubernetes_api import Server

QUICK = Timing(
    poll_first=0.02, poll_longest=0.1, follow=0.02, again_first=0.02, again_longest=0.1, appear=5.0
)
"""The pace of runs over tools that are emulated."""


def write_fleet(
    folder: Path,
    servers: Mapping[str, Server],
    backends: Mapping[str, object],
    *,
    policy: str,
    protect: Mapping[str, object],
) -> Path:
    """Write a fleet file, and beside it a kubeconfig and the store ``vault`` in a folder.

    Every cluster has the same backends; the one policy is for all of them.
    """
    for name, server in servers.items():
        server.kubeconfig(folder / "kubeconfig", context=name)
    entry = {"kubeconfig": "file:kubeconfig", "backends": dict(backends)}
    content = {
        "version": 1,
        "stores": {"vault": folder_entry(folder / "vault")},
        "clusters": {name: {**entry, "context": name} for name in servers},
        "policies": {policy: {"clusters": "", "protect": [dict(protect)]}},
    }
    file = folder / "fleet.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file
