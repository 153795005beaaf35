"""Artefacts that are damaged, exchanged or not there: told by name, before anything is stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest

from .home import Place

Harm = Callable[[Place, dict[str, Any], Path], None]


def truncated(_home: Place, _manifest: dict[str, Any], artefact: Path) -> None:
    artefact.write_bytes(artefact.read_bytes()[:-100])


def flipped(_home: Place, _manifest: dict[str, Any], artefact: Path) -> None:
    content = bytearray(artefact.read_bytes())
    content[len(content) // 2] ^= 1
    artefact.write_bytes(content)


def swapped(home: Place, _manifest: dict[str, Any], artefact: Path) -> None:
    """The artefact of another point, which opens with the same key, lies in its place."""
    other = home.artefact(home.back_up())
    kept = artefact.read_bytes()
    shutil.copy(other, artefact)
    other.write_bytes(kept)


def foreign(home: Place, manifest: dict[str, Any], artefact: Path) -> None:
    """Somebody else's file, encrypted for us as anybody can."""
    entry = home.content["stores"]["vault"]
    recipient = pyrage.x25519.Recipient.from_str(entry["encrypt_to"][0])
    artefact.write_bytes(pyrage.encrypt(b"a ship's log", [recipient]))


def gone(_home: Place, _manifest: dict[str, Any], artefact: Path) -> None:
    artefact.unlink()


@pytest.mark.parametrize("harm", [truncated, swapped, foreign, gone])
def test_an_artefact_of_another_size_makes_a_point_that_no_plan_takes(
    home: Place, harm: Harm
) -> None:
    made = home.back_up()
    harm(home, made, home.artefact(made))
    said, _ = home.plan(f'--at "{made["facts"]["ended"]}" --control-plane home')
    assert said.code == 6, said.all
    shown = home(f"points show {made['name']}")
    assert "does not lie in the store vault as it was written" in shown.out
    assert "back up again; see who or what deletes objects in the store" in shown.out


def test_doctor_names_what_is_lost_or_damaged_in_the_store(home: Place) -> None:
    lost, damaged = home.back_up(), home.back_up()
    home.artefact(lost).unlink()
    home.manifest(damaged).write_text("{")
    said = home("doctor -o json")
    found = {finding["code"]: finding["subject"] for finding in json.loads(said.out)["findings"]}
    assert said.code == 3, said.all
    assert found["artefact-lost"] == lost["name"]
    assert found["manifest-unreadable"] == damaged["name"]


@pytest.mark.parametrize(
    ("harm", "code", "words", "way_out"),
    [
        (flipped, 5, "is not what was stored", "use another recovery point"),
        (truncated, 6, "is not what it was", "make the plan again"),
        (swapped, 6, "is not what it was", "make the plan again"),
        (foreign, 6, "is not what it was", "make the plan again"),
        (gone, 6, "is not what it was", "make the plan again"),
    ],
)
def test_an_artefact_spoilt_behind_the_plan_is_named_and_the_cluster_is_left_alone(
    home: Place, harm: Harm, code: int, words: str, way_out: str
) -> None:
    made = home.back_up()
    _, plan = home.plan()
    harm(home, made, home.artefact(made))
    before = home.state()
    said = home.restore(plan)
    assert said.code == code, said.all
    for part in (made["name"], words, way_out):
        assert part in said.err
    assert home.state() == before
    assert home.prepared() == []


def exchange_identity(home: Place) -> None:
    (home.folder / "vault.age").write_text(str(pyrage.x25519.Identity.generate()))


def test_the_wrong_key_is_told_when_the_plan_is_made(home: Place) -> None:
    made = home.back_up()
    exchange_identity(home)
    said, plan = home.plan()
    assert said.code == 6, said.all
    assert made["name"] in said.all
    assert "no identity in stores.vault.decrypt_with opens it" in said.all
    assert "name the identity that was in use" in said.all
    assert home.restore(plan).code == 6


def test_an_identity_exchanged_behind_the_plan_leaves_the_cluster_alone(home: Place) -> None:
    home.back_up()
    before = home.state()
    _, plan = home.plan()
    exchange_identity(home)
    said = home.restore(plan)
    assert said.code == 5, said.all
    assert "is encrypted for others" in said.err
    assert "name the identity that was in use" in said.err
    assert home.state() == before
    assert home.prepared() == []
    assert home("check").code == 3
    assert home("doctor").code == 3


def test_points_that_nobody_can_open_any_more_are_told_by_doctor(home: Place) -> None:
    """Recipient and identity were exchanged together: new points can be opened, old ones not."""
    made = home.back_up()
    identity = pyrage.x25519.Identity.generate()
    (home.folder / "vault.age").write_text(str(identity))
    home.content["stores"]["vault"]["encrypt_to"] = [str(identity.to_public())]
    home.write()
    said = home("doctor -o json")
    found = {finding["code"]: finding["subject"] for finding in json.loads(said.out)["findings"]}
    assert said.code == 3, said.all
    assert found["point-locked"] == made["name"]


def test_a_damaged_manifest_blocks_plans_and_is_explained(home: Place) -> None:
    made = home.back_up()
    home.manifest(made).write_text("{")
    said, _ = home.plan()
    assert said.code == 6, said.all
    assert "slackwater points list --cluster home" in said.out
    assert "unknown" in home("points list -o wide").out
    shown = home(f"points show {made['name']}")
    assert shown.code == 5, shown.all
    assert "is damaged" in shown.err
    assert "bring it back from a copy of the store" in shown.err


def test_a_damaged_manifest_hides_no_older_point(home: Place) -> None:
    older, newer = home.back_up(), home.back_up()
    home.manifest(newer).write_text("{")
    said, _ = home.plan()
    assert said.code == 0, said.all
    assert older["name"] in said.out


def test_artefacts_without_a_manifest_are_no_point(home: Place) -> None:
    made = home.back_up()
    home.manifest(made).unlink()
    assert made["name"] not in home("points list").out
    said, _ = home.plan()
    assert said.code == 6, said.all
    assert "no good recovery point" in said.out


def test_a_full_spool_is_told_with_the_way_out_and_leaves_nothing(home: Place) -> None:
    home.world.folder.change("troubles", **{"disk full": True})
    said = home("backup --control-plane home")
    assert said.code == 5, said.all
    assert "no space left on device" in said.err
    assert "make room there" in said.err
    assert home.prepared() == []
    assert [path for path in home.side.store.rglob("*") if path.is_file()] == []
