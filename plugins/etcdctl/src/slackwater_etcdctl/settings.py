"""What stands under ``etcdctl:`` in the fleet file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

from slackwater.model.duration import PositiveDuration
from slackwater.model.secret import SecretRef
from slackwater.model.store_name import StoreName
from slackwater_etcdctl.restore_settings import RestoreSettings

_NAME = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"


def _check_endpoint(text: str) -> str:
    try:
        url = urlsplit(text)
        whole = url.scheme in ("http", "https") and bool(url.hostname and url.port)
    except ValueError:
        whole = False
    if not whole:
        raise ValueError("expected an address like https://10.0.0.11:2379")
    if "@" in url.netloc:
        raise ValueError("an endpoint holds no credentials: use user and password")
    return text


class TlsSettings(BaseModel):
    """Certificates in PEM, by reference. The pair says who we are.

    ``ca`` is what the members are checked against; without it, what the system trusts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: SecretRef | None = None
    cert: SecretRef | None = None
    key: SecretRef | None = None

    @model_validator(mode="after")
    def _is_a_whole_pair(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key go together")
        return self


class Companion(BaseModel):
    """What a restored control plane needs beside the snapshot: files, or a command's output.

    Files may be folders, which are taken with all that is in them. The command is a list of
    arguments, run here without a shell; what it prints on stdout is taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=_NAME)]
    files: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    command: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.files) == bool(self.command):
            raise ValueError("a companion has either files or a command")
        return self


class EtcdctlSettings(BaseModel):
    """The etcd of one cluster, and the user's own tools for it.

    ``endpoints`` are the client addresses of all members; without any there is no etcd to reach.
    ``store`` names the store of the fleet file for snapshots; without one there are no backups.
    ``user`` and ``password`` are for etcd's own authentication, which asks for root.
    ``managed`` says whether somebody else runs the control plane; left out, the cluster's API
    tells where no endpoint is named. ``max_lag`` is how many entries of the log a
    member may be behind the furthest one. ``without_quorum`` lets a member be saved that has no
    leader, or lags too far, where no better one is left: better an old state than none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints: tuple[Annotated[str, AfterValidator(_check_endpoint)], ...] = ()
    tls: TlsSettings | None = None
    user: SecretRef | None = None
    password: SecretRef | None = None
    store: StoreName = ""
    etcdctl: str = ""
    etcdutl: str = ""
    etcd: str = ""
    answer_within: Annotated[float, Field(gt=0, le=60)] = 5.0
    save_timeout: PositiveDuration = timedelta(minutes=10)
    max_lag: Annotated[int, Field(ge=0)] = 1000
    without_quorum: StrictBool = False
    compare_members: StrictBool = True
    managed: StrictBool | None = None
    companions: tuple[Companion, ...] = ()
    restore: RestoreSettings = RestoreSettings()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        names = [companion.name for companion in self.companions]
        if len(names) != len(set(names)):
            raise ValueError("two companions have the same name")
        return self
