"""What the testbed says of itself is a whole fleet file, and true."""

from __future__ import annotations

import stat
from pathlib import Path

import obstore
import pyrage
import pytest
import yaml
from obstore.store import S3Store

from slackwater.fleet.loading import load_fleet
from slackwater.testing.fleet_stores import folder_entry
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_testbed.fleet import (
    Entry,
    etcdctl_settings,
    restore_settings,
    store_entry,
)
from slackwater_testbed.parts import Parts

pytestmark = pytest.mark.real("etcd", "kubernetes", "s3")


def content(entry: Entry, key: str) -> str:
    return Path(str(entry[key]).removeprefix("file:")).read_text()


def test_a_fleet_file_made_of_the_parts_is_accepted(parts: Parts, tmp_path: Path) -> None:
    lone = parts.control_plane("lone", members=3)
    settings = etcdctl_settings(lone.etcd, store="vault")
    settings["restore"] = restore_settings(lone, tmp_path / "prepared")
    file = tmp_path / "fleet.yaml"
    cluster = {"kubeconfig": f"file:{lone.kubeconfig}", "backends": {"etcdctl": settings}}
    stores = {"vault": store_entry(parts.objectstore), "shelf": folder_entry(tmp_path / "shelf")}
    file.write_text(yaml.safe_dump({"version": 1, "stores": stores, "clusters": {"lone": cluster}}))
    read = load_fleet(file, {"etcdctl": EtcdctlSettings})
    assert set(read.stores) == {"vault", "shelf"}


def test_user_and_password_are_named_where_etcd_asks_for_them(parts: Parts) -> None:
    etcd = parts.etcd()
    assert "user" not in etcdctl_settings(etcd, store="vault")
    etcd.enable_auth()
    settings = etcdctl_settings(etcd, store="vault")
    assert content(settings, "user") == "root"
    assert content(settings, "password") == etcd.password_file.read_text()


def test_the_bucket_takes_objects_and_the_key_pair_fits(parts: Parts) -> None:
    entry = store_entry(parts.objectstore, bucket="vault", prefix="prod")
    store = S3Store(
        "vault",
        endpoint=str(entry["endpoint"]),
        region=str(entry["region"]),
        access_key_id=content(entry, "access_key"),
        secret_access_key=content(entry, "secret_key"),
        virtual_hosted_style_request=False,
        client_options={"root_certificate": parts.objectstore.authority.read_bytes()},
    )
    [recipient] = entry["encrypt_to"]  # type: ignore[misc]
    sealed = pyrage.encrypt(b"cargo", [pyrage.x25519.Recipient.from_str(recipient)])
    obstore.put(store, "prod/hold", sealed)

    assert (parts.objectstore.bucket.parent / "vault" / "prod" / "hold").read_bytes() == sealed
    identity = pyrage.x25519.Identity.from_str(content(entry, "decrypt_with"))
    assert pyrage.decrypt(sealed, [identity]) == b"cargo"
    assert store_entry(parts.objectstore, bucket="vault", prefix="prod") == entry


def test_the_secrets_are_readable_for_their_owner_alone(parts: Parts) -> None:
    entry = store_entry(parts.objectstore)
    for key in ("secret_key", "decrypt_with"):
        file = Path(str(entry[key]).removeprefix("file:"))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
