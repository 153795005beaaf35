"""Killed between any two writes: one recovery point or none, and the next one leaves no orphans."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from .conftest import manifest

PLAIN = "plain bytes that nobody may find"


@pytest.fixture(scope="module")
def performer():
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("performer.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.stdin.close()
    process.stdout.close()
    process.wait()


def play(performer, stage, name: str, **wish: object) -> str:
    wish |= {"entry": stage.entry, "secrets": stage.secrets, "name": name, "plain": PLAIN}
    performer.stdin.write(json.dumps(wish) + "\n")
    performer.stdin.flush()
    return performer.stdout.readline().strip()


def judge(stage, name: str, tmp_path) -> bool:
    """Whether the killed one's point counts; brings the store to rest as the next one does."""
    store = stage.open()
    counted = [found for found in store.manifests() if found.name == name]
    for artefact in (part for found in counted for part in found.artefacts):
        store.read(artefact, tmp_path / "read")
        assert (tmp_path / "read").read_text() == PLAIN * 3
    assert not [key for key, content in stage.objects.items() if PLAIN.encode() in content]

    again = store.publish(manifest(name, store.write(name, "db", [b"again"])))

    assert [again] == counted or not counted
    stage.age(timedelta(days=2))
    store.sweep()
    named = {f"keeper/{a.key}" for m in store.manifests() for a in m.artefacts}
    manifests = {key for key in stage.objects if key.startswith("keeper/manifests/")}
    assert set(stage.objects) == named | manifests
    return bool(counted)


def test_killed_before_any_change_of_a_folder(performer, folder_stage, tmp_path):
    counted = []
    for number in range(1, 100):
        name = f"point-{number}"
        ended = play(performer, folder_stage, name, number=number, folder=str(folder_stage.folder))
        counted.append(judge(folder_stage, name, tmp_path))
        if ended != "killed":
            break
    assert ended == "done"
    assert counted == sorted(counted)  # from the manifest on, and not before
    assert 10 < counted.index(True) < len(counted) - 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_to_a_bucket(performer, bucket_stage, service, tmp_path, after):
    address = service.endpoint.removeprefix("http://")
    counted = []
    for number in range(1, 100):
        name = f"point-{number}"
        service.requests.clear()
        service.kill_at, service.kill_after = number, after
        ended = play(performer, bucket_stage, name, service=address)
        service.victim = 0
        counted.append(judge(bucket_stage, name, tmp_path))
        if ended != "killed":
            break
    assert ended == "done"
    assert counted == sorted(counted)
    assert 5 < counted.index(True) < len(counted)
