"""What a Kubernetes API answers when it refuses: `Status` objects, in the words of kube-apiserver.

The wording was taken from `k8s.io/apimachinery/pkg/api/errors` and the registries of
`k8s.io/apiserver`; clients show it to people, and some read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Object = dict[str, Any]
"""A Kubernetes object (or another JSON object) as plain data."""

Json: TypeAlias = Any
"""Any JSON value as plain data."""

EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue token in this "
    "response to retrieve the remainder of the results. Continuing with the provided token "
    "results in an inconsistent list - objects that were created, modified, or deleted between "
    "the time the first chunk was returned and now may show up in the list."
)
MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


class Named(Protocol):
    """What an error needs to know of a resource."""

    @property
    def group(self) -> str:
        """The API group; "" is the core group."""

    @property
    def plural(self) -> str:
        """The name of the kind in paths."""


class ApiError(Exception):
    """A refusal of the API.

    `code` is the HTTP status, `reason` the machine-readable word (`NotFound`, `Conflict`, ...),
    `details` and `metadata` those of the `Status` object, `retry_after` whole seconds.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after

    def body(self) -> Object:
        """Return the `Status` object that the server sends."""
        status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata}
        status |= {"status": "Failure", "message": self.message}
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None or self.retry_after is not None:
            after = {} if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
            status["details"] = {**(self.details or {}), **after}
        return status | {"code": self.code}


def qualified(group: str, word: str) -> str:
    """Return `word.group`, or the word alone in the core group."""
    return f"{word}.{group}" if group else word


def details_of(resource: Named, name: str = "") -> Object:
    """Return the details that name an object: absent parts are left out, as the server does."""
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in details.items() if value}


def _called(resource: Named, name: str) -> str:
    return f'{qualified(resource.group, resource.plural)} "{name}"'


def not_found(resource: Named, name: str) -> ApiError:
    """Return the 404 for an object that does not exist."""
    message = f"{_called(resource, name)} not found"
    return ApiError(404, "NotFound", message, details=details_of(resource, name))


def already_exists(resource: Named, name: str) -> ApiError:
    """Return the 409 for a create under a name that is taken."""
    message = f"{_called(resource, name)} already exists"
    return ApiError(409, "AlreadyExists", message, details=details_of(resource, name))


def conflict(resource: Named, name: str, why: str = MODIFIED) -> ApiError:
    """Return the 409 for a write that rests on an older state."""
    message = f"Operation cannot be fulfilled on {_called(resource, name)}: {why}"
    return ApiError(409, "Conflict", message, details=details_of(resource, name))


def forbidden(resource: Named, name: str, why: str, causes: Sequence[Object] = ()) -> ApiError:
    """Return a 403; `why` follows "is forbidden:"."""
    subject = _called(resource, name) if name else qualified(resource.group, resource.plural)
    details = details_of(resource, name) | ({"causes": list(causes)} if causes else {})
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details=details)


def cause(field: str, reason: str, message: str) -> Object:
    """Return one cause of an invalid object: the field, its fault as a word and as a sentence."""
    return {"reason": reason, "message": message, "field": field}


def invalid(group: str, kind: str, name: str, causes: Sequence[Object]) -> ApiError:
    """Return the 422 for an object that breaks rules; several causes are listed in brackets."""
    said = [f"{each['field']}: {each['message']}" for each in causes]
    text = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details = {"name": name, "group": group, "kind": kind, "causes": list(causes)}
    return ApiError(
        422,
        "Invalid",
        f'{qualified(group, kind)} "{name}" is invalid: {text}',
        details={key: value for key, value in details.items() if value},
    )


def bad_request(message: str) -> ApiError:
    """Return the 400 for a request that cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """Return the 401 for a missing or unknown token."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> ApiError:
    """Return the 405 for a verb that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, details={})


def no_such_resource() -> ApiError:
    """Return the 404 for a path under a known group that leads nowhere."""
    message = "the server could not find the requested resource"
    return ApiError(404, "NotFound", message, details={})


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """Return the 415 for a body in a format that the resource does not take."""
    message = (
        "the body of the request was in an unknown format - "
        f"accepted media types include: {', '.join(accepted)}"
    )
    return ApiError(415, "UnsupportedMediaType", message)


def expired(message: str, continue_token: str | None = None) -> ApiError:
    """Return the 410 for a state that is no longer kept, with a token to go on inconsistently."""
    metadata = {"continue": continue_token} if continue_token else None
    return ApiError(410, "Expired", message, metadata=metadata)


def too_large_version(asked: int, current: int) -> ApiError:
    """Return the 504 for a resource version from the future."""
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return ApiError(504, "Timeout", message, details={"causes": causes}, retry_after=1)
