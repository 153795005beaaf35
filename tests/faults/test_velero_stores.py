"""Velero's store loses or spoils what lies in it: nothing is called restored that is not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from slackwater.testing.kubernetes_api.workloads import contents
from slackwater_velero.emulator.cloud import Bucket, backup_files
from slackwater_velero.emulator.installing import location

from ..end_to_end.road import awaited
from .home import Place


def bucket(both: Place) -> Bucket:
    return both.velero.velero.cloud.folder(location("default", "east")).bucket


def key_of(both: Place, kind: str) -> str:
    folder = both.velero.velero.cloud.folder(location("default", "east"))
    [name] = folder.folders("backups")
    return f"{folder.prefix}{backup_files(name)[kind]}"


def gone(both: Place) -> None:
    del bucket(both).files[key_of(both, "BackupContents")]


def short(both: Place) -> None:
    """One object is not in the archive any more, as after a repair by hand."""
    key = key_of(both, "BackupContents")
    held = json.loads(gzip.decompress(bucket(both).files[key]))
    kept = [each for each in held if each["kind"] != "ConfigMap"]
    bucket(both).files[key] = gzip.compress(json.dumps(kept).encode())


def saved(both: Place) -> None:
    assert both("backup --cluster east --namespace shop").code == 0


def shown_in_west(both: Place) -> list[str]:
    found = both.velero.apis["west"].list("backupstoragelocations.velero.io", "velero")
    return [each["metadata"]["name"] for each in found if each["metadata"]["name"] != "default"]


@pytest.mark.parametrize(
    ("harm", "code", "words"),
    [
        (gone, 5, "NoSuchKey"),
        (short, 4, "1 objects of the recovery point are not there: ConfigMap/prices"),
    ],
)
def test_what_velero_cannot_bring_back_is_never_called_restored(
    both: Place, harm: Callable[[Place], None], code: int, words: str
) -> None:
    saved(both)
    _, plan = both.plan("--cluster east --namespace shop --to west")
    harm(both)
    said = both.restore(plan)
    assert said.code == code, said.all
    assert words in said.err
    assert contents(both.velero.apis["west"], "shop") != both.velero.shop
    assert shown_in_west(both) == []


def test_what_a_backup_holds_is_not_guessed(both: Place) -> None:
    """The list of its objects is damaged, and nobody has read it yet."""
    saved(both)
    for path in (both.folder / "state").glob("ledger.db*"):
        path.unlink()
    bucket(both).files[key_of(both, "BackupResourceList")] = b"no gzip"
    said, _ = both.plan("--cluster east --namespace shop --to west")
    assert said.code == 6, said.all
    assert "its contents are not known" in said.out


def test_a_store_that_is_away_is_named(both: Place) -> None:
    saved(both)
    for path in (both.folder / "state").glob("ledger.db*"):
        path.unlink()
    bucket(both).down = True
    awaited(lambda: "is not available" in both("doctor --cluster east").out, "Velero looks at it")
    said, _ = both.plan("--cluster east --namespace shop --to west")
    assert said.code == 6, said.all
    assert "its contents are not known" in said.out
