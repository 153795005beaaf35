"""A folder as a store: whole files or none, closed to others, never made by itself."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from slackwater.backend.polling import answered
from slackwater.errors import BackendUnavailable, PermissionDenied, Unsupported
from slackwater.stores import folder as folder_module

from .conftest import manifest


@pytest.fixture
def stage(folder_stage):
    return folder_stage


def test_a_folder_that_is_not_mounted_is_not_made(stage):
    stage.folder.rmdir()
    for call in (
        lambda: stage.publish("one"),
        lambda: list(stage.store.manifests()),
        lambda: stage.store.manifest("one"),
    ):
        with pytest.raises(BackendUnavailable, match=r"does not answer: (?i:no such)"):
            call()
    (finding,) = stage.store.check()
    assert (finding.code, finding.stops_restores) == ("store-unavailable", True)
    assert finding.way_out.startswith(f"mount or make {stage.folder}")
    assert not stage.folder.exists()


def test_everything_is_closed_to_others_whatever_the_umask_says(stage):
    before = os.umask(0)
    try:
        stage.publish("one")
    finally:
        os.umask(before)
    inside = list(stage.folder.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in inside if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in inside if path.is_file()} == {0o600}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, BackendUnavailable),
        (errno.EIO, BackendUnavailable),
        (errno.EACCES, PermissionDenied),
        (errno.EROFS, PermissionDenied),
        (errno.ENOTSUP, Unsupported),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "link"])
def test_what_the_system_refuses_is_told_and_leaves_nothing(stage, monkeypatch, number, kind, call):
    """A full disk, a disk that fails, no right to write, a file system without hard links."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder_module.os, call, refuse)
    with pytest.raises(kind, match=os.strerror(number)) as caught:
        stage.store.publish(manifest("one"))
    assert str(stage.folder) in str(caught.value)
    assert caught.value.hint
    assert stage.objects == {}


def test_what_was_deleted_leaves_no_empty_folders(stage):
    stage.publish("one")
    stage.store.delete("one")
    left = {
        path.relative_to(stage.folder / "keeper").as_posix() for path in stage.folder.rglob("*")
    }
    assert left <= {".", "artefacts", "manifests", "parts"}


def test_what_a_killed_performer_was_writing_goes_when_another_is_done(stage):
    left = stage.folder / "keeper/artefacts/one/0123456789abcdef/89abcdef01234567.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    stage.publish("one")
    assert not left.parent.exists()


def written_half(stage, meanwhile):
    """Yield what is written, and do something once the file of it is there."""
    yield b"plain"
    assert answered(lambda: bool(list(stage.folder.rglob("*.part"))), within=30)
    meanwhile()


def test_what_another_performer_still_writes_is_left_to_it(stage):
    artefact = stage.store.write("one", "db", written_half(stage, lambda: stage.publish("one")))
    counts = stage.store.publish(manifest("one", artefact))
    assert counts == stage.store.manifest("one")
    assert artefact not in counts.artefacts
    assert len(list((stage.folder / "keeper/artefacts").rglob("*.age"))) == 1
    assert not list(stage.folder.rglob("*.part"))


def test_a_file_that_somebody_removes_while_it_is_written_is_told(stage):
    def remove():
        for path in stage.folder.rglob("*.part"):
            path.unlink()

    with pytest.raises(BackendUnavailable, match=r"was removed from .* while it was written"):
        stage.store.write("one", "db", written_half(stage, remove))
    assert stage.publish("one") == stage.store.manifest("one")


def test_a_folder_behind_a_link_is_the_same_place(stage, tmp_path):
    (tmp_path / "link").symlink_to(stage.folder)
    assert stage.open(url=(tmp_path / "link").as_uri()).identity == stage.store.identity
    assert stage.store.identity == stage.folder.as_uri()
