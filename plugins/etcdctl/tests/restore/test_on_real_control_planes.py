"""A real API server over its etcd: turned back in full, and seen wrong without the bump."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from slackwater.model.act import Key
from slackwater.testing.fleet_stores import folder_entry
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.fleet import etcdctl_settings, restore_settings
from slackwater_testbed.parts import Parts

from .stage import Recipe, Watching, back_up, by_id, drive, plan

pytestmark = pytest.mark.real("etcd", "kubernetes")

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def recipe_for(plane: ControlPlane, folder: Path, **restore: Any) -> Recipe:
    settings = etcdctl_settings(plane.etcd, store="vault")
    settings["restore"] = {**restore_settings(plane, folder / "prepared"), **restore}
    store = folder_entry(folder / "vault")
    return Recipe(settings, store, str(folder), kubeconfig=str(plane.kubeconfig))


def create(plane: ControlPlane, *names: str) -> None:
    for name in names:
        plane.kubectl("create", "configmap", name)


def listed(plane: ControlPlane, query: str = "") -> set[str]:
    answer = json.loads(plane.kubectl("get", "--raw", f"{CONFIGMAPS}{query}"))
    return {item["metadata"]["name"] for item in answer["items"]} - {"kube-root-ca.crt"}


def let_seconds_pass(count: int) -> None:
    """Objects tell the whole second in which they were made, and so does the server's clock."""
    until = int(time.time()) + count
    while time.time() < until:
        time.sleep(0.05)


@pytest.mark.parametrize("members", [3, pytest.param(1, marks=pytest.mark.long)])
def test_a_cluster_is_turned_back_under_its_api_server(
    parts: Parts, tmp_path: Path, members: int
) -> None:
    plane = parts.control_plane(members=members)
    create(plane, "kept", "deleted")
    backend = recipe_for(plane, tmp_path).build()
    point = back_up(backend)
    let_seconds_pass(2)
    create(plane, "made-since")
    plane.kubectl("delete", "configmap", "deleted")

    planned = plan(backend, point)
    assert [finding for finding in planned.findings if finding.blocks] == []
    said = {finding.code: finding.message for finding in planned.findings}
    # A young cluster's own controllers may still be making their accounts.
    gone = re.search(r"objects made since will be gone \((.*?)\)", said["turned-back"])
    assert gone
    assert "1 configmaps" in gone[1].split(", ")
    assert "1 deleted since will come back (1 configmaps)" in said["turned-back"]
    assert "deleted-unknown" not in said
    results = drive(backend, planned.acts)

    assert listed(plane) == listed(plane, "?resourceVersion=0") == {"kept", "deleted"}
    assert results["prove"]["sampled"] > 10
    assert results["prove"]["findings"] == []
    assert results["require-control-plane"] == {"findings": []}
    create(plane, "made-after")
    assert listed(plane, "?resourceVersion=0") == {"kept", "deleted", "made-after"}


def test_without_the_bump_an_api_server_that_runs_on_is_found_wrong(
    parts: Parts, tmp_path: Path
) -> None:
    plane = parts.control_plane()
    create(plane, "kept")
    backend = recipe_for(plane, tmp_path, bump_revision=0, healthy_within="5s").build()
    point = back_up(backend)
    create(plane, "made-since")
    acts = by_id(plan(backend, point).acts)
    downtime = ("stop-members", "swap", "start-members", "require-members")
    drive(backend, tuple(acts[name] for name in ("fetch", "prepare", "prove", *downtime)))

    look = acts["require-control-plane"]
    found = backend.perform(look, Key(run="r-1", step="look"), Watching())["findings"]

    wrong = {f["subject"]: f["message"] for f in found if f["code"] == "watch-cache-wrong"}
    assert "default/made-since" in wrong["configmaps"]
