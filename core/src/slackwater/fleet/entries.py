"""What stands in the fleet file: stores, clusters, and the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    StrictBool,
    create_model,
    model_validator,
)

from slackwater.fleet.names import LabelKey, LabelValue, Name
from slackwater.model.frozen import Frozen
from slackwater.model.policy import Policy, PolicyRules
from slackwater.model.secret import SecretRef

VERSION = 1
"""The version of the file's format that is read here."""


def _check_url(text: str) -> str:
    try:
        url = urlsplit(text)
    except ValueError:
        url = None
    if url is None or url.scheme not in ("s3", "file") or not (url.netloc + url.path).strip("/"):
        raise ValueError("expected s3://bucket/prefix or file:///folder")
    if url.scheme == "file" and url.netloc:
        raise ValueError("expected file:///folder, with three slashes")
    if "@" in url.netloc or url.query or url.fragment:
        raise ValueError("a store's url holds no credentials: use access_key and secret_key")
    return text


def _check_endpoint(text: str) -> str:
    try:
        url = urlsplit(text)
    except ValueError:
        url = None
    if url is None or url.scheme not in ("http", "https") or not url.netloc or "@" in url.netloc:
        raise ValueError("expected an address like https://s3.example.org, without credentials")
    return text


def _check_recipient(text: str) -> str:
    if not text.startswith("age1"):
        raise ValueError("expected a public age recipient (age1…), never its secret half")
    return text


Recipient = Annotated[
    str, AfterValidator(_check_recipient), Field(json_schema_extra={"pattern": "^age1"})
]


def _secret(description: str) -> Any:  # noqa: ANN401  as Field itself
    return Field(default=None, description=f"{description} A reference, never the value.")


class StoreEntry(Frozen):
    """A place for the artefacts of tools that have no store of their own. Always encrypted."""

    url: Annotated[str, AfterValidator(_check_url)] = Field(
        description="Bucket and prefix, or a folder.",
        examples=["s3://bucket/prefix", "file:///folder"],
    )
    endpoint: Annotated[str, AfterValidator(_check_endpoint)] | None = Field(
        default=None, description="The address of the S3 service.", examples=["https://s3.host"]
    )
    region: str | None = Field(default=None, description="The region, where the service has any.")
    path_style: StrictBool = Field(
        default=False, description="Whether the bucket is in the path instead of the host's name."
    )
    ca: SecretRef | None = _secret("The certificates that the endpoint is checked against.")
    access_key: SecretRef | None = _secret("The id of the access key.")
    secret_key: SecretRef | None = _secret("The secret half of the access key.")
    encrypt_to: Annotated[tuple[Recipient, ...], Field(min_length=1)] = Field(
        description="The age recipients that can read what is stored."
    )
    decrypt_with: SecretRef | None = _secret("The age identity that reads it again.")

    @model_validator(mode="after")
    def _has_whole_credentials(self) -> StoreEntry:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("access_key and secret_key go together")
        return self


def _check_kubeconfig(text: str) -> str:
    if not text.startswith("file:"):
        raise ValueError('login needs a file, and no copy of one is left about: write "file:/path"')
    return text


class ClusterAccess(Frozen):
    """How to reach a cluster, and the labels by which policies select it."""

    kubeconfig: Annotated[SecretRef, AfterValidator(_check_kubeconfig)] | None = Field(
        default=None,
        description="A file: reference; without it, KUBECONFIG and its defaults hold.",
    )
    context: str | None = Field(
        default=None, min_length=1, description="A context of the kubeconfig; else its current one."
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, description="What policies select clusters by."
    )


class ClusterEntry(ClusterAccess):
    """A cluster of the fleet. ``backends`` are the settings of each tool in it, by tool."""

    name: str
    backends: Mapping[str, SerializeAsAny[BaseModel]] = Field(default_factory=dict)


class FleetFile(Frozen):
    """A fleet file that was read and holds together."""

    path: Path
    version: int
    stores: Mapping[str, StoreEntry]
    clusters: Mapping[str, ClusterEntry]
    policies: Mapping[str, Policy]

    def clusters_of(self, policy: Policy) -> tuple[ClusterEntry, ...]:
        """Return the clusters under a policy, in the order of the file."""
        return tuple(c for c in self.clusters.values() if policy.selects(c.labels))


BackendsT = TypeVar("BackendsT", bound=BaseModel)


class ClusterDocument(ClusterAccess, Generic[BackendsT]):
    """A cluster as it is written: its name is its key."""

    # A class made from a generic one has no docstring that a schema could take over.
    model_config = ConfigDict(
        title="Cluster",
        json_schema_extra={"description": "How to reach a cluster, and the tools in it."},
    )

    backends: BackendsT = Field(
        default_factory=dict, validate_default=True, description="The tools in it."
    )


class FleetDocument(Frozen, Generic[BackendsT]):
    """The fleet file as it is written."""

    model_config = ConfigDict(
        title="Slackwater fleet file",
        json_schema_extra={
            "description": "The clusters, the backup tools in them, and policies over both."
        },
    )

    version: Literal[1] = Field(description="The version of the format.")
    stores: dict[Name, StoreEntry] = Field(
        default_factory=dict, description="By name; for tools that have no store of their own."
    )
    clusters: Annotated[dict[Name, ClusterDocument[BackendsT]], Field(min_length=1)] = Field(
        description="By name."
    )
    policies: dict[Name, PolicyRules] = Field(default_factory=dict, description="By name.")


def document_type(settings: Mapping[str, type[BaseModel]]) -> type[FleetDocument[BaseModel]]:
    """Return the class of the document in which each tool's settings are of the class given."""
    return _document_type(tuple(sorted(settings.items())))


@cache
def _document_type(
    settings: tuple[tuple[str, type[BaseModel]], ...],
) -> type[FleetDocument[BaseModel]]:
    tools = {
        f"tool_{index}": (kind, Field(default=None, alias=tool))
        for index, (tool, kind) in enumerate(settings)
    }
    backends = create_model(
        "Backends",
        __config__=ConfigDict(frozen=True, extra="forbid"),
        __doc__="The backup tools of a cluster.",
        **tools,  # type: ignore[call-overload]
    )
    document: type[FleetDocument[BaseModel]] = FleetDocument[backends]  # type: ignore[assignment]
    return document


def fleet_of(document: FleetDocument[BaseModel], path: Path) -> FleetFile:
    """Return the fleet that a valid document describes."""
    return FleetFile(
        path=path,
        version=document.version,
        stores=document.stores,
        clusters={name: _cluster(name, entry) for name, entry in document.clusters.items()},
        policies={
            name: Policy(name=name, **_fields(rules)) for name, rules in document.policies.items()
        },
    )


def _cluster(name: str, entry: ClusterDocument[BaseModel]) -> ClusterEntry:
    backends = {
        str(field.alias): getattr(entry.backends, key)
        for key, field in type(entry.backends).model_fields.items()
        if getattr(entry.backends, key) is not None
    }
    return ClusterEntry(name=name, **{**_fields(entry), "backends": backends})


def _fields(model: BaseModel) -> dict[str, object]:
    return {name: getattr(model, name) for name in type(model).model_fields}
