"""What the contenders are given to find the fleet: a kubeconfig with a context for each cluster,
a fleet file, and the plain URLs.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from .pages import cluster_name

KUBECONFIG = "kubeconfig"
FLEET = "fleet.yaml"
SERVERS = "servers.json"


def write_fleet_files(folder: Path, urls: list[str]) -> None:
    """Write all three into the folder."""
    named = {cluster_name(number): url for number, url in enumerate(urls)}
    (folder / SERVERS).write_text(json.dumps(named))
    (folder / KUBECONFIG).write_text(yaml.safe_dump(_kubeconfig(named)))
    (folder / FLEET).write_text(yaml.safe_dump(_fleet(named), sort_keys=False))


def _kubeconfig(named: dict[str, str]) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}} for name, url in named.items()],
        "users": [{"name": "reader", "user": {"token": "recorded"}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "reader"}} for name in named
        ],
    }


def _fleet(named: dict[str, str]) -> dict[str, object]:
    cluster = {"kubeconfig": f"file:{KUBECONFIG}", "backends": {"velero": {"namespace": "velero"}}}
    clusters = {name: {**cluster, "context": name} for name in named}
    return {"version": 1, "clusters": clusters}
