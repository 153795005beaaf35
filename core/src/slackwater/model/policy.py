"""Policies: what is protected, how often, how long kept, to which objectives, by which tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from slackwater.model.duration import Duration, PositiveDuration
from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import Requirement
from slackwater.model.retention import Keep
from slackwater.model.schedule import Schedule
from slackwater.model.selector import Selector, SelectorError

_NAMES = re.compile(r"[-a-z0-9*?\[\]!]{1,63}")


def _check_selector(text: str) -> str:
    try:
        Selector.parse(text)
    except SelectorError as error:
        raise ValueError(f"this is no selector: {error}") from error
    return text


SelectorText = Annotated[str, AfterValidator(_check_selector)]
"""A label selector in Kubernetes' syntax, kept as it was written."""


def _check_choice(value: object) -> object:
    if isinstance(value, str):
        if _NAMES.fullmatch(value) and "*" in value:
            raise ValueError(f'names are written as a list: ["{value}"]')
        return _check_selector(value)
    if isinstance(value, (list, tuple)) and all(_is_name(item) for item in value):
        return tuple(value)
    raise ValueError('expected a selector such as "tier=gold", or a list such as [shop, "team-*"]')


def _is_name(item: object) -> bool:
    return isinstance(item, str) and _NAMES.fullmatch(item) is not None


NamespaceChoice = Annotated[
    str | tuple[str, ...],
    BeforeValidator(_check_choice),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": ["tier=gold", ["shop", "team-*"]],
        }
    ),
]
"""Namespaces: a selector over their labels, or a list of names and globs."""


def _chosen(choice: str | tuple[str, ...], namespace: str, labels: Mapping[str, str]) -> bool:
    if isinstance(choice, str):
        return Selector.parse(choice).matches(labels)
    return any(fnmatchcase(namespace, pattern) for pattern in choice)


class Demand(StrEnum):
    """Whether it is an error, or only a finding, where no tool can."""

    REQUIRED = "required"
    IF_POSSIBLE = "if-possible"


def _strictest(demands: Iterable[Demand | None]) -> Demand | None:
    asked = set(demands)
    return next((demand for demand in Demand if demand in asked), None)


class Protect(Frozen):
    """One thing that a policy protects: namespaces, control planes, or cluster-scoped objects."""

    model_config = ConfigDict(
        validate_by_name=True,
        validate_by_alias=True,
        json_schema_extra={
            "oneOf": [
                {"required": [key]} for key in ("namespaces", "control-plane", "cluster-objects")
            ]
        },
    )

    namespaces: NamespaceChoice | None = Field(
        default=None, description="A selector over their labels, or a list of names and globs."
    )
    exclude: NamespaceChoice = Field(
        default=(), description="Takes namespaces out again, chosen in the same two ways."
    )
    require: Annotated[tuple[Requirement, ...], Field(min_length=1)] = Field(
        default=(Requirement.OBJECTS, Requirement.VOLUMES),
        description="What a recovery point of these namespaces must hold to be good.",
    )
    control_plane: Demand | None = Field(
        default=None,
        alias="control-plane",
        description="Whether it is an error, or only a finding, where no tool can.",
    )
    cluster_objects: Demand | None = Field(
        default=None,
        alias="cluster-objects",
        description="The same for objects that belong to no namespace.",
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Protect:
        things = (self.namespaces, self.control_plane, self.cluster_objects)
        if sum(thing is not None for thing in things) != 1:
            raise ValueError("expected one of namespaces, control-plane, cluster-objects")
        defaults = Protect.model_fields
        changed = any(getattr(self, f) != defaults[f].default for f in ("require", "exclude"))
        if self.namespaces is None and changed:
            raise ValueError("require and exclude go with namespaces only")
        if self.namespaces == ():
            raise ValueError("an empty list of namespaces protects nothing")
        return self

    def wants(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether a namespace with these labels is protected by this item."""
        if self.namespaces is None or _chosen(self.exclude, namespace, labels):
            return False
        return _chosen(self.namespaces, namespace, labels)


class Objectives(Frozen):
    """What a policy promises."""

    rpo: PositiveDuration | None = Field(
        default=None, description="How much time of data may be lost."
    )
    rto: PositiveDuration | None = Field(
        default=None, description="How long it may take until it works again."
    )


class PolicyRules(Frozen):
    """What is protected, how often, how long kept, to which objectives, by which tools."""

    clusters: SelectorText = Field(
        description='Which clusters, by their labels; "" means all.', examples=["env=prod"]
    )
    protect: Annotated[tuple[Protect, ...], Field(min_length=1)] = Field(
        description="What is protected in them."
    )
    prefer: tuple[str, ...] = Field(
        default=(), description="Only an order of tools: every capable one is eligible."
    )
    fallback: StrictBool = Field(
        default=False, description="Whether the next tool steps in for an unhealthy one."
    )
    tolerance: Duration = Field(
        default=timedelta(minutes=15),
        description="How much more a shared mark may lose than the newest recovery point.",
    )
    schedule: Schedule | None = Field(default=None, description="When backups are due.")
    keep: Keep | None = Field(default=None, description="Which recovery points are kept.")
    objectives: Objectives = Field(default_factory=Objectives, description="What is promised.")


class Policy(PolicyRules):
    """A policy of the fleet, with its name."""

    name: str

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether a cluster with these labels is under the policy."""
        return Selector.parse(self.clusters).matches(labels)

    def required_of(
        self, namespace: str, labels: Mapping[str, str]
    ) -> tuple[Requirement, ...] | None:
        """Return what a good recovery point of the namespace holds; None if it is not protected.

        Where several items protect it, all their requirements hold.
        """
        items = [item for item in self.protect if item.wants(namespace, labels)]
        if not items:
            return None
        required = {requirement for item in items for requirement in item.require}
        return tuple(requirement for requirement in Requirement if requirement in required)

    @property
    def control_plane(self) -> Demand | None:
        """Whether control planes are protected, and how strictly."""
        return _strictest(item.control_plane for item in self.protect)

    @property
    def cluster_objects(self) -> Demand | None:
        """Whether cluster-scoped objects are protected, and how strictly."""
        return _strictest(item.cluster_objects for item in self.protect)
