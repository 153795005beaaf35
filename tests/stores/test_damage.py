"""What is damaged, exchanged or locked is said to be, and nothing half-read is left."""

from __future__ import annotations

import os
import traceback
from datetime import timedelta

import pytest

from slackwater.errors import ArtefactDamaged, ArtefactLocked, BackendUnavailable
from slackwater.model.finding import Severity
from slackwater.stores import fetching

from .conftest import manifest

PLAIN = os.urandom(3 * 1024 * 1024)


@pytest.fixture
def artefact(stage):
    artefact = stage.store.write("one", "db", [PLAIN])
    stage.store.publish(manifest("one", artefact))
    return artefact


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def truncated_between_chunks(content: bytes) -> bytes:
    """An age file's payload comes in pieces of 64 KiB, each whole in itself."""
    header = content.index(b"\n---") + 48 + 1
    return content[: header + 16 + 20 * (65_536 + 16)]


def flipped_at(where: float):
    def flipped(content: bytes) -> bytes:
        position = int(where * (len(content) - 1))
        changed = bytes([content[position] ^ 1])
        return content[:position] + changed + content[position + 1 :]

    return flipped


def longer(content: bytes) -> bytes:
    return content + b"more"


@pytest.mark.parametrize(
    "change",
    [
        truncated,
        truncated_between_chunks,
        flipped_at(0),
        flipped_at(0.5),
        flipped_at(1),
        longer,
        lambda _: b"",
        lambda _: b"age-encryption.org/v1\nsomething else",
        lambda _: PLAIN,
    ],
)
def test_a_changed_artefact_is_named_and_nothing_is_left(stage, artefact, tmp_path, change):
    key = f"keeper/{artefact.key}"
    stage.put(key, change(stage.objects[key]))

    with pytest.raises(ArtefactDamaged, match="is not what was stored") as caught:
        stage.store.read(artefact, tmp_path / "out" / "db")

    assert artefact.key in str(caught.value)
    assert "another recovery point" in caught.value.hint
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture(autouse=True)
def out(tmp_path):
    (tmp_path / "out").mkdir()


def test_an_exchanged_artefact_of_the_same_store_is_seen(stage, artefact, tmp_path):
    other = stage.publish("two", PLAIN[::-1]).artefacts[0]
    stage.put(f"keeper/{artefact.key}", stage.objects[f"keeper/{other.key}"])
    with pytest.raises(ArtefactDamaged, match="exchanged"):
        stage.store.read(artefact, tmp_path / "out" / "db")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_artefact_that_is_gone_is_said_to_be(stage, artefact, tmp_path):
    stage.remove(f"keeper/{artefact.key}")
    with pytest.raises(ArtefactDamaged, match="is not there"):
        stage.store.read(artefact, tmp_path / "out" / "db")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_wrong_key_is_told_apart_from_damage(stage, artefact, tmp_path, another_identity):
    stage.secrets["file:identity"] = str(another_identity)
    with pytest.raises(ArtefactLocked, match=r"no identity in stores\.vault\.decrypt_with") as told:
        stage.store.read(artefact, tmp_path / "out" / "db")
    assert "in use when it was stored" in told.value.hint
    assert list((tmp_path / "out").iterdir()) == []


def test_with_the_wrong_key_a_changed_artefact_is_still_called_changed(
    stage, artefact, tmp_path, another_identity
):
    stage.secrets["file:identity"] = str(another_identity)
    stage.put(f"keeper/{artefact.key}", truncated(stage.objects[f"keeper/{artefact.key}"]))
    with pytest.raises(ArtefactDamaged):
        stage.store.read(artefact, tmp_path / "out" / "db")


def codes(findings) -> list[tuple[str, Severity]]:
    return [(f.code, f.severity) for f in findings if f.code != "store-plain-http"]


def test_whether_the_key_fits_is_told_by_the_beginning(stage, another_identity):
    made = stage.publish("large", os.urandom(3_000_000))
    assert stage.store.review_key(made) == ()
    stage.secrets["file:identity"] = str(another_identity)
    (told,) = stage.store.review_key(made)
    assert (told.code, told.severity) == ("point-locked", Severity.ERROR)
    assert (told.subject, "in use when it was stored" in told.way_out) == ("large", True)


@pytest.mark.parametrize("size", [0, 10, 65_536, 65_537, 200_000])
def test_a_key_that_fits_is_never_called_wrong(stage, another_identity, size):
    stage.secrets["file:identity"] = f"{another_identity}\n{stage.secrets['file:identity']}"
    assert stage.store.review_key(stage.publish("one", os.urandom(size))) == ()


def test_without_any_key_a_point_is_locked(stage):
    made = stage.publish("one")
    assert codes(stage.open(decrypt_with=None).review_key(made)) == [
        ("point-locked", Severity.ERROR)
    ]
    nothing = stage.store.publish(manifest("empty"))
    assert stage.open(decrypt_with=None).review_key(nothing) == ()


def test_what_was_begun_by_somebody_else_is_not_called_open(stage):
    made = stage.publish("large", os.urandom(3_000_000))
    begun = os.urandom(300_000)
    key = f"keeper/{made.artefacts[0].key}"
    stage.put(key, begun + stage.objects[key][len(begun) :])
    assert codes(stage.store.review_key(made)) == [("point-locked", Severity.ERROR)]


@pytest.mark.parametrize("spoil", [lambda _: b"a ship's log", truncated])
def test_what_is_small_and_not_what_was_stored_is_no_matter_of_keys(stage, spoil):
    made = stage.publish("one")
    key = f"keeper/{made.artefacts[0].key}"
    stage.put(key, spoil(stage.objects[key]))
    (told,) = stage.store.review_key(made)
    assert (told.code, told.severity) == ("point-damaged", Severity.ERROR)
    assert "is not what was stored" in told.message
    assert told.way_out


def test_a_check_tries_the_newest_and_the_oldest_point(folder_stage, another_identity):
    """The identity was exchanged, and its forerunner thrown away: what is old stays shut."""
    stage, forerunner = folder_stage, folder_stage.secrets["file:identity"]
    assert codes(stage.store.check()) == []
    stage.publish("old")
    stage.age(timedelta(days=2))
    stage.secrets["file:identity"] = str(another_identity)
    stage.store = stage.open(encrypt_to=(str(another_identity.to_public()),))
    stage.publish("new")
    kept = stage.objects
    assert locked(stage.store) == [("old", Severity.WARNING)]
    stage.secrets["file:identity"] = forerunner
    assert locked(stage.open()) == [("new", Severity.ERROR)]
    assert stage.objects == kept


def locked(store) -> list[tuple[str, Severity]]:
    return [(f.subject, f.severity) for f in store.check() if f.code == "point-locked"]


def test_one_of_several_identities_is_enough(stage, artefact, tmp_path, another_identity):
    stage.secrets["file:identity"] = f"{another_identity}\n{stage.secrets['file:identity']}"
    stage.store.read(artefact, tmp_path / "out" / "db")
    assert (tmp_path / "out" / "db").read_bytes() == PLAIN


def test_an_artefact_that_unpacks_to_more_than_was_stored_is_refused(stage, artefact, tmp_path):
    lied = artefact.model_copy(update={"plain_size": 1_000_000})
    with pytest.raises(ArtefactDamaged):
        stage.store.read(lied, tmp_path / "out" / "db")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_leaves_nothing_and_says_where(stage, artefact, tmp_path, monkeypatch):
    """A file that takes a mebibyte and no more: /dev/full in its place."""
    real = os.open
    monkeypatch.setattr(fetching.os, "open", lambda path, *rest: real("/dev/full", os.O_WRONLY))
    with pytest.raises(BackendUnavailable, match="No space left on device") as caught:
        stage.store.read(artefact, tmp_path / "out" / "db")
    assert caught.value.hint == f"make room in {tmp_path / 'out'}"
    assert list((tmp_path / "out").iterdir()) == []


def test_an_older_file_of_the_name_stays_when_reading_fails(stage, artefact, tmp_path):
    (tmp_path / "out" / "db").write_text("older")
    stage.remove(f"keeper/{artefact.key}")
    with pytest.raises(ArtefactDamaged):
        stage.store.read(artefact, tmp_path / "out" / "db")
    assert (tmp_path / "out" / "db").read_text() == "older"


@pytest.mark.parametrize("found", ["truncated", "wrong key", "no key"])
def test_no_secret_is_in_what_is_raised(stage, artefact, tmp_path, another_identity, found):
    identity = stage.secrets["file:identity"].splitlines()[1]
    match found:
        case "truncated":
            key = f"keeper/{artefact.key}"
            stage.put(key, truncated(stage.objects[key]))
        case "wrong key":
            identity = stage.secrets["file:identity"] = str(another_identity)
        case "no key":
            identity = stage.secrets["file:identity"] = f"{identity}X"
    with pytest.raises(Exception) as caught:
        stage.store.read(artefact, tmp_path / "out" / "db")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert identity[:40] not in told
    assert "canary" not in told + repr(stage.store) + repr(vars(stage.store))
