"""What is embedded in a kubeconfig comes to lie on no disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from slackwater.clusters import Cluster, memory_files

from .certificates import Authority
from .conftest import Kubeconfig, StartTls
from .test_tls import PATH, certified, encoded

pytestmark = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="this system has no files in memory"
)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that takes temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(memory_files, "_KEPT", {})
    return folder


def log_in(tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority) -> None:
    api = tls_api(clients=authority)
    user = certified(authority.issue("ann"))
    path = kubeconfig(api.url, user=user, **{"certificate-authority-data": authority.data})
    with Cluster("eu", kubeconfig=path) as cluster:
        assert cluster.get(PATH) == {}


def test_a_login_writes_no_certificate_and_no_key(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority, written: Path
) -> None:
    log_in(tls_api, kubeconfig, authority)
    assert list(written.iterdir()) == []


def test_a_fleet_that_has_used_up_its_share_falls_back_to_files(
    tls_api: StartTls,
    kubeconfig: Kubeconfig,
    authority: Authority,
    written: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_files, "_MOST", 1)
    log_in(tls_api, kubeconfig, authority)
    assert len(list(written.iterdir())) == 2
    assert {file.stat().st_mode & 0o077 for file in written.iterdir()} == {0}


def test_the_same_content_is_kept_once(written: Path) -> None:
    entry = {"client-key-data": encoded(b"key"), "token": "t"}
    first = memory_files.out_of_data(entry, "client-key")
    assert first == memory_files.out_of_data(entry, "client-key")
    assert first.keys() == {"client-key", "token"}
    assert Path(first["client-key"]).read_bytes() == b"key"
    assert list(written.iterdir()) == []
