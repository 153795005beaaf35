"""What is kept in the store beside the snapshot, and how points go again."""

from __future__ import annotations

import os
import tarfile

import pytest

from slackwater.clusters import utc_now
from slackwater.errors import PermissionDenied, RecoveryPointNotFound, Unsupported
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.request import BackupRequest, PointQuery
from slackwater.model.workload import Workload
from slackwater.stores import ArtefactStore
from slackwater.testing.conformance.worker import Progresses

CANARY = "canary-of-a-private-key"


def kept(stage, point, part, tmp_path):
    store = stage.store.open("etcdctl", utc_now)
    file = tmp_path / f"fetched-{part}"
    store.read(store.manifest(point.name).artefact(part), file)
    return file


def test_companions_are_kept_as_they_are(stage, tmp_path):
    stage = stage()
    pki = tmp_path / "pki"
    pki.mkdir()
    (pki / "ca.key").write_text(CANARY)
    companions = [
        {"name": "pki", "files": [str(pki)]},
        {"name": "token", "command": ["printf", "K10%s", "abc"]},
    ]

    point = stage.back_up(stage.backend(companions=companions))

    with tarfile.open(kept(stage, point, "pki.tar", tmp_path)) as archive:
        inside = archive.extractfile(f"{str(pki).lstrip('/')}/ca.key")
        assert inside.read().decode() == CANARY
    assert kept(stage, point, "token.out", tmp_path).read_text() == "K10abc"
    assert point.findings == ()


def test_a_companion_that_is_not_there_is_told_and_costs_no_backup(stage, tmp_path):
    stage = stage()
    (tmp_path / "there").write_text("x")
    companions = [
        {"name": "half", "files": [str(tmp_path / "there"), "/nowhere"]},
        {"name": "gone", "files": ["/nowhere"]},
        {"name": "fails", "command": ["sh", "-c", "exit 3"]},
        {"name": "empty", "command": ["true"]},
        {"name": "none", "command": ["/nowhere"]},
    ]

    point = stage.back_up(stage.backend(companions=companions))

    assert point.phase is Phase.SUCCEEDED
    said = [finding.message for finding in point.findings]
    assert [words.split(":")[0] for words in said] == [
        "half is not whole",
        "gone is not in it",
        "fails is not in it",
        "empty is not in it",
        "none is not in it",
    ]
    assert "ended with 3" in said[2]


def test_nothing_plain_is_in_the_store(stage, tmp_path):
    stage = stage()
    (tmp_path / "key").write_text(CANARY)
    stage.world.put({"/registry/secrets/shop/mail": CANARY})
    stage.back_up(stage.backend(companions=[{"name": "pki", "files": [str(tmp_path / "key")]}]))

    assert len(stage.stored()) == 3
    assert not [path for path in stage.stored() if CANARY.encode() in path.read_bytes()]
    assert stage.spooled() == []


def test_login_is_in_no_argument_and_leaves_no_file(stage, tmp_path):
    stage = stage()
    said = tmp_path / "said"
    wrapper = tmp_path / "etcdctl"
    real = stage.world.programs["etcdctl"]
    wrapper.write_text(f'#!/bin/sh\necho "$0 $@" >> {said}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    stage.secrets |= {"env:U": "root", "env:P": "hunter2", "env:K": CANARY, "env:C": "cert"}
    stage.world.folder.change("settings", users={"root": "hunter2"}, certificate=CANARY)
    login = {"user": "env:U", "password": "env:P", "tls": {"cert": "env:C", "key": "env:K"}}

    stage.back_up(stage.backend(etcdctl=str(wrapper), **login))

    assert "snapshot save" in said.read_text()
    assert "hunter2" not in said.read_text()
    assert CANARY not in said.read_text()
    assert stage.spooled() == []


def test_a_point_goes_with_its_artefacts(stage):
    stage = stage()
    backend = stage.backend()
    point = stage.back_up(backend)
    (act,) = backend.plan_deletion(point.id).acts

    for _ in range(2):
        backend.perform(act, Key(run="r", step="delete"), Progresses())

    assert stage.stored() == []
    with pytest.raises(RecoveryPointNotFound):
        backend.plan_deletion(point.id)


def test_remains_of_killed_performers_go_with_the_next_backup_when_they_are_a_day_old(stage):
    stage = stage()
    vault = stage.folder / "store" / "kept" / "etcdctl"
    old, young, half = (
        vault / place
        for place in (
            "artefacts/old/00/snapshot.db.zst.age",
            "artefacts/young/00/snapshot.db.zst.age",
            "parts/00",
        )
    )
    for left in (old, young, half):
        left.parent.mkdir(parents=True)
        left.write_bytes(b"remains")
    for left in (old, half):
        os.utime(left, (0, 0))

    stage.back_up(stage.backend())

    assert [left.exists() for left in (old, young, half)] == [False, True, False]


def test_a_backup_counts_where_nothing_may_be_deleted(stage, monkeypatch):
    stage = stage()

    def refuse(_store):
        raise PermissionDenied("the store refuses")

    monkeypatch.setattr(ArtefactStore, "sweep", refuse)
    assert stage.back_up(stage.backend()).phase is Phase.SUCCEEDED


def test_a_point_whose_manifest_is_damaged_is_listed_and_can_be_deleted(stage):
    stage = stage()
    backend = stage.backend()
    point = stage.back_up(backend)
    (manifest,) = [path for path in stage.stored() if path.suffix == ".json"]
    manifest.write_text("{")

    (listed,) = stage.backend().list_recovery_points(PointQuery())

    assert (listed.id, listed.phase) == (point.id, Phase.UNKNOWN)
    assert listed.findings[0].cluster == "home"
    assert stage.backend().plan_deletion(point.id).acts


def test_a_strangers_point_is_not_stamped(stage):
    stage = stage()
    backend = stage.backend()
    point = stage.back_up(backend)
    store = stage.store.open("etcdctl", utc_now)
    manifest = store.manifest(point.name)
    store.update(manifest.model_copy(update={"facts": {**manifest.facts, "stamp": None}}))

    with pytest.raises(Unsupported):
        backend.stamp(point.id, {"spread": "1.5"})


def test_only_whole_control_planes_are_backed_up(stage):
    stage = stage()
    request = BackupRequest(
        workload=Workload(cluster="home", namespace="shop"),
        require=(),
        due=utc_now(),
        stamp={"cluster": "home", "cluster_uid": "u"},
    )
    with pytest.raises(Unsupported, match="whole control plane"):
        stage.backend().plan_backup(request)


def test_a_backup_that_cannot_go_well_is_not_planned(stage, codes):
    stage = stage()
    request = BackupRequest(
        workload=Workload(cluster="home", kind="control-plane"),
        require=(),
        due=utc_now(),
        stamp={"cluster": "home", "cluster_uid": "u"},
    )
    plan = stage.backend(endpoints=[], store="").plan_backup(request)

    assert plan.acts == ()
    assert codes(plan.findings) == ["no-endpoints", "no-store"]
