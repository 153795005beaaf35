"""The same on a real S3 service, over TLS with an authority of its own."""

from __future__ import annotations

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyrage.x25519 import Identity

from slackwater.errors import ArtefactDamaged, ArtefactLocked, BackendUnavailable, PermissionDenied
from slackwater.fleet import StoreEntry
from slackwater.stores import ArtefactStore, open_store

from .conftest import LATEST, manifest

pytestmark = pytest.mark.real

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def service():
    from slackwater_testbed import state
    from slackwater_testbed.machine import LoopbackMachine
    from slackwater_testbed.objectstore import ObjectStore
    from slackwater_testbed.ports import Ports

    folder = state.claim("stores")
    service = ObjectStore(LoopbackMachine(folder / "s3", Ports(folder / "ports.json")))
    try:
        yield service
    finally:
        service.kill()
        shutil.rmtree(folder)


@pytest.fixture
def secrets(service, identity) -> dict[str, str]:
    return {
        "file:ca": service.authority.read_text(),
        "env:ACCESS": service.credentials["access_key"],
        "env:SECRET": service.credentials["secret_key"],
        "file:identity": str(identity),
    }


@pytest.fixture
def entry(service, keys, request) -> StoreEntry:
    service.start()
    return StoreEntry(
        **keys,
        url=f"s3://{service.bucket.name}/{request.node.name}",
        endpoint=service.endpoint,
        region="testbed",
        path_style=True,
        ca="file:ca",
        access_key="env:ACCESS",
        secret_key="env:SECRET",
    )


@pytest.fixture
def store(entry, secrets) -> ArtefactStore:
    return opened(entry, secrets)


def opened(entry: StoreEntry, secrets: dict[str, str]) -> ArtefactStore:
    return open_store("vault", entry, secrets.__getitem__, tool="keeper", clock=lambda: LATEST)


@pytest.fixture
def bucket(service, request):
    return service.bucket / request.node.name / "keeper"


def files(bucket) -> list[str]:
    return sorted(path.name for path in bucket.rglob("*") if path.is_file())


def test_an_upload_in_many_parts_comes_back(store, bucket, tmp_path):
    plain = os.urandom(40 * MIB)
    artefact = store.write("one", "db", [plain])
    published = store.publish(manifest("one", artefact))

    store.read(published.artefacts[0], tmp_path / "db")

    assert (tmp_path / "db").read_bytes() == plain
    assert files(bucket) == ["db.zst.age", "one.json"]
    assert (bucket / artefact.key).stat().st_size == artefact.size


def test_the_service_keeps_what_a_store_needs(store, bucket):
    assert store.check() == ()
    assert files(bucket) == []


def test_of_many_performers_one_wins(store, bucket):
    artefacts = [store.write("one", "db", [str(number).encode()]) for number in range(8)]
    start = threading.Barrier(len(artefacts))

    def publish(artefact):
        start.wait()
        return store.publish(manifest("one", artefact)).artefacts

    with ThreadPoolExecutor(len(artefacts)) as pool:
        counted = set(pool.map(publish, artefacts))

    assert counted == {store.manifest("one").artefacts}
    assert files(bucket) == ["db.zst.age", "one.json"]


def test_a_manifest_is_changed_by_whoever_read_it_last(store):
    first = store.publish(manifest("one"))
    second = store.update(first.model_copy(update={"facts": {"spread": 1}}))
    with pytest.raises(BackendUnavailable, match="somebody else"):
        store.update(first)
    assert list(store.manifests()) == [second]


def test_a_list_of_several_pages(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.publish(manifest(f"point-{n}")), range(1_005)))
    assert len({found.name for found in store.manifests()}) == 1_005


def test_a_service_that_dies_during_an_upload(store, service, bucket, tmp_path):
    def die(done: int) -> None:
        if done > 20 * MIB:
            service.kill()

    source = (os.urandom(MIB) for _ in range(60))
    with pytest.raises(BackendUnavailable):
        store.write("one", "db", source, progress=die)

    service.start()
    assert list(store.manifests()) == []
    assert files(bucket) == []
    artefact = store.write("one", "db", [b"again"])
    store.read(artefact, tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == b"again"


def test_a_bit_that_rots_in_the_service_is_seen(store, bucket, tmp_path):
    artefact = store.write("one", "db", [b"plain" * 1000])
    path = bucket / artefact.key
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactDamaged):
        store.read(artefact, tmp_path / "db")


def test_without_its_authority_the_service_is_not_trusted(entry, secrets):
    store = opened(entry.model_copy(update={"ca": None}), secrets)
    with pytest.raises(BackendUnavailable, match="UnknownIssuer") as caught:
        store.manifest("one")
    assert "store's ca" in caught.value.hint


def test_a_wrong_key_is_refused_and_not_told(store, secrets):
    secrets["env:SECRET"] = "canary-of-a-wrong-key"
    with pytest.raises(PermissionDenied, match="SignatureDoesNotMatch") as caught:
        store.manifest("one")
    assert "canary" not in str(caught.value)


def test_what_is_deleted_is_gone(store, bucket):
    store.publish(manifest("one", store.write("one", "db", [b"plain"])))
    store.delete("one")
    store.delete("one")
    assert files(bucket) == []


def test_another_identity_opens_nothing(store, secrets, tmp_path):
    artefact = store.write("one", "db", [b"plain"])
    secrets["file:identity"] = str(Identity.generate())
    with pytest.raises(ArtefactLocked):
        store.read(artefact, tmp_path / "db")
