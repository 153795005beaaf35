"""What is written into a store comes back as it was, and only a manifest makes it count."""

from __future__ import annotations

import io
import stat
import threading
from datetime import timedelta

import pytest

from slackwater.errors import (
    ArtefactDamaged,
    BackendUnavailable,
    ConfigurationError,
    RecoveryPointNotFound,
    Unsupported,
)
from slackwater.model.finding import Severity

from .conftest import manifest

MANY = bytes(range(256)) * 40_000  # ten pieces of a mebibyte and a bit


def there(stage) -> list[str]:
    return sorted(key.rpartition("/")[2] for key in stage.objects)


def test_what_is_written_comes_back(stage, tmp_path):
    artefact = stage.store.write("one", "db", io.BytesIO(MANY))
    published = stage.store.publish(manifest("one", artefact, revision=7))

    stage.store.read(artefact, tmp_path / "db")

    assert (tmp_path / "db").read_bytes() == MANY
    assert stat.S_IMODE((tmp_path / "db").stat().st_mode) == 0o600
    assert artefact.plain_size == len(MANY)
    assert stage.store.manifest("one") == published
    assert list(stage.store.manifests()) == [published]
    assert published.facts == {"revision": 7}


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_short_part_comes_back_too(stage, tmp_path, content):
    artefact = stage.store.write("one", "db", [content])
    stage.store.read(artefact, tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == content


def test_nothing_plain_is_stored(stage):
    stage.publish("one", b"a secret of the cluster" * 1000)
    assert [k for k, content in stage.objects.items() if b"secret" in content] == []


def test_nothing_counts_before_it_is_published(stage):
    stage.store.write("one", "db", [b"plain"])
    assert list(stage.store.manifests()) == []
    with pytest.raises(RecoveryPointNotFound, match='"one" is not in the store "vault"'):
        stage.store.manifest("one")


def test_several_parts_of_one_point(stage, tmp_path):
    parts = [stage.store.write("one", part, [part.encode()]) for part in ("db", "pki")]
    published = stage.store.publish(manifest("one", *parts))
    stage.store.read(published.artefact("pki"), tmp_path / "pki")
    assert (tmp_path / "pki").read_text() == "pki"


def test_of_two_performers_one_wins_and_no_orphan_is_left(stage):
    first, second = (stage.store.write("one", "db", [text]) for text in (b"first", b"second"))
    start = threading.Barrier(2)
    counted = []

    def publish(artefact):
        start.wait()
        counted.append(stage.store.publish(manifest("one", artefact)))

    threads = [threading.Thread(target=publish, args=(a,)) for a in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counted[0].artefacts == counted[1].artefacts == stage.store.manifest("one").artefacts
    assert there(stage) == ["db.zst.age", "one.json"]


def test_publishing_again_changes_nothing(stage):
    published = stage.publish("one")
    before = stage.objects
    assert stage.store.publish(published) == published
    assert stage.objects == before


def test_a_late_performer_gets_what_counts_and_leaves_nothing(stage, tmp_path):
    published = stage.publish("one", b"first")
    assert stage.publish("one", b"second") == published
    stage.store.read(published.artefacts[0], tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == b"first"
    assert there(stage) == ["db.zst.age", "one.json"]


def test_a_manifest_never_counts_without_its_artefacts(stage):
    artefact = stage.store.write("one", "db", [b"plain"])
    stage.remove(f"keeper/{artefact.key}")
    with pytest.raises(ArtefactDamaged, match='"db" of "one" is not in "vault"'):
        stage.store.publish(manifest("one", artefact))
    assert stage.objects == {}


def test_deleting_takes_all_of_a_point_and_can_be_repeated(stage):
    stage.publish("one")
    kept = stage.publish("one-more")
    stage.store.delete("one")
    stage.store.delete("one")
    assert list(stage.store.manifests()) == [kept]
    assert there(stage) == ["db.zst.age", "one-more.json"]


def test_a_manifest_is_changed_by_whoever_read_it_last(stage):
    published = stage.publish("one")
    stamped = stage.store.update(published.model_copy(update={"facts": {"spread": 1.5}}))
    assert stage.store.manifest("one") == stamped
    with pytest.raises(BackendUnavailable, match="was changed by somebody else"):
        stage.store.update(published)
    again = stage.store.update(stamped.model_copy(update={"facts": {}}))
    assert list(stage.store.manifests()) == [again]


def test_a_manifest_that_is_gone_cannot_be_changed(stage):
    published = stage.publish("one")
    stage.store.delete("one")
    with pytest.raises(RecoveryPointNotFound):
        stage.store.update(published)
    assert stage.objects == {}


def test_writing_stops_where_the_source_or_the_progress_raises(stage):
    class Enough(Exception):
        pass

    def until_half(done):
        if done > len(MANY) // 2:
            raise Enough

    with pytest.raises(Enough):
        stage.store.write("one", "db", io.BytesIO(MANY), progress=until_half)
    assert stage.objects == {}


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a" * 201, "a b"])
def test_a_name_that_could_lead_elsewhere_is_refused(stage, name):
    with pytest.raises(ValueError, match="letters, digits"):
        stage.store.write(name, "db", [b""])
    with pytest.raises(ValueError, match="letters, digits"):
        stage.store.manifest(name)
    with pytest.raises(ValueError, match="letters, digits"):
        stage.store.delete(name)


def test_manifests_that_cannot_be_read_are_findings_and_do_not_end_the_list(stage):
    good = stage.publish("good")
    newer = good.model_dump_json().replace('"version":1', '"version":2').replace("good", "newer")
    stage.put("keeper/manifests/newer.json", newer.encode())
    stage.put("keeper/manifests/torn.json", b'{"name": "to')
    stage.put("keeper/manifests/other.json", good.model_dump_json().encode())
    stage.put("keeper/manifests/READ ME.txt", b"hello")
    findings = []

    assert list(stage.store.manifests(findings.append)) == [good]

    assert sorted((f.code, f.subject) for f in findings) == [
        ("manifest-unreadable", "newer"),
        ("manifest-unreadable", "other"),
        ("manifest-unreadable", "torn"),
        ("object-foreign", "manifests/READ ME.txt"),
    ]
    with pytest.raises(Unsupported, match="has version 2; this Slackwater reads up to 1"):
        stage.store.manifest("newer")
    with pytest.raises(ArtefactDamaged, match='the manifest "torn" in vault is damaged'):
        stage.store.manifest("torn")


def fill(stage, count: int) -> None:
    text = manifest("first").model_dump_json()
    for number in range(count):
        content = text.replace("first", f"point-{number}").encode()
        stage.put(f"keeper/manifests/point-{number}.json", content)


def test_ten_thousand_manifests_are_listed(folder_stage):
    fill(folder_stage, 10_000)
    assert len({found.name for found in folder_stage.store.manifests()}) == 10_000


def test_a_list_of_several_pages_reads_each_manifest_once(bucket_stage):
    fill(bucket_stage, 1_001)
    assert len({found.name for found in bucket_stage.store.manifests()}) == 1_001
    assert len(bucket_stage.service.requests) == 1_003

    assert len(list(bucket_stage.store.manifests())) == 1_001

    assert len(bucket_stage.service.requests) == 1_005


@pytest.mark.parametrize("key", ["/etc/passwd", "artefacts/../../secret", "artefacts/one/db"])
def test_a_manifest_that_points_elsewhere_is_damaged(stage, key):
    published = stage.publish("one")
    text = published.model_dump_json().replace(published.artefacts[0].key, key)
    stage.put("keeper/manifests/one.json", text.encode())
    with pytest.raises(ArtefactDamaged, match="is damaged"):
        stage.store.manifest("one")


def test_orphans_are_found_when_they_are_old_and_swept(stage):
    kept = stage.publish("kept")
    left = [stage.store.write(name, "db", [b"left"]) for name in ("kept", "unpublished")]
    stage.age(timedelta(days=2))
    assert sorted(o.key for o in stage.store.orphans()) == sorted(a.key for a in left)
    assert stage.store.orphans(timedelta(days=3)) == ()

    assert sum(o.size for o in stage.store.sweep()) == sum(a.size for a in left)

    assert stage.store.orphans(timedelta(0)) == ()
    assert [m.artefacts for m in stage.store.manifests()] == [kept.artefacts]
    assert there(stage) == ["db.zst.age", "kept.json"]


def test_what_a_killed_check_left_is_swept(stage):
    stage.put("keeper/probes/0123456789abcdef", b"probe")
    stage.age(timedelta(days=2))
    assert [o.key for o in stage.store.sweep()] == ["probes/0123456789abcdef"]
    assert stage.objects == {}


def test_artefacts_of_a_manifest_that_cannot_be_read_are_no_orphans(stage):
    stage.publish("one")
    stage.store.write("one", "db", [b"left"])
    stage.put("keeper/manifests/one.json", b"torn")
    stage.age(timedelta(days=2))
    assert stage.store.sweep() == ()


def test_a_store_that_is_right_has_no_findings_and_keeps_nothing_of_the_check(stage):
    findings = [f for f in stage.store.check() if f.code != "store-plain-http"]
    assert findings == []
    assert stage.objects == {}


def test_an_identity_is_asked_for_only_to_read(stage, tmp_path):
    published = stage.publish("one")
    list(stage.store.manifests())
    stage.store.delete("two")
    assert "file:identity" not in stage.asked
    stage.store.read(published.artefacts[0], tmp_path / "db")
    assert "file:identity" in stage.asked


def test_without_an_identity_a_store_is_for_writing_only(stage, tmp_path):
    store = stage.open(decrypt_with=None)
    published = stage.publish("one", store=store)
    with pytest.raises(ConfigurationError, match=r"stores\.vault\.decrypt_with: is missing"):
        store.read(published.artefacts[0], tmp_path / "db")
    assert (Severity.INFO, "store-write-only") in [(f.severity, f.code) for f in store.check()]
