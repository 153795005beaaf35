"""The aggregated API itself: from a request to an object, or a refusal. Knows of no transport.

Documented: the kinds and verbs, no update, patch or watch, ``/details`` by a GET of its own, a
CancelAction that is taken and not kept. Guessed: the codes of refusals; lists in no order.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass

from slackwater.testing.kubernetes_api import ApiError, Call
from slackwater_kasten.emulator.catalog import Catalog, Object, place_of
from slackwater_kasten.emulator.faults import Faults, Guesses
from slackwater_kasten.emulator.kinds import GROUPS, VERSION, Kind, find_kind
from slackwater_kasten.emulator.rules import Rules
from slackwater_kasten.emulator.selecting import selects

_NAME = re.compile(r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")
_LONGEST_LABEL = 63


@dataclass(frozen=True)
class Answer:
    """What goes back: the HTTP code, and a JSON object."""

    code: int
    body: Object


@dataclass(frozen=True)
class AggregatedApi:
    """K10's API of one cluster. Authentication and rights are the business of who asks it."""

    catalog: Catalog
    rules: Rules
    faults: Faults
    guesses: Guesses

    def answer(self, call: Call, parameters: Mapping[str, str], content: Object | None) -> Answer:
        """Carry out a request, or raise ``ApiError``. Only for groups of K10's."""
        if self.faults.down:
            raise _unavailable(call)
        kind = find_kind(call.group, call.version, call.plural)
        if kind is None:
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        if call.verb not in kind.verbs or (call.subresource and not _is_details(kind, call)):
            raise ApiError(405, "MethodNotAllowed", f"{call.verb} is not supported on {kind.named}")
        match call.verb:
            case "get":
                return self._get(kind, call)
            case "list":
                return self._list(kind, call, parameters)
            case "create":
                return Answer(201, self._create(kind, call, content or {}))
        return self._delete(kind, call, content or {})

    def _get(self, kind: Kind, call: Call) -> Answer:
        found = self._standing(kind, call)
        return Answer(200, self.catalog.details(kind, found) if call.subresource else found)

    def _standing(self, kind: Kind, call: Call) -> Object:
        found = self.catalog.find(kind.plural, call.name, call.namespace)
        if found is None:
            raise not_found(kind, call.name)
        return found

    def _list(self, kind: Kind, call: Call, parameters: Mapping[str, str]) -> Answer:
        """In an order of its own: whoever wants one has to sort."""
        found = [
            each
            for each in self.catalog.all(kind.plural, call.namespace)
            if selects(parameters.get("labelSelector", ""), each)
        ]
        found.sort(key=_shuffled)
        limit = int(parameters.get("limit") or 0) if self.guesses.pages else 0
        after = parameters.get("continue", "")
        left = [each for each in found if _shuffled(each) > after] if after else found
        page = left[:limit] if limit else left
        metadata: Object = {"resourceVersion": "0"}
        if len(page) < len(left):
            metadata["continue"] = _shuffled(page[-1])
        head = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata}
        return Answer(200, {**head, "items": page})

    def _create(self, kind: Kind, call: Call, content: Object) -> Object:
        content = _accepted(kind, call, content)
        with self.catalog.held():
            if self.catalog.find(kind.plural, content["metadata"]["name"], call.namespace):
                raise _exists(kind, content["metadata"]["name"])
            self.rules.require(kind, content)
            return self.rules.create(kind, content)

    def _delete(self, kind: Kind, call: Call, options: Object) -> Answer:
        with self.catalog.held():
            found = self._standing(kind, call)
            wanted = (options.get("preconditions") or {}).get("uid")
            if wanted and wanted != found["metadata"]["uid"]:
                raise ApiError(409, "Conflict", f"the uid of {call.name} is another one")
            self.rules.delete(kind, found)
        return Answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})


def is_ours(call: Call) -> bool:
    """Whether a request is for a group that K10's aggregated API serves."""
    return call.group in GROUPS and call.version == VERSION


def not_found(kind: Kind, name: str) -> ApiError:
    """Return the 404 of an object."""
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return ApiError(404, "NotFound", f'{kind.named} "{name}" not found', details=details)


def _accepted(kind: Kind, call: Call, content: Object) -> Object:
    metadata = content.setdefault("metadata", {})
    if (content.get("apiVersion"), content.get("kind")) != (kind.api_version, kind.kind):
        raise ApiError(400, "BadRequest", f"the body is no {kind.kind}")
    if kind.namespaced and metadata.setdefault("namespace", call.namespace) != call.namespace:
        raise ApiError(400, "BadRequest", "the namespace of the object is not that of the request")
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + _random()
    _require_valid(kind, metadata)
    for word in ("uid", "creationTimestamp", "resourceVersion"):
        metadata.pop(word, None)
    content.pop("status", None)
    return content


def _require_valid(kind: Kind, metadata: Object) -> None:
    name = metadata.get("name", "")
    if not _NAME.match(name):
        raise _invalid(kind, name, f'metadata.name: Invalid value: "{name}"')
    for key, value in (metadata.get("labels") or {}).items():
        if len(str(value)) > _LONGEST_LABEL:
            said = f"must be no more than {_LONGEST_LABEL} characters"
            raise _invalid(kind, name, f'metadata.labels[{key}]: Invalid value: "{value}": {said}')


def _is_details(kind: Kind, call: Call) -> bool:
    return kind.details and call.subresource == "details" and call.verb == "get"


def _shuffled(found: Object) -> str:
    return hashlib.sha256("/".join(place_of(found)).encode()).hexdigest()


def _random() -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))


def _exists(kind: Kind, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{kind.named} "{name}" already exists')


def _invalid(kind: Kind, name: str, said: str) -> ApiError:
    return ApiError(422, "Invalid", f'{kind.kind}.{kind.group} "{name}" is invalid: {said}')


def _unavailable(call: Call) -> ApiError:
    what = f"{call.verb} {call.plural}.{call.group}"
    said = f"the server is currently unable to handle the request ({what})"
    return ApiError(503, "ServiceUnavailable", said)
