"""The fleet of the documents: the demo's three clusters, emulated, before anything happened."""

from __future__ import annotations

import os

import pytest

from slackwater.clusters import Cluster
from slackwater.demo.emulated import NAMES, EmulatedStage
from slackwater.demo.things import furnish
from slackwater.fleet.rendering import DiscoveredCluster, render_fleet

POLICY = """
policies:
  gold:
    clusters: ""
    protect:
      - namespaces: "tier=gold"
        require: [objects, volumes]
"""


@pytest.fixture
def playground(tmp_path, monkeypatch):
    """A folder with fleet.yaml and kubeconfig; the working folder of the test."""
    for variable in [name for name in os.environ if name.startswith(("SLACKWATER_", "KUBE"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    stage = EmulatedStage()
    try:
        kubeconfig = stage.open(tmp_path)
        with Cluster("prod-eu", kubeconfig=kubeconfig, context="prod-eu") as cluster:
            furnish(cluster, "shop", "gold", orders=3)
        with Cluster("prod-us", kubeconfig=kubeconfig, context="prod-us") as cluster:
            furnish(cluster, "crm", "gold", orders=2)
        write_fleet(tmp_path, {"velero": {}})
        yield tmp_path
    finally:
        stage.close()


def write_fleet(folder, backends):
    """Write the fleet file: every cluster of the stage with these backends."""
    found = [
        DiscoveredCluster(name=n, context=n, kubeconfig="file:kubeconfig", backends=backends)
        for n in NAMES
    ]
    head = render_fleet(found).split("\npolicies:", 1)[0]
    (folder / "fleet.yaml").write_text(head + POLICY)
