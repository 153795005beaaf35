"""The rights that a backend needs in its cluster: one table, from which both what ``check`` asks
and the roles that grant them are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import yaml

from slackwater.clusters import Resource, Right

_API = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Need:
    """Verbs on one kind, or on a ``part`` of it such as ``details``, and what they are for.

    ``optional``: something is only seen less well, or cannot be done at all that most do without.
    """

    kind: Resource
    verbs: tuple[str, ...]
    purpose: str
    optional: bool = False
    part: str = ""

    @property
    def resource(self) -> str:
        """The resource as RBAC names it: ``restorepoints/details``."""
        return "/".join(filter(None, (self.kind.plural, self.part)))

    def rights(self, namespace: str = "") -> Iterator[Right]:
        """Yield each single right, in one namespace or everywhere."""
        plural, _, part = self.resource.partition("/")
        for verb in self.verbs:
            yield Right(verb, self.kind.group, plural, namespace, part)

    def __str__(self) -> str:
        if self.resource == "*":
            return "any kind"
        return f"{self.resource}.{self.kind.group}" if self.kind.group else self.resource


@dataclass(frozen=True)
class Place:
    """What is needed in one namespace; everywhere, where none is named."""

    needs: Sequence[Need]
    namespace: str = ""

    @property
    def kind(self) -> str:
        """The kind of the role that grants it."""
        return "Role" if self.namespace else "ClusterRole"

    def metadata(self, name: str) -> dict[str, str]:
        """Return name and namespace of the role, and of its binding."""
        return {"name": name, **({"namespace": self.namespace} if self.namespace else {})}


def single_rights(places: Iterable[Place]) -> Iterator[tuple[Right, Need]]:
    """Yield each single right with the need it comes from."""
    for place in places:
        for need in place.needs:
            for right in need.rights(place.namespace):
                yield right, need


def roles(name: str, places: Iterable[Place]) -> str:
    """Return roles with exactly these rights, as YAML."""
    return _as_yaml(_role(place, name) for place in places)


def bindings(name: str, places: Iterable[Place], account: str, *, home: str = "") -> str:
    """Return the bindings of the roles to a ServiceAccount ``namespace/name``, as YAML.

    An account that names no namespace is in ``home``.
    """
    namespace, _, who = account.rpartition("/")
    subject = {"kind": "ServiceAccount", "name": who, "namespace": namespace or home}
    return _as_yaml(_binding(place, name, subject) for place in places)


def _role(place: Place, name: str) -> dict[str, object]:
    rules = [
        {"apiGroups": [need.kind.group], "resources": [need.resource], "verbs": [*need.verbs]}
        for need in place.needs
    ]
    about = {"apiVersion": f"{_API}/v1", "kind": place.kind, "metadata": place.metadata(name)}
    return {**about, "rules": rules}


def _binding(place: Place, name: str, subject: dict[str, str]) -> dict[str, object]:
    return {
        "apiVersion": f"{_API}/v1",
        "kind": f"{place.kind}Binding",
        "metadata": place.metadata(name),
        "roleRef": {"apiGroup": _API, "kind": place.kind, "name": name},
        "subjects": [subject],
    }


def _as_yaml(documents: Iterable[dict[str, object]]) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=None, width=100)
