"""What a request asks for: verb, resource, namespace, name, subresource.

The rules are those of `k8s.io/apiserver/pkg/endpoints/request`, on which authorisation rests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_A_NAMESPACE_ITSELF = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request. For a path that is no resource, `plural` is empty and the verb is the method."""

    verb: str
    path: str
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource_words(self) -> str:
        """The resource as rights name it: `pods`, `pods/status`."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def parse_call(method: str, path: str, parameters: Mapping[str, str]) -> Call:
    """Return what a request line asks for."""
    match path.strip("/").split("/"):
        case ["api", version, _, *_] as parts:
            group, rest = "", parts[2:]
        case ["apis", group, version, _, *_] as parts:
            rest = parts[3:]
        case _:
            return Call(method.lower(), path)
    namespace, rest = _namespace_of(rest)
    plural, name, subresource = (*rest, "", "")[:3]
    verb = _verb(method, parameters, single=bool(name))
    return Call(verb, path, group, version, plural, namespace, name, subresource)


def _namespace_of(rest: list[str]) -> tuple[str, list[str]]:
    """A request for a namespace itself counts as one within it, so that its own roles apply."""
    if rest[0] != "namespaces" or len(rest) == 1:
        return "", rest
    itself = len(rest) == 2 or rest[2] in _OF_A_NAMESPACE_ITSELF
    return rest[1], rest if itself else rest[2:]


def _verb(method: str, parameters: Mapping[str, str], *, single: bool) -> str:
    verb = _VERBS.get(method, method.lower())
    if verb == "get" and not single:
        return "watch" if parameters.get("watch") in {"true", "1"} else "list"
    if verb == "delete" and not single:
        return "deletecollection"
    return verb
