"""What a plan fixes, and what etcd makes of it."""

from __future__ import annotations

import pytest

from slackwater.model.act import Act, ActKind
from slackwater_etcdctl.blueprint import Blueprint, cluster_id, minor

from .made import blueprint


def test_the_cluster_id_is_the_one_that_etcd_gives():
    """Measured with etcd 3.6.14 on a snapshot restored for three members."""
    peers = [[f"http://127.0.0.1:2380{number}"] for number in (1, 2, 3)]
    assert cluster_id("eu-1a2b", peers) == "82134023a0298dc2"
    assert cluster_id("eu-1a2b", reversed(peers)) == "82134023a0298dc2"


def test_another_token_gives_another_cluster():
    assert cluster_id("a", [["http://a:1"]]) != cluster_id("b", [["http://a:1"]])


def test_a_plan_comes_out_of_an_act_as_it_went_in(tmp_path):
    plan = blueprint(tmp_path)
    act = Act(id="x", kind=ActKind.PERFORMED, title="x", payload=plan.payload("swap"))
    read = Act.model_validate_json(act.model_dump_json())
    assert Blueprint.of(read) == plan
    assert read.payload["do"] == "swap"


@pytest.mark.parametrize(
    ("version", "known"),
    [("3.6.14", (3, 6)), ("v3.5.9-rc.1", (3, 5)), ("", (0, 0)), ("main", (0, 0)), ("3", (0, 0))],
)
def test_versions_are_read_as_far_as_they_go(version, known):
    assert minor(version) == known
