"""Stores in a folder and in a bucket, with keys of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pyrage.x25519 import Identity

from slackwater.fleet import StoreEntry
from slackwater.stores import Artefact, ArtefactStore, Manifest, open_store

from .s3 import BUCKET, LATEST, S3

ACCESS, SECRET = "AKIDOFTHETEST", "canary-of-the-secret-key"


class Stage:
    """What a test has at hand: a store of either kind, its objects, and its secrets."""

    def __init__(self, entry: dict, secrets: dict[str, str]) -> None:
        self.entry = entry
        self.secrets = secrets
        self.asked: list[str] = []
        self.now = LATEST + timedelta(minutes=1)
        self.store = self.open()

    def open(self, **changes) -> ArtefactStore:
        entry = StoreEntry(**{**self.entry, **changes})
        return open_store("vault", entry, self.secret, tool="keeper", clock=lambda: self.now)

    def secret(self, reference: str) -> str:
        self.asked.append(reference)
        return self.secrets[reference]

    def publish(self, name: str, content: bytes = b"plain", store: ArtefactStore | None = None):
        store = store or self.store
        return store.publish(manifest(name, store.write(name, "db", [content])))


class FolderStage(Stage):
    def __init__(self, folder, entry: dict, secrets: dict[str, str]) -> None:
        self.folder = folder
        super().__init__({**entry, "url": folder.as_uri()}, secrets)

    @property
    def objects(self) -> dict[str, bytes]:
        paths = (path for path in self.folder.rglob("*") if path.is_file() and path.name != "lock")
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def put(self, key: str, content: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def remove(self, key: str) -> None:
        (self.folder / key).unlink()

    def age(self, by: timedelta) -> None:
        """Let everything in the store be older."""
        then = (datetime.now(UTC) - by).timestamp()
        self.now = datetime.now(UTC)
        for path in self.folder.rglob("*"):
            os.utime(path, (then, then))


class BucketStage(Stage):
    def __init__(self, service: S3, entry: dict, secrets: dict[str, str]) -> None:
        self.service = service
        keys = {"access_key": "env:ACCESS", "secret_key": "env:SECRET"}
        at = {"url": f"s3://{BUCKET}/prod", "endpoint": service.endpoint, "path_style": True}
        super().__init__({**entry, **keys, **at}, secrets)

    @property
    def objects(self) -> dict[str, bytes]:
        return {k.removeprefix("prod/"): content for k, content in self.service.objects.items()}

    def put(self, key: str, content: bytes) -> None:
        self.service.objects[f"prod/{key}"] = content

    def remove(self, key: str) -> None:
        del self.service.objects[f"prod/{key}"]

    def age(self, by: timedelta) -> None:
        """Let everything in the store be older."""
        self.now = self.service.written_at + by


def manifest(name: str, *artefacts: Artefact, **facts: object) -> Manifest:
    return Manifest(name=name, tool="keeper", made_at=LATEST, artefacts=artefacts, facts=facts)


@pytest.fixture(scope="session")
def identity() -> Identity:
    return Identity.generate()


@pytest.fixture(scope="session")
def another_identity() -> Identity:
    return Identity.generate()


@pytest.fixture
def keys(identity) -> dict:
    return {"encrypt_to": (str(identity.to_public()),), "decrypt_with": "file:identity"}


@pytest.fixture
def secrets(identity) -> dict[str, str]:
    lines = f"# public key: {identity.to_public()}\n{identity}\n"
    return {"file:identity": lines, "env:ACCESS": ACCESS, "env:SECRET": SECRET}


@pytest.fixture
def service() -> Iterator[S3]:
    service = S3()
    yield service
    service.close()


@pytest.fixture
def folder_stage(tmp_path, keys, secrets) -> FolderStage:
    folder = tmp_path / "vault"
    folder.mkdir()
    return FolderStage(folder, keys, secrets)


@pytest.fixture
def bucket_stage(service, keys, secrets) -> BucketStage:
    return BucketStage(service, keys, secrets)


@pytest.fixture(params=["folder_stage", "bucket_stage"])
def stage(request) -> Stage:
    return request.getfixturevalue(request.param)
