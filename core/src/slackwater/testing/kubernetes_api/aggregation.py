"""Groups that another server answers for: what a registered APIService is to a real API server.

The API server lets the caller in, asks for his rights, and passes the request on; discovery, verbs
and objects are the other server's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from slackwater.testing.kubernetes_api.requests import Call
from slackwater.testing.kubernetes_api.status import Object


class AggregatedGroup(Protocol):
    """One version of a group, served by somebody else. Called from any thread.

    Watches are not passed on: a request for one reaches ``answer`` as any other, with the verb
    ``watch``, and is there to be refused.
    """

    @property
    def group(self) -> str:
        """The name of the group."""

    @property
    def version(self) -> str:
        """The only version of it."""

    def resources(self) -> Sequence[Object]:
        """Return the entries of discovery. Raises ``ApiError`` while the server is down."""

    def answer(
        self, call: Call, parameters: Mapping[str, str], content: Object | None
    ) -> tuple[int, Object]:
        """Carry out a request; return the code and the body, or raise ``ApiError``.

        ``content`` is what was sent with a ``create`` or a ``delete``.
        """


class Aggregation:
    """The groups that are registered."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], AggregatedGroup] = {}

    def register(self, *groups: AggregatedGroup) -> Callable[[], None]:
        """Serve these groups from now on; returns how to end that."""
        added = {(each.group, each.version): each for each in groups}
        self._groups = self._groups | added

        def withdraw() -> None:
            kept = self._groups.items()
            self._groups = {place: each for place, each in kept if place not in added}

        return withdraw

    def find(self, call: Call) -> AggregatedGroup | None:
        """Return who answers a request, or nothing."""
        return self._groups.get((call.group, call.version)) if call.plural else None

    def discover(self, path: str) -> Object | None:
        """Return the document under the discovery path of a group, or of its version."""
        match path.strip("/").split("/"):
            case ["apis", name]:
                found = (each for each in self.documents() if each["name"] == name)
                head = {"kind": "APIGroup", "apiVersion": "v1"}
                return next((head | document for document in found), None)
            case ["apis", name, version] if served := self._groups.get((name, version)):
                return {
                    "kind": "APIResourceList",
                    "apiVersion": "v1",
                    "groupVersion": f"{name}/{version}",
                    "resources": list(served.resources()),
                }
        return None

    def documents(self) -> Iterator[Object]:
        """Yield what the list of groups says of each."""
        for name, version in self._groups:
            told = {"groupVersion": f"{name}/{version}", "version": version}
            yield {"name": name, "versions": [told], "preferredVersion": told}
