"""The folder of prepared things: closed, shared by runs of one plan, and gone with the last."""

from __future__ import annotations

import pytest

from slackwater.errors import PermanentBackendError
from slackwater_etcdctl.prepared_folder import PreparedFolder

from .made import blueprint


@pytest.fixture
def folder(tmp_path) -> PreparedFolder:
    return PreparedFolder.of(blueprint(tmp_path))


def test_it_is_closed_to_others(folder):
    folder.path.mkdir(parents=True, mode=0o777)
    with folder.working("r-1"):
        assert folder.path.stat().st_mode & 0o777 == 0o700


def test_halves_of_a_killed_performer_are_removed(folder):
    with folder.working("r-1"):
        pass
    half = folder.arriving("m1")
    half.mkdir()
    (half / "db").write_text("half")
    part = folder.arriving("snapshot.db")
    part.with_name(part.name + ".part").write_text("half")
    with folder.working("r-1"):
        assert not list(folder.path.glob("*-arriving-*"))


def test_what_fails_in_the_making_is_removed_at_once(folder):
    def fail() -> None:
        with folder.working("r-1"):
            folder.arriving("m1").mkdir()
            raise ValueError("as etcdutl does, which leaves what it had written")

    with pytest.raises(ValueError, match="as etcdutl does"):
        fail()
    assert not list(folder.path.glob("*-arriving-*"))


def test_it_goes_with_the_last_run_that_works_with_it(folder):
    for run in ("r-1", "r-2"):
        with folder.working(run):
            pass
    assert not folder.remove("r-1")
    assert folder.path.exists()
    assert folder.remove("r-2")
    assert not folder.path.exists()
    assert not folder.remove("r-2")


def test_a_link_that_somebody_laid_is_not_followed(folder, tmp_path):
    folder.path.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    folder.path.symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(PermanentBackendError, match="belongs to somebody else"),
        folder.working("r"),
    ):
        pass
    assert not list((tmp_path / "elsewhere").iterdir())
