"""What ``doctor`` says of an etcd, and ``describe`` of what can be done with it."""

from __future__ import annotations

import pytest

from slackwater.errors import BackendUnavailable
from slackwater.model.capability import Capability, Level
from slackwater.model.finding import Severity
from slackwater.testing.artefacts import StoreTrouble
from slackwater_etcdctl.emulator import EtcdWorld
from slackwater_etcdctl.emulator.api import namespace

PKI = [{"name": "pki", "files": ["/etc/kubernetes/pki"]}]


def found(stage, **settings):
    return {finding.code: finding for finding in stage.backend(**settings).check()}


def test_a_healthy_etcd_has_nothing_to_say(stage):
    assert found(stage(members=3, api=True), companions=PKI) == {}


def test_what_is_not_kept_beside_the_snapshot_is_said(stage):
    assert "/etc/kubernetes/pki" in found(stage())["companions-unnamed"].way_out


@pytest.mark.parametrize(
    ("version", "wanted", "own_way"),
    [
        ("v1.33.1+k3s1", "token", "k3s etcd-snapshot"),
        ("v1.33.1+rke2r1", "token", "rke2 etcd-snapshot"),
    ],
)
def test_each_platform_is_told_its_own_way(stage, version, wanted, own_way):
    stage = stage(api=True)
    stage.world.folder.change("settings", kubernetes=version)

    finding = found(stage, companions=PKI)["companion-needed"]

    assert finding.subject == wanted
    assert own_way in finding.way_out
    assert not found(stage, companions=[{"name": wanted, "files": ["/token"]}])


def test_a_member_that_is_down_is_a_warning_as_long_as_others_serve(stage):
    stage = stage(members=3)
    stage.world.stop("m3")

    findings = found(stage, companions=PKI)

    assert list(findings) == ["member-silent"]
    assert findings["member-silent"].severity is Severity.WARNING
    assert findings["member-silent"].subject == stage.world.endpoints[2]


def test_a_cluster_without_quorum_is_an_error(stage):
    stage = stage(members=3)
    stage.world.stop("m2")
    stage.world.stop("m3")

    assert found(stage)["no-fit-member"].blocks


@pytest.mark.parametrize("kind", ["NOSPACE", "CORRUPT"])
def test_an_alarm_is_an_error_with_its_way_out(stage, kind):
    stage = stage(members=3)
    stage.world.raise_alarm("m1", kind)

    alarm = found(stage)["alarm"]

    assert alarm.blocks
    assert kind in alarm.message
    assert "etcdctl" in alarm.way_out


def test_a_learner_is_nothing_to_speak_of(stage):
    stage = stage(members=3)
    stage.world.make_learner("m3")

    assert found(stage, companions=PKI) == {}


def test_a_version_that_may_lose_data_is_named(stage):
    findings = stage(version="3.5.1").backend().check()

    said = [finding.message for finding in findings if finding.code == "etcd-version"]
    assert any("13766" in words for words in said)


def test_tools_that_cannot_bump_the_revision_are_named(stage):
    stage = stage()
    old = stage.world.install("old", "3.5.1")

    assert "3.5.10" in found(stage, etcdutl=old["etcdutl"])["etcdutl-too-old"].way_out


def test_a_member_that_no_endpoint_names_is_named(stage):
    stage = stage(members=2)

    unnamed = found(stage, endpoints=stage.world.endpoints[:1])["member-unnamed"]

    assert unnamed.subject == "m2"


def test_a_password_over_plain_http_is_a_warning(stage):
    stage = stage()

    assert "plain-http" in found(stage, endpoints=["http://10.255.255.1:2379"])


def test_the_etcd_of_another_cluster_is_an_error(stage, tmp_path):
    stage = stage(api=True)
    another = EtcdWorld(tmp_path / "another")
    another.put(dict([namespace("kube-system", "uid-of-another")]))

    assert "not that of home" in found(stage, **another.programs)["etcd-unavailable"].message


@pytest.mark.parametrize("program", ["etcdctl", "etcdutl"])
def test_a_missing_program_is_an_error_and_makes_the_tool_not_available(stage, program):
    stage = stage()

    assert found(stage, **{program: "/nowhere"})["tool-missing"].blocks
    description = stage.backend(**{program: "/nowhere"}).describe()
    assert not description.available
    assert "/nowhere is no program" in description.reason


def test_without_endpoints_or_store_the_way_is_told(stage):
    stage = stage()

    assert found(stage, endpoints=[])["no-endpoints"].way_out
    assert "name a store" in found(stage, store="")["store-unavailable"].message


@pytest.mark.parametrize(
    ("version", "instead"),
    [
        ("v1.33.1-eks-1234567", "AWS Backup for EKS"),
        ("v1.33.1-gke.1100", "Backup for GKE"),
    ],
)
def test_a_managed_control_plane_is_not_available_and_says_what_to_use(stage, version, instead):
    stage = stage(api=True)
    stage.world.folder.change("settings", kubernetes=version)

    description = stage.backend(endpoints=[]).describe()

    assert not description.available
    assert instead in description.reason


def test_the_fleet_file_may_know_better_whether_it_is_managed(stage):
    stage = stage(api=True)
    assert not stage.backend(managed=True).describe().available
    stage.world.folder.change("settings", kubernetes="v1.33.1-eks-1234567")
    stage.world.stop("m1")

    assert "AWS" in stage.backend().describe().reason
    assert stage.backend(managed=False).describe().available


def test_an_etcd_that_is_down_can_be_restored_as_long_as_the_store_answers(stage):
    stage = stage()
    stage.world.stop("m1")

    assert stage.backend().describe().can(Capability.CONTROL_PLANE)
    stage.store.cause(StoreTrouble.UNAVAILABLE)
    with pytest.raises(BackendUnavailable):
        stage.backend().describe()


def test_what_it_cannot_do_has_a_reason(stage):
    described = stage().backend().describe()

    assert (described.version, described.tested) == ("3.6.14", True)
    for capability in Capability:
        support = described.capabilities[capability]
        assert support.level is Level.SUPPORTED or support.reason


def test_who_the_control_plane_is_is_asked_of_etcd_itself(stage):
    stage = stage(members=3)
    backend = stage.backend()
    identity = stage.world.member("m1").identity.cluster
    stage.world.stop("m1")

    assert backend.control_plane_id() == f"{identity:x}"

    stage.world.stop("m2")
    stage.world.stop("m3")
    assert backend.control_plane_id() == ""
