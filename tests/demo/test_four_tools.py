"""The story of the demo without its teller: unlike tools, one mark, one plan, one moment.

Every cluster and tool is emulated; there is no control plane to be turned back, so etcd plays only
in ``tests/end_to_end/test_four_tools.py``.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from slackwater import Fleet
from slackwater.cli.points import holds
from slackwater.clusters import Cluster
from slackwater.demo.cast import ARCHIVE, CRM, LEDGER, PARTS, POLICIES, SHOP, TILLS
from slackwater.demo.emulated import EmulatedStage
from slackwater.demo.fleet_file import complete
from slackwater.demo.stage import NAMES
from slackwater.demo.story import build
from slackwater.demo.things import add_forgotten_volume, furnish, photograph, spoil
from slackwater.fleet.rendering import DiscoveredCluster, render_fleet
from slackwater.model.run import RunState
from slackwater.runs.timing import Timing

QUICK = Timing(
    poll_first=0.02, poll_longest=0.1, follow=0.02, again_first=0.02, again_longest=0.1, appear=5.0
)
TOOLS = {"prod-eu": ["velero"], "prod-us": ["csi", "kasten"], "edge": ["csi"], "dr-eu": ["velero"]}


class Played:
    """The fleet before the accident: backed up under one mark."""

    def __init__(self, stage, folder):
        self.stage = stage
        self.kubeconfig = stage.open(folder)
        self.file = folder / "fleet.yaml"
        self.before = {}
        for part in PARTS:
            with self.cluster(part.cluster) as cluster:
                assert build(part, cluster, stage)
                self.before[part] = photograph(cluster, part.namespace)
        found = [
            DiscoveredCluster(name=n, context=n, kubeconfig=f"file:{self.kubeconfig}")
            for n in NAMES
        ]
        self.file.write_text(render_fleet(found))
        complete(self.file, stage.said())

    def cluster(self, name):
        return Cluster(name, kubeconfig=self.kubeconfig, context=name)

    def have_the_accident(self):
        for part in (CRM, LEDGER, TILLS):
            with self.cluster(part.cluster) as cluster:
                spoil(cluster, part.namespace)
            self.stage.write(part.cluster, part.namespace, part.claim, b"migrated")
        self.stage.stop_cluster(SHOP.cluster)

    def require_as_it_was(self):
        for part in PARTS:
            with self.cluster(part.target) as cluster:
                assert photograph(cluster, part.namespace) == self.before[part], part
            assert self.stage.read(part.target, part.namespace, part.claim) == part.data, part


@pytest.fixture
def played(tmp_path, monkeypatch):
    for variable in [name for name in os.environ if name.startswith(("SLACKWATER_", "KUBE"))]:
        monkeypatch.delenv(variable)
    stage = EmulatedStage(pace=0.02)
    try:
        yield Played(stage, tmp_path)
    finally:
        stage.close()


@pytest.fixture
def fleet(played, tmp_path):
    with Fleet.load(played.file, ledger=tmp_path / "ledger.db", timing=QUICK, timeout=2) as opened:
        yield opened


def test_each_policy_finds_its_tool_and_one_plan_brings_all_back(played, fleet):
    assert {name: sorted(c.backends) for name, c in fleet.file.clusters.items()} == TOOLS
    run = fleet.backup(POLICIES, mark="noon").result()
    assert run.state is RunState.SUCCEEDED, run
    made = {point.scope.namespaces: point for point in fleet.points().points}
    assert {point.made_by for point in made.values()} == {
        "policy gold",
        "policy silver",
        "policy edge",
    }
    (mark,) = fleet.ledger.marks("noon")
    assert (mark.complete, len(mark.parts)) == (True, len(PARTS))
    moment = datetime.now(UTC)

    played.have_the_accident()
    plan = fleet.plan(at=moment, policy=POLICIES, to={"prod-eu": "dr-eu"}, update=True)

    assert not plan.blocked, plan.why_blocked
    assert plan.mark == "noon"
    assert {(c.workload.cluster, c.workload.namespace, c.point.id.tool) for c in plan.choices} == {
        ("prod-eu", "shop", "velero"),
        ("prod-us", "crm", "kasten"),
        ("prod-us", "ledger", "csi"),
        ("edge", "tills", "csi"),
    }
    said = {c.point.id.tool: holds(c.point, c.workload.namespace) for c in plan.choices}
    assert {tool: text.partition("of 1 volume")[2].strip(", ") for tool, text in said.items()} == {
        "velero": "off-cluster",
        "kasten": "off-cluster",
        "csi": "none off-cluster",
    }
    restored = fleet.restore(plan, confirm=plan.digest).result()
    assert restored.state is RunState.SUCCEEDED, restored
    played.require_as_it_was()


def test_what_no_policy_names_is_found_and_a_hidden_gap_too(played, fleet):
    with played.cluster(ARCHIVE.cluster) as cluster:
        furnish(cluster, ARCHIVE.namespace, ARCHIVE.tier, orders=2)
        add_forgotten_volume(cluster, ARCHIVE.namespace, ARCHIVE.claim)

    run = fleet.backup(cluster=ARCHIVE.cluster, namespace=ARCHIVE.namespace).result()
    findings = [f for f in fleet.doctor().findings if f.severity == "error"]

    assert run.state is RunState.PARTIAL
    assert {f.cluster for f in findings} == {"prod-eu", "prod-us", "edge"}
    # All are about coverage: no store of another cluster is missed by a tool that cannot use it.
    assert [f for f in findings if f.tool] == []
