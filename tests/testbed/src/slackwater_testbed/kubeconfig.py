"""The text of kubeconfigs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from slackwater_testbed.certificates import KeyPair


@dataclass(frozen=True)
class Login:
    """One context: a user of a cluster. The context is named `name`.

    `proof` is what lets him in: a certificate with its key, or a bearer token.
    """

    name: str
    cluster: str
    server: str
    authority: Path
    user: str
    proof: KeyPair | str = field(repr=False)

    def write(self, file: Path) -> Path:
        """Write a kubeconfig with this context alone; return the file."""
        return write(file, [self])


def write(file: Path, logins: Sequence[Login]) -> Path:
    """Write a kubeconfig with these contexts, readable for its owner alone; return the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text(logins))
    return file


def text(logins: Sequence[Login]) -> str:
    """Return a kubeconfig with these contexts, the first one current, certificates within."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": logins[0].name,
            "clusters": [{"name": login.cluster, "cluster": _cluster(login)} for login in logins],
            "users": [{"name": _user_name(login), "user": _user(login)} for login in logins],
            "contexts": [{"name": login.name, "context": _context(login)} for login in logins],
        },
        sort_keys=False,
    )


def _context(login: Login) -> dict[str, str]:
    return {"cluster": login.cluster, "user": _user_name(login)}


def _user_name(login: Login) -> str:
    # Users of one name in two clusters must stay two when kubeconfigs are merged.
    return f"{login.cluster}-{login.user}"


def _cluster(login: Login) -> dict[str, str]:
    return {"server": login.server, "certificate-authority-data": _data(login.authority)}


def _user(login: Login) -> dict[str, str]:
    if isinstance(login.proof, str):
        return {"token": login.proof}
    return {
        "client-certificate-data": _data(login.proof.certificate),
        "client-key-data": _data(login.proof.key),
    }


def _data(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
