"""From a request to a reply: one function for each verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from slackwater.testing.kubernetes_api.access import (
    REVIEW_GROUP,
    REVIEWS,
    User,
    denied,
)
from slackwater.testing.kubernetes_api.api import KubernetesApi
from slackwater.testing.kubernetes_api.discovery import discover
from slackwater.testing.kubernetes_api.kinds import BUILT_IN_GROUPS, NAMESPACES, Resource
from slackwater.testing.kubernetes_api.lists import Page, Query, item_head, read_page
from slackwater.testing.kubernetes_api.patches import JSON, MERGE, STRATEGIC, apply_patch
from slackwater.testing.kubernetes_api.requests import Call
from slackwater.testing.kubernetes_api.rules import DeleteOptions, replacement
from slackwater.testing.kubernetes_api.status import (
    ApiError,
    Json,
    Object,
    bad_request,
    details_of,
    method_not_allowed,
    no_such_resource,
    not_found,
    unsupported_media_type,
)
from slackwater.testing.kubernetes_api.store import Record

HEALTH = frozenset({"/healthz", "/livez", "/readyz"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it came: what it asks for, its query string, and its body."""

    call: Call
    parameters: Mapping[str, str]
    media_type: str
    body: bytes

    def content(self) -> Json:
        """Return the body as data, or raise a 400."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error

    def sent_object(self) -> Object:
        """Return the object in the body, or raise 400 or 415."""
        if self.media_type not in {"", "application/json"}:
            raise unsupported_media_type(["application/json"])
        content = self.content()
        if not isinstance(content, dict):
            raise bad_request("the body is not an object")
        return content


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    code: int
    body: bytes
    media_type: str = "application/json"


def nothing_there(path: str) -> Reply:
    """Answer for a path that leads nowhere: a `Status` only within the groups of the server."""
    match path.strip("/").split("/"):
        case ["api", "v1", *_]:
            raise no_such_resource()
        case ["apis", group, _, *_] if group in BUILT_IN_GROUPS:
            raise no_such_resource()
    return Reply(404, b"404 page not found\n", "text/plain; charset=utf-8")


def handle(api: KubernetesApi, user: User, exchange: Exchange) -> Reply:
    """Carry out a request, or raise ApiError."""
    call = exchange.call
    if not call.plural:
        return _about_the_server(api, call)
    if call.group == REVIEW_GROUP and call.plural in REVIEWS and call.verb == "create":
        reviewed = REVIEWS[call.plural](user, exchange.sent_object())
        return Reply(201, msgspec.json.encode(reviewed))
    if api.aggregation.find(call) is not None:
        return _passed_on(api, user, exchange)
    resource = authorised(api, user, call)
    if resource is None:
        return nothing_there(call.path)
    if exchange.parameters.get("dryRun"):
        raise bad_request("dryRun is not emulated")
    return _VERBS[call.verb](api, resource, exchange)


def _passed_on(api: KubernetesApi, user: User, exchange: Exchange) -> Reply:
    """Let somebody else answer, once the caller's rights are looked at."""
    call = exchange.call
    if not user.may(call):
        raise denied(user, call)
    served = api.aggregation.find(call)
    if served is None:  # withdrawn in this moment
        return nothing_there(call.path)
    sent = exchange.body and call.verb in {"create", "delete"}
    content = exchange.sent_object() if sent else None
    code, body = served.answer(call, exchange.parameters, content)
    return Reply(code, msgspec.json.encode(body))


def authorised(api: KubernetesApi, user: User, call: Call) -> Resource | None:
    """Return the resource that a request may go to, nothing where none is served, or raise."""
    if not user.may(call):
        raise denied(user, call)
    resource = api.kinds.find(call.group, call.version, call.plural)
    if resource is None:
        return None
    if call.subresource and not (call.subresource == "status" and resource.has_status):
        if resource.custom:
            raise not_found(resource, call.name)
        return None
    if resource.table != NAMESPACES and _misplaced(resource, call):
        return None
    if not _allowed(resource, call):
        raise method_not_allowed()
    return resource


def _misplaced(resource: Resource, call: Call) -> bool:
    """Whether the path has a namespace where none belongs, or lacks one before a name."""
    if resource.namespaced:
        return bool(call.name) and not call.namespace
    return bool(call.namespace)


def _allowed(resource: Resource, call: Call) -> bool:
    if call.verb == "create" and (call.name or (resource.namespaced and not call.namespace)):
        return False
    if call.subresource:
        return call.verb in {"get", "update", "patch"}
    return call.verb in resource.verbs


def _about_the_server(api: KubernetesApi, call: Call) -> Reply:
    if call.path in HEALTH:
        return Reply(200, b"ok", "text/plain; charset=utf-8")
    found = discover(api.kinds, call.path) or api.aggregation.discover(call.path)
    if found and call.path.strip("/") == "apis":
        found = found | {"groups": [*found["groups"], *api.aggregation.documents()]}
    return Reply(200, msgspec.json.encode(found)) if found else nothing_there(call.path)


def _place(resource: Resource, call: Call) -> tuple[Resource, str, str]:
    return resource, call.namespace if resource.namespaced else "", call.name


def _sent(resource: Resource, record: Record, code: int = 200) -> Reply:
    return Reply(code, item_head(resource) + record.body[1:])


def _get(api: KubernetesApi, resource: Resource, exchange: Exchange) -> Reply:
    return _sent(resource, api.objects.get(*_place(resource, exchange.call)))


def _list(api: KubernetesApi, resource: Resource, exchange: Exchange) -> Reply:
    return Reply(200, read_page(api.store, resource, _query(resource, exchange)).encoded(resource))


def _query(resource: Resource, exchange: Exchange) -> Query:
    _, namespace, _ = _place(resource, exchange.call)
    return Query.parse(namespace, exchange.parameters)


def _create(api: KubernetesApi, resource: Resource, exchange: Exchange) -> Reply:
    _, namespace, _ = _place(resource, exchange.call)
    record = api.objects.create(resource, namespace, exchange.sent_object())
    return _sent(resource, record, 201)


def _update(api: KubernetesApi, resource: Resource, exchange: Exchange) -> Reply:
    content = exchange.sent_object()
    return _replace(api, resource, exchange, replacement(resource, content))


def _patch(api: KubernetesApi, resource: Resource, exchange: Exchange) -> Reply:
    accepted = (JSON, MERGE) if resource.custom else (JSON, MERGE, STRATEGIC)
    if exchange.media_type not in accepted:
        raise unsupported_media_type(accepted)
    patch = exchange.content()
    return _replace(
        api, resource, exchange, lambda now: apply_patch(now, patch, exchange.media_type)
    )


def _replace(
    api: KubernetesApi,
    resource: Resource,
    exchange: Exchange,
    change: Callable[[Object], Object],
) -> Reply:
    place, part = _place(resource, exchange.call), exchange.call.subresource
    return _sent(resource, api.objects.replace(*place, change, subresource=part))


def _delete(api: KubernetesApi, resource: Resource, exchange: Exchange) -> Reply:
    deleted = api.objects.delete(*_place(resource, exchange.call), _options(exchange))
    if not deleted.gone or resource.returns_deleted:
        return _sent(resource, deleted.record)
    uid = deleted.record.decoded()["metadata"]["uid"]
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    details = details_of(resource, exchange.call.name) | {"uid": uid}
    return Reply(200, msgspec.json.encode(status | {"details": details}))


def _delete_collection(api: KubernetesApi, resource: Resource, exchange: Exchange) -> Reply:
    page = read_page(api.store, resource, _query(resource, exchange))
    deleted = api.objects.delete_all(resource, page.records, _options(exchange))
    return Reply(200, Page(deleted, api.store.revision).encoded(resource))


def _options(exchange: Exchange) -> DeleteOptions:
    """Read the DeleteOptions of the body; the propagation policy is accepted and ignored."""
    given = exchange.sent_object() if exchange.body else {}
    return DeleteOptions(preconditions=given.get("preconditions") or {})


_VERBS: dict[str, Callable[[KubernetesApi, Resource, Exchange], Reply]] = {
    "get": _get,
    "list": _list,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _delete_collection,
}


def refused(error: ApiError) -> Reply:
    """Return the reply for an error."""
    return Reply(error.code, msgspec.json.encode(error.body()))
