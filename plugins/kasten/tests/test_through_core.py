"""The whole way, as users go it: two clusters, a policy, an accident, a plan, a restore elsewhere.

And what nobody may see on it: the receive string is searched for in all that is kept or shown.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from slackwater import Fleet
from slackwater.cli.app import run
from slackwater.model.run import RunState
from slackwater.planning.revalidation import require_unchanged
from slackwater.testing.kubernetes_api import KubernetesApi, Rule, serve
from slackwater.testing.kubernetes_api.workloads import contents, put, seed
from slackwater.testing.small_fleets import QUICK, write_fleet
from slackwater_kasten.emulator import install
from slackwater_kasten.emulator.seeding import add_classes
from slackwater_kasten.emulator.vault import PREFIX


@pytest.fixture
def apis():
    apis = {name: KubernetesApi(name) for name in ("east", "west")}
    for api in apis.values():
        add_classes(api, "fast", "slow")
    return apis


@pytest.fixture
def kasten(apis):
    with install(apis, pace=0.02) as kasten:
        seed(apis["east"])
        yield kasten


@pytest.fixture
def servers(apis, kasten):
    with serve(apis["east"]) as east, serve(apis["west"]) as west:
        yield {"east": east, "west": west}


@pytest.fixture
def file(servers, tmp_path):
    backends = {"kasten": {"export": "offsite", "store": "vault"}}
    wanted = ["objects", "volumes", "off-cluster"]
    protect = {"namespaces": ["shop", "crm"], "require": wanted}
    return write_fleet(tmp_path, servers, backends, policy="gold", protect=protect)


@pytest.fixture
def fleet(file, tmp_path):
    with Fleet.load(file, ledger=tmp_path / "ledger.db", timing=QUICK) as fleet:
        yield fleet


def soon():
    return datetime.now(UTC) + timedelta(seconds=1)


def test_a_cluster_is_lost_and_its_namespaces_stand_in_another(
    fleet, file, apis, kasten, servers, tmp_path, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    seeded = {space: contents(apis["east"], space) for space in ("shop", "crm")}
    backed_up = fleet.backup("gold").result()
    assert backed_up.state is RunState.SUCCEEDED, backed_up
    plan = fleet.plan(at=soon(), policy="gold", to="west")
    assert not plan.blocked, plan.findings
    kasten.kill("east")

    restored = fleet.restore(plan, confirm=plan.digest).result()

    assert restored.state is RunState.SUCCEEDED, restored
    assert {space: contents(apis["west"], space) for space in seeded} == seeded
    assert apis["west"].list("policies.config.kio.kasten.io") == []
    _ask_the_command_line(file, tmp_path)
    captured = capfd.readouterr()
    for said in (caplog.text, captured.out, captured.err, repr(plan), repr(restored)):
        assert PREFIX not in said
    assert "let K10 in west import from offsite" in captured.out, "acts are shown"
    _nothing_of(PREFIX.encode(), tmp_path)


def test_what_k10_notes_in_a_namespace_is_neither_in_the_way_nor_a_change(fleet, apis, kasten):
    fleet.backup("gold").result()
    apis["east"].delete("namespaces", "crm")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "crm"}}
    apis["east"].create(namespace)
    subject = {"name": "crm", "namespace": "crm"}
    noted = {"metadata": {"name": "by-hand", "namespace": "crm"}, "spec": {"subject": subject}}
    kasten.servers["east"].catalog.add("backupactions", {**noted, "status": {"state": "Complete"}})
    plan = fleet.plan(at=soon(), namespace="crm")
    assert not plan.blocked, plan.findings

    again = {**noted, "metadata": {"name": "since-then", "namespace": "crm"}}
    kasten.servers["east"].catalog.add("backupactions", again)

    require_unchanged(plan, fleet.connections)


def test_a_namespace_that_is_deleted_first_leaves_no_claims_standing(fleet):
    fleet.backup("gold").result()
    replacing = fleet.plan(at=soon(), namespace="shop", replace=True)
    beside = fleet.plan(at=soon(), namespace="shop")
    assert not replacing.blocked, replacing.findings
    assert "claims-kept" in {finding.code for finding in beside.findings}
    assert "claims-kept" not in {finding.code for finding in replacing.findings}


def _ask_the_command_line(file, folder):
    saved = ["--save", str(folder / "plan.yaml")]
    commands = [
        ["plan", "--at", "now", "--policy", "gold", "--to", "west", "--update", *saved],
        ["points", "list", "-o", "json"],
        ["runs", "list"],
        ["doctor"],
    ]
    for each in commands:
        run(["--fleet", str(file), "--ledger", str(folder / "ledger.db"), *each])


def _nothing_of(secret, folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".age", ".yaml"}
    assert [path for path in files if secret in path.read_bytes()] == []


def test_doctor_tells_what_is_wrong_with_k10_and_its_policies(fleet, apis, kasten):
    policy = {"frequency": "@daily", "paused": True, "actions": [{"action": "backup"}]}
    put(apis["east"], "config.kio.kasten.io/v1alpha1", "Policy", "kasten-io", "nightly",
        spec=policy)  # fmt: skip
    licence = {"licensing": {"nodeLimit": 5, "nodeCount": 8}}
    put(
        apis["east"],
        "reporting.kio.kasten.io/v1alpha1",
        "Report",
        "kasten-io",
        "r",
        results=licence,
    )
    kasten.tick()

    found = {finding.code: finding for finding in fleet.doctor().findings if finding.tool}

    assert {"schedule-paused", "node-limit", "never-exports"} <= set(found)
    assert found["schedule-paused"].subject == 'schedule "nightly"'


def test_points_say_that_not_all_namespaces_may_be_looked_into(fleet, file, servers, tmp_path):
    fleet.backup("gold").result()
    looking = Rule(("get", "list"), ("restorepoints",), ("*",), namespace="shop")
    everywhere = Rule(("get", "list"), ("namespaces",))
    servers["east"].rights("basic", looking, everywhere, user="basic")
    (tmp_path / "kubeconfig").unlink()
    servers["east"].kubeconfig(tmp_path / "kubeconfig", context="east", token="basic")
    servers["west"].kubeconfig(tmp_path / "kubeconfig", context="west")

    with Fleet.load(file, ledger=tmp_path / "other.db", timing=QUICK) as basic:
        points = basic.points().points
        found = [finding.code for finding in basic.doctor().findings]

    assert {space for point in points for space in point.scope.namespaces} == {"shop"}
    assert "partly-seen" in {finding.code for point in points for finding in point.findings}
    assert "right-missing" in found
