"""Kubeconfigs: contexts, users that stay apart when merged, certificates that verify."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from slackwater_testbed import kubeconfig
from slackwater_testbed.certificates import Authority
from slackwater_testbed.kubeconfig import Login


def login(folder: Path, cluster: str) -> Login:
    authority = Authority(folder / cluster)
    pair = authority.issue("admin", "admin", ["system:masters"])
    server = f"https://127.0.0.1:1/{cluster}"
    return Login(cluster, cluster, server, authority.certificate, "admin", pair)


def test_contexts_have_their_clusters_names_and_the_first_is_current(tmp_path: Path) -> None:
    both = [login(tmp_path, "east"), login(tmp_path, "west")]
    read = yaml.safe_load(kubeconfig.text(both))
    assert read["current-context"] == "east"
    assert [context["name"] for context in read["contexts"]] == ["east", "west"]
    assert [user["name"] for user in read["users"]] == ["east-admin", "west-admin"]
    assert read["clusters"][1]["cluster"]["server"].endswith("/west")


def test_certificates_are_within_and_signed_by_the_cluster(tmp_path: Path) -> None:
    read = yaml.safe_load(kubeconfig.text([login(tmp_path, "east")]))
    certificate, authority = (
        x509.load_pem_x509_certificate(base64.b64decode(data))
        for data in (
            read["users"][0]["user"]["client-certificate-data"],
            read["clusters"][0]["cluster"]["certificate-authority-data"],
        )
    )
    certificate.verify_directly_issued_by(authority)
    groups = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert [group.value for group in groups] == ["system:masters"]


def test_file_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    file = login(tmp_path, "east").write(tmp_path / "kubeconfig")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_authority_finds_again_what_it_has_issued(tmp_path: Path) -> None:
    first = Authority(tmp_path).issue("admin", "admin").certificate.read_bytes()
    assert Authority(tmp_path).issue("admin", "admin").certificate.read_bytes() == first
