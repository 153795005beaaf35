"""What stands under ``etcdctl:`` in the fleet file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Self
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
    """Certificates in PEM, by reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: SecretRef | None = Field(
        default=None, description="What members are checked against; else what the system trusts."
    )
    cert: SecretRef | None = Field(default=None, description="Who we are, to etcd.")
    key: SecretRef | None = Field(default=None, description="The private key of `cert`.")

    @model_validator(mode="after")
    def _is_a_whole_pair(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key go together")
        return self


class Companion(BaseModel):
    """What a restored control plane needs beside the snapshot: files, or a command's output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=_NAME)] = Field(description="Such as `pki` or `token`.")
    files: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Files here, and folders with all that is in them."
    )
    command: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        description="A list of arguments, run here without a shell; what it prints is kept.",
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.files) == bool(self.command):
            raise ValueError("a companion has either files or a command")
        return self


def _program(name: str) -> Any:  # noqa: ANN401  as Field itself
    return Field(default="", description=f"Where {name} is; else it is looked for on the PATH.")


class EtcdctlSettings(BaseModel):
    """The etcd of one cluster, and the user's own tools for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints: tuple[Annotated[str, AfterValidator(_check_endpoint)], ...] = Field(
        default=(),
        description="The client addresses of all members.",
        examples=[["https://10.0.0.11:2379", "https://10.0.0.12:2379"]],
    )
    tls: TlsSettings | None = Field(default=None, description="Certificates, for https.")
    user: SecretRef | None = Field(
        default=None, description="A user of etcd's own; only root may take a snapshot."
    )
    password: SecretRef | None = Field(default=None, description="The password of `user`.")
    store: StoreName = Field(
        default="", description="The store for snapshots; without one there are no backups."
    )
    etcdctl: str = _program("etcdctl")
    etcdutl: str = _program("etcdutl")
    etcd: str = _program("etcd, with which a restore proves the snapshot,")
    answer_within: float = Field(
        default=5.0, gt=0, le=60, description="Seconds that a member may take to answer."
    )
    save_timeout: PositiveDuration = Field(
        default=timedelta(minutes=10), description="How long a snapshot may take to arrive."
    )
    max_lag: int = Field(
        default=1000,
        ge=0,
        description="How many entries of its log a member may be behind the furthest one.",
    )
    without_quorum: StrictBool = Field(
        default=False,
        description="Whether an old state is better than none: where no member is fit, one "
        "without a leader, or far behind, is saved, and the recovery point is partial.",
    )
    compare_members: StrictBool = Field(
        default=True,
        description="Whether every backup compares the hashes of all members, which stops "
        "writes on one after another for about a second per GiB.",
    )
    managed: StrictBool | None = Field(
        default=None,
        description="Whether somebody else runs the control plane; else the API tells, where no "
        "member answers.",
    )
    companions: tuple[Companion, ...] = Field(
        default=(), description="What is kept beside each snapshot."
    )
    restore: RestoreSettings = Field(
        default=RestoreSettings(), description="How the control plane is turned back."
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        names = [companion.name for companion in self.companions]
        if len(names) != len(set(names)):
            raise ValueError("two companions have the same name")
        return self
