"""Which contents belong together: a backup, and the copies of it that were exported.

K10 records the link in two ways. What a policy's run made of one application carries the run's
name. What we made carries our action's name in its own (see ``naming``). Such contents are one
recovery point, called ``<namespace>@<run or action>``, however many of its copies are left. A
content without a link stands alone, under its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slackwater_kasten import labels
from slackwater_kasten.naming import OUR_ACTION
from slackwater_kasten.objects import Content

NAMESPACE = "namespace"
"""The type of an application that is a whole namespace; so is one that names no type."""


@dataclass(frozen=True)
class Point:
    """The contents that are one recovery point; at least one."""

    name: str
    contents: tuple[Content, ...]

    @property
    def local(self) -> Content | None:
        """The copy in the cluster itself, if it is left."""
        return next((each for each in self.contents if not each.export_profile), None)

    @property
    def exported(self) -> tuple[Content, ...]:
        """The copies that were exported."""
        return tuple(each for each in self.contents if each.export_profile)

    @property
    def first(self) -> Content:
        """The copy that a restore in this cluster takes: the local one is quicker."""
        return self.local or self.contents[0]

    @property
    def namespace(self) -> str:
        """The namespace that was backed up."""
        return namespace_of(self.first)

    @property
    def policy(self) -> str:
        """The policy whose run made it; empty for what was made by hand."""
        return self.first.metadata.label(labels.POLICY_NAME)

    @property
    def run(self) -> str:
        """The run that made it."""
        return self.first.metadata.label(labels.RUN_ACTION)


def grouped(contents: Iterable[Content]) -> list[Point]:
    """Return the points of these contents; copies in an order that does not change."""
    found: dict[str, list[Content]] = {}
    for content in contents:
        found.setdefault(point_name(content), []).append(content)
    return [Point(name, tuple(sorted(each, key=_order))) for name, each in found.items()]


def point_name(content: Content) -> str:
    """Return the name of the point that a content is, or is a copy of. Pure."""
    metadata, namespace = content.metadata, namespace_of(content)
    run = metadata.label(labels.RUN_ACTION)
    if namespace and run:
        return f"{_application(content)}@{run}"
    action = OUR_ACTION.match(metadata.name.removeprefix(f"{namespace}-"))
    return f"{namespace}@{action['backup']}" if namespace and action else metadata.name


def namespace_of(content: Content) -> str:
    """Return the namespace that was backed up."""
    return content.metadata.label(labels.APP_NAMESPACE) or content.metadata.label(labels.APP_NAME)


def selectors(name: str) -> Iterator[str]:
    """Yield the label selector that finds the contents of a point, if its name tells one."""
    application, link, _ = name.partition("@")
    if link:
        yield f"{labels.APP_NAMESPACE}={application.partition('/')[0]}"


def is_whole_namespace(content: Content) -> bool:
    """Whether the application was a namespace, not a single virtual machine in it."""
    return content.metadata.label(labels.APP_TYPE) in ("", NAMESPACE)


def _application(content: Content) -> str:
    """The namespace; for a part of one, such as a virtual machine, its own name too."""
    namespace = namespace_of(content)
    if is_whole_namespace(content):
        return namespace
    return f"{namespace}/{content.metadata.label(labels.APP_NAME)}"


def _order(content: Content) -> tuple[bool, str]:
    return bool(content.export_profile), content.metadata.name
