"""The fleet of the documents: three emulated clusters with one tool, before anything happened."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from slackwater.clusters import Cluster
from slackwater.demo.things import furnish
from slackwater.fleet.rendering import DiscoveredCluster, render_fleet
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater_velero.emulator import install

NAMES = ("prod-eu", "prod-us", "dr-eu")

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
    kubeconfig = tmp_path / "kubeconfig"
    apis = {name: KubernetesApi(name) for name in NAMES}
    with ExitStack() as running:
        for name, api in apis.items():
            running.enter_context(serve(api)).kubeconfig(kubeconfig, context=name)
        running.enter_context(install(apis))
        with Cluster("prod-eu", kubeconfig=kubeconfig, context="prod-eu") as cluster:
            furnish(cluster, "shop", "gold", orders=3)
        with Cluster("prod-us", kubeconfig=kubeconfig, context="prod-us") as cluster:
            furnish(cluster, "crm", "gold", orders=2)
        write_fleet(tmp_path, {"velero": {}})
        yield tmp_path


def write_fleet(folder, backends):
    """Write the fleet file: every cluster of the stage with these backends."""
    found = [
        DiscoveredCluster(name=n, context=n, kubeconfig="file:kubeconfig", backends=backends)
        for n in NAMES
    ]
    head = render_fleet(found).split("\npolicies:", 1)[0]
    (folder / "fleet.yaml").write_text(head + POLICY)
