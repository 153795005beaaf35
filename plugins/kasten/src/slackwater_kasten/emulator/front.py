"""Lets an emulated API server pass requests on to emulated aggregated APIs.

A real kube-apiserver does so for every registered APIService, after authentication and a first
check of rights. The emulated one has no such layer yet, so its handling of requests is wrapped
here, for those servers that are registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from slackwater.testing.kubernetes_api import (
    ApiError,
    Call,
    KubernetesApi,
    application,
    handlers,
)
from slackwater.testing.kubernetes_api.access import User, denied
from slackwater.testing.kubernetes_api.handlers import Exchange, Reply
from slackwater_kasten.emulator.aggregated import AggregatedApi, is_ours
from slackwater_kasten.emulator.kinds import GROUPS, VERSION, group_document, resources_document

_BEHIND: WeakKeyDictionary[KubernetesApi, AggregatedApi] = WeakKeyDictionary()
_handle = handlers.handle
_authorised = handlers.authorised


@contextmanager
def aggregated(api: KubernetesApi, behind: AggregatedApi) -> Iterator[None]:
    """Serve an aggregated API beside the API's own kinds until the block is left."""
    _BEHIND[api] = behind
    _wrap(handle, authorised)
    try:
        yield
    finally:
        _BEHIND.pop(api, None)
        if not _BEHIND:
            _wrap(_handle, _authorised)


def _wrap(handling: Callable[..., Any], authorising: Callable[..., Any]) -> None:
    setattr(application, "handle", handling)  # noqa: B010  a function of a module, as mypy sees it
    setattr(application, "authorised", authorising)  # noqa: B010  the same


def handle(api: KubernetesApi, user: User, exchange: Exchange) -> Reply:
    """Answer for the aggregated groups; everything else as ever."""
    behind, call = _BEHIND.get(api), exchange.call
    if behind is None:
        return _handle(api, user, exchange)
    if is_ours(call) and call.plural:
        return _answer(behind, user, exchange)
    found = _discover(behind, api, user, exchange) if not call.plural else None
    return _handle(api, user, exchange) if found is None else _reply(200, found)


def authorised(api: KubernetesApi, user: User, call: Call) -> Any:  # noqa: ANN401  as wrapped
    """Refuse to watch what cannot be watched."""
    if api in _BEHIND and is_ours(call):
        raise ApiError(405, "MethodNotAllowed", f"{call.verb} is not supported on {call.plural}")
    return _authorised(api, user, call)


def _answer(behind: AggregatedApi, user: User, exchange: Exchange) -> Reply:
    if not user.may(exchange.call):
        raise denied(user, exchange.call)
    sent = exchange.body and exchange.call.verb in ("create", "delete")
    content = exchange.sent_object() if sent else None
    found = behind.answer(exchange.call, exchange.parameters, content)
    return _reply(found.code, found.body)


def _discover(
    behind: AggregatedApi, api: KubernetesApi, user: User, exchange: Exchange
) -> dict[str, Any] | None:
    match exchange.call.path.strip("/").split("/"):
        case ["apis"]:
            known = msgspec.json.decode(_handle(api, user, exchange).body)
            return {**known, "groups": [*known["groups"], *map(group_document, GROUPS)]}
        case ["apis", group] if group in GROUPS:
            return {"kind": "APIGroup", "apiVersion": "v1", **group_document(group)}
        case ["apis", group, version] if group in GROUPS and version == VERSION:
            if behind.faults.down:
                raise ApiError(503, "ServiceUnavailable", "the server is currently unable to "
                               "handle the request")  # fmt: skip
            return resources_document(group)
    return None


def _reply(code: int, body: dict[str, Any]) -> Reply:
    return Reply(code, msgspec.json.encode(body))
