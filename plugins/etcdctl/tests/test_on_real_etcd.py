"""Backups of real etcd: one member and three, TLS and authentication, members that fail."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from slackwater.backend import Context
from slackwater.clusters import Cluster, utc_now
from slackwater.errors import BackendUnavailable, PermissionDenied
from slackwater.fleet import StoreEntry
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import BackupRequest, PointQuery
from slackwater.model.workload import Workload
from slackwater.stores import open_store
from slackwater.testing.conformance.worker import Progresses
from slackwater_etcdctl import identity, saving
from slackwater_etcdctl.access import open_session
from slackwater_etcdctl.backend import EtcdctlBackend
from slackwater_etcdctl.errors import NoFitMember, SnapshotDamaged
from slackwater_etcdctl.facts import SNAPSHOT_PART
from slackwater_etcdctl.identity import Match
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.tools import Program, Tools

pytestmark = pytest.mark.real("etcd")

CANARY = "canary-in-clear"


class Real:
    """A backend over an etcd of the testbed, with a store in a folder."""

    def __init__(self, etcd, folder, **settings):
        from slackwater.testing.fleet_stores import folder_entry
        from slackwater_testbed.fleet import etcdctl_settings

        self.etcd, self.folder = etcd, folder
        given = {**etcdctl_settings(etcd, store="vault"), "answer_within": 2.0, **settings}
        self.settings = EtcdctlSettings.model_validate(given)
        self._entry = StoreEntry.model_validate(folder_entry(folder / "vault"))
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(NOWHERE)
        self.context = Context(
            cluster=Cluster("home", kubeconfig=kubeconfig, timeout=1.0),
            secret=read_secret,
            spool=folder / "spool",
            clock=utc_now,
            store=self.store,
        )
        self.backend = EtcdctlBackend(self.settings, self.context)

    def store(self, name="vault"):
        return open_store(name, self._entry, read_secret, tool="etcdctl", clock=utc_now)

    def back_up(self, report=None, step="1"):
        request = BackupRequest(
            workload=Workload(cluster="home", kind="control-plane"),
            require=(),
            due=utc_now(),
            stamp=Stamp(cluster="home", cluster_uid=""),
        )
        (act,) = self.backend.plan_backup(request).acts
        made = self.backend.perform(act, Key(run="r-1", step=step), report or Progresses())
        points = {point.name: point for point in self.listed()}
        return points[made["point"]]

    def listed(self):
        return list(self.backend.list_recovery_points(PointQuery()))

    def fetched(self, point):
        file = self.folder / f"{point.name}.db"
        self.store().read(self.store().manifest(point.name).artefact(SNAPSHOT_PART), file)
        return file

    @property
    def tools(self):
        return Tools("home", {Program.ETCDUTL: self.settings.etcdutl})

    def codes(self):
        return {finding.code for finding in self.backend.check()}

    def left_in_the_spool(self):
        return [path for path in (self.folder / "spool").rglob("*") if path.is_file()]


class WhileSaving:
    """A report that does something, once, when the first bytes of a snapshot have come."""

    stopping = False

    def __init__(self, do):
        self.do = do

    def progress(self, progress):
        if self.do and progress.unit == "bytes saved" and progress.done:
            self.do, do = None, self.do
            do()


def read_secret(reference):
    from pathlib import Path

    return Path(reference.removeprefix("file:")).read_text()


NOWHERE = """
apiVersion: v1
kind: Config
current-context: home
clusters: [{name: home, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: home, context: {cluster: home, user: home}}]
users: [{name: home, user: {}}]
"""


@pytest.mark.parametrize(
    "family", ["etcd", pytest.param("etcd-3.5", marks=pytest.mark.real("etcd-3.5"))]
)
def test_three_members_with_certificates_and_users_are_saved(parts, tmp_path, family):
    etcd = parts.etcd(members=3, family=family)
    etcd.etcdctl("put", "/registry/secrets/shop/mail", CANARY)
    etcd.enable_auth()
    real = Real(etcd, tmp_path)

    assert real.codes() <= {"companions-unnamed"}
    point = real.back_up()

    assert point.phase is Phase.SUCCEEDED, point.findings
    assert real.backend.get_recovery_point(point.id) == point
    file = real.fetched(point)
    assert CANARY.encode() in file.read_bytes()
    stored = [path for path in (tmp_path / "vault").rglob("*") if path.is_file()]
    assert not [path for path in stored if CANARY.encode() in path.read_bytes()]
    assert real.left_in_the_spool() == []
    assert real.backend.control_plane_id() == real.store().manifest(point.name).facts["cluster_id"]


def test_a_point_goes_with_all_that_belongs_to_it(parts, tmp_path):
    real = Real(parts.etcd(), tmp_path)
    point = real.back_up()
    (act,) = real.backend.plan_deletion(point.id).acts

    real.backend.perform(act, Key(run="r-1", step="delete"), Progresses())

    assert real.listed() == []
    assert list((tmp_path / "vault").rglob("*.age")) == []


def test_only_root_may_save(parts, tmp_path):
    etcd = parts.etcd()
    etcd.etcdctl("user", "add", "deckhand:pw")
    etcd.enable_auth()
    for name, value in (("user", "deckhand"), ("password", "pw")):
        (tmp_path / name).write_text(value)
    user = {"user": f"file:{tmp_path}/user", "password": f"file:{tmp_path}/password"}
    real = Real(etcd, tmp_path, **user)

    with pytest.raises(PermissionDenied) as raised:
        real.back_up()

    assert "permission denied" in str(raised.value)
    assert "root" in raised.value.hint


def test_the_member_that_is_down_is_not_saved(parts, tmp_path):
    etcd = parts.etcd(members=3)
    leader, (first, second) = etcd.leader, etcd.followers
    first.server.stop()
    real = Real(etcd, tmp_path)

    point = real.back_up()

    assert point.phase is Phase.SUCCEEDED
    assert point.made_by.endswith(f"from {second.name}")
    assert leader.name != second.name
    assert "member-silent" in real.codes()


def test_without_quorum_only_the_settings_let_an_old_state_be_saved(parts, tmp_path):
    etcd = parts.etcd(members=3)
    for member in etcd.followers:
        member.server.kill()

    with pytest.raises(NoFitMember):
        Real(etcd, tmp_path).back_up()
    point = Real(etcd, tmp_path, without_quorum=True).back_up()

    assert point.phase is Phase.PARTIAL
    assert "newest writes may be missing" in point.findings[0].message


def test_a_learner_is_not_saved(parts, tmp_path):
    etcd = parts.etcd()
    learner = etcd.add_learner()
    real = Real(etcd, tmp_path)

    point = real.back_up()

    assert point.phase is Phase.SUCCEEDED, point.findings
    assert not point.made_by.endswith(learner.name)


def test_a_full_etcd_is_saved_and_its_alarm_told(parts, tmp_path):
    from slackwater_testbed.etcd_filling import exhaust

    etcd = parts.etcd(quota_bytes=1_000_000)
    exhaust(etcd)
    real = Real(etcd, tmp_path)

    point = real.back_up()

    assert point.phase is Phase.SUCCEEDED
    assert ["NOSPACE" in finding.message for finding in point.findings] == [True]
    assert "alarm" in real.codes()


def test_an_etcd_that_is_killed_in_the_middle_leaves_nothing_and_can_be_saved_later(
    parts, tmp_path
):
    etcd = large(parts)
    real = Real(etcd, tmp_path)

    with pytest.raises(BackendUnavailable):
        real.back_up(WhileSaving(etcd.kill))

    assert (real.listed(), real.left_in_the_spool()) == ([], [])
    etcd.start()
    assert real.back_up().phase is Phase.SUCCEEDED


def test_an_etcd_that_falls_silent_in_the_middle_is_given_up_in_time(parts, tmp_path):
    etcd = large(parts)
    real = Real(etcd, tmp_path, save_timeout="3s")

    with paused(etcd), pytest.raises(BackendUnavailable):
        real.back_up(WhileSaving(etcd.members[0].server.pause))

    assert (real.listed(), real.left_in_the_spool()) == ([], [])


def test_damage_is_found_that_the_tools_do_not_see_or_die_of(parts, tmp_path):
    from slackwater_testbed.etcd_filling import fill

    etcd = parts.etcd()
    fill(etcd, 200)
    real = Real(etcd, tmp_path)
    file = real.fetched(real.back_up())
    content = file.read_bytes()
    at = content.index(b"filler/00000100") + 100

    file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    saving.status_of(file, real.tools, lambda: False)  # sees nothing
    with pytest.raises(SnapshotDamaged, match="SHA-256"):
        list(saving.checked_chunks(file, "home"))

    file.write_bytes(content[: len(content) // 2 // 4096 * 4096])
    with pytest.raises(SnapshotDamaged, match=r"signal|exit code"):
        saving.status_of(file, real.tools, lambda: False)


@pytest.mark.real("kubernetes")
def test_a_real_api_server_is_recognized_in_its_etcd(parts, tmp_path):
    plane = parts.control_plane()
    real = Real(plane.etcd, tmp_path)
    uid = plane.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")

    with open_session(real.settings, tools(real), read_secret, tmp_path / "spool") as session:
        (endpoint,) = plane.etcd.endpoints
        assert identity.compare(session, endpoint, uid) is Match.SAME
        assert identity.compare(session, endpoint, "another") is Match.OTHER


def tools(real):
    return Tools("home", {Program.ETCDCTL: real.settings.etcdctl})


def large(parts):
    """An etcd whose snapshot takes long enough to be interrupted."""
    from slackwater_testbed.etcd_filling import fill

    etcd = parts.etcd()
    fill(etcd, 2000, size=50_000)
    return etcd


@contextmanager
def paused(etcd):
    """Let all members go on afterwards."""
    try:
        yield
    finally:
        for member in etcd.members:
            member.server.resume()
