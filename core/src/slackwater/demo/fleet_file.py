"""Completes the fleet file that ``init`` wrote, as whoever runs the fleet would."""

from __future__ import annotations

from pathlib import Path

import yaml

from slackwater.demo.cast import LABELS, policies
from slackwater.demo.stage import Said
from slackwater.fleet.rendering import DiscoveredCluster, render_fleet


def complete(file: Path, said: Said) -> str:
    """Write labels, stores, settings and policies into the file; return the policies' text."""
    found = yaml.safe_load(file.read_text())["clusters"]
    clusters = [_cluster(name, entry, said) for name, entry in found.items()]
    tools = {tool for cluster in clusters for tool in cluster.backends}
    text = policies(tools, control_planes=bool(said.control_planes))
    head = render_fleet(clusters).split("\n# A first policy", 1)[0]
    stores = yaml.safe_dump({"stores": dict(said.stores)}, sort_keys=False) if said.stores else ""
    file.write_text(f"{head}\n{stores}\n{text}")
    return text


def _cluster(name: str, entry: dict[str, object], said: Said) -> DiscoveredCluster:
    own = said.backends.get(name, {})
    found = entry["backends"]
    backends = found if isinstance(found, dict) else {}
    return DiscoveredCluster.model_validate(
        {
            **entry,
            "name": name,
            "labels": LABELS[name],
            "backends": {t: {**backends.get(t, {}), **own.get(t, {})} for t in {**backends, **own}},
        }
    )
