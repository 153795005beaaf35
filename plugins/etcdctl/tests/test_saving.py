"""A snapshot counts only when it is whole; whatever happens, nothing plain is left."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future

import pytest

from slackwater.backend import Stopped
from slackwater.errors import BackendUnavailable, PermanentBackendError, RecoveryPointNotFound
from slackwater.model.recovery_point import PointId
from slackwater.stores.folder import FolderShelf
from slackwater_etcdctl import saving
from slackwater_etcdctl.arriving import Arriving, part_of
from slackwater_etcdctl.errors import SnapshotDamaged, ToolTimedOut
from slackwater_etcdctl.facts import SNAPSHOT_PART, SnapshotFacts
from slackwater_etcdctl.tools import Program, Tools


class StopsAt:
    """A report that asks to stop when progress comes in a unit."""

    def __init__(self, unit):
        self.unit, self.stopping = unit, False

    def progress(self, progress):
        self.stopping = self.stopping or progress.unit == self.unit


def test_what_is_stored_is_what_the_member_sent(stage, tmp_path):
    stage = stage()
    point = stage.back_up(stage.backend())
    store = stage.store.open("etcdctl", stage.backend()._clock)
    manifest = store.manifest(point.name)
    file = tmp_path / "fetched.db"

    store.read(manifest.artefact(SNAPSHOT_PART), file)

    content = file.read_bytes()
    facts = SnapshotFacts.model_validate(manifest.facts)
    assert hashlib.sha256(content[:-32]).hexdigest() == content[-32:].hex() == facts.sha256
    assert (facts.revision, facts.total_keys, facts.size) == (2, 2, len(content))
    assert (facts.server_version, facts.tool_version) == ("3.6.14", "3.6.14")
    assert [member.name for member in facts.members] == ["m1"]
    assert facts.began <= facts.ended
    assert facts.verified


def test_a_byte_that_changed_on_the_way_is_found_before_anything_counts(stage):
    stage = stage()
    stage.world.folder.change("troubles", flip=1060)

    with pytest.raises(SnapshotDamaged, match="SHA-256"):
        stage.back_up(stage.backend())

    assert stage.stored() == []
    assert stage.spooled() == []


def test_what_is_found_wrong_beside_the_upload_ends_it(stage, monkeypatch):
    """The bytes are what the member sent, and were all read before the structure was seen."""
    stage = stage()
    kept_waiting = threading.Event()

    def examined_late(*_):
        assert kept_waiting.wait(30)
        raise SnapshotDamaged("the snapshot is damaged: its pages point nowhere")

    def whole(*told):
        kept_waiting.set()
        return trailer(*told)

    trailer = saving.Measure.sha256.fget
    monkeypatch.setattr(saving, "status_of", examined_late)
    monkeypatch.setattr(saving.Measure, "sha256", property(whole))
    with pytest.raises(SnapshotDamaged, match="point nowhere"):
        stage.back_up(stage.backend())

    assert stage.stored() == []
    assert stage.spooled() == []


def test_a_store_that_refuses_ends_the_save_too(stage, monkeypatch):
    """The member would go on sending for minutes, for nothing."""
    stage = stage()
    stage.world.folder.change("troubles", stalls=True)

    def refused(*_):
        raise BackendUnavailable("no more uploads today")

    monkeypatch.setattr(FolderShelf, "put", refused)
    with pytest.raises(BackendUnavailable, match="no more uploads"):
        stage.back_up(stage.backend(save_timeout="10m"))

    assert stage.spooled() == []


def test_what_comes_is_read_while_it_comes_and_the_end_is_kept_back(tmp_path):
    file, saved = tmp_path / "snapshot.db", Future()
    pieces = Arriving(file, saved).all_but(last=4)
    with part_of(file).open("wb") as part:
        part.write(b"0123456789")
        part.flush()
        assert next(pieces) == b"012345"
        part.write(b"abcdef")
        part.flush()
        assert next(pieces) == b"6789ab"
    part_of(file).rename(file)
    saved.set_result(None)
    assert list(pieces) == []


def test_what_ends_the_save_ends_the_reading(tmp_path):
    for begun in (False, True):
        saved = Future()
        saved.set_exception(Stopped())
        if begun:
            part_of(tmp_path / "db").write_bytes(b"half of it")
        with pytest.raises(Stopped):
            list(Arriving(tmp_path / "db", saved).all_but(last=4))


def test_a_file_that_was_cut_short_is_damaged_and_not_a_crash(stage, tmp_path):
    stage = stage()
    file = tmp_path / "short.db"
    stage.back_up(stage.backend())
    content = (stage.world.data_dir("m1") / "member" / "snap" / "db").read_bytes()
    file.write_bytes(content[:1024])

    with pytest.raises(SnapshotDamaged, match="signal"):
        saving.status_of(file, _tools(stage), lambda: False)


@pytest.mark.parametrize("size", [0, 31, 1024, 1057])
def test_a_length_that_no_snapshot_has_is_damaged(tmp_path, size):
    file = tmp_path / "odd.db"
    file.write_bytes(b"x" * size)

    with pytest.raises(SnapshotDamaged, match="no length"):
        list(saving.checked_chunks(file, "home"))


def test_a_member_that_dies_in_the_middle_leaves_nothing(stage):
    stage = stage()
    stage.world.folder.change("troubles", **{"dies while saving": True})

    with pytest.raises(BackendUnavailable, match="EOF"):
        stage.back_up(stage.backend())

    assert stage.spooled() == []
    assert stage.stored() == []


def test_a_save_that_hangs_is_ended_in_its_time(stage, monkeypatch):
    stage = stage()
    stage.world.folder.change("troubles", stalls=True)
    monkeypatch.setattr("slackwater_etcdctl.access._OVERHEAD", 0.0)

    with pytest.raises(ToolTimedOut):
        stage.back_up(stage.backend(save_timeout="1s"))

    assert stage.spooled() == []


@pytest.mark.parametrize("unit", ["bytes saved", "bytes stored"])
def test_a_backup_stops_when_it_is_asked_and_leaves_nothing(stage, unit):
    stage = stage()
    if unit == "bytes saved":
        stage.world.folder.change("troubles", stalls=True)

    with pytest.raises(Stopped):
        stage.back_up(stage.backend(), report=StopsAt(unit))

    assert stage.spooled() == []
    assert stage.stored() == []


def test_a_full_disk_is_told_in_the_tools_words(stage):
    stage = stage()
    stage.world.folder.change("troubles", **{"disk full": True})

    with pytest.raises(PermanentBackendError, match="no space left") as raised:
        stage.back_up(stage.backend())

    assert "make room" in raised.value.hint
    assert stage.spooled() == []


def test_a_spool_without_room_is_told_before_anything_is_read(tmp_path):
    with pytest.raises(PermanentBackendError, match="bytes left"):
        saving.need_room(tmp_path, 2**62, "home")


def test_an_older_etcd_is_saved_with_its_own_tools(stage):
    stage = stage(version="3.5.27")

    point = stage.back_up(stage.backend())

    assert point.made_by == "etcdctl 3.5.27 from m1"


def test_a_point_of_another_store_is_not_ours(stage):
    stage = stage()
    point = stage.back_up(stage.backend())

    for other in (
        PointId(tool="etcdctl", store="s3://elsewhere", name=point.name),
        PointId(tool="other", store=point.id.store, name=point.name),
        PointId(tool="etcdctl", store=point.id.store, name="../escape"),
    ):
        with pytest.raises(RecoveryPointNotFound):
            stage.backend().get_recovery_point(other)


def _tools(stage):
    return Tools("home", {Program.ETCDUTL: stage.world.programs["etcdutl"]})
