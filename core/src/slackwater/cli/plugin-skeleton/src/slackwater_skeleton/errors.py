"""What the tool's API says, as this backend's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from slackwater.backend.http_errors import HttpErrors
from slackwater.errors import PermanentBackendError

_ERRORS = HttpErrors("skeleton")


@contextmanager
def translated(
    cluster: str, doing: str, missing: type[PermanentBackendError] | None = None
) -> Iterator[None]:
    """Turn errors of a request into ours; an answer in another form is an error, never a guess."""
    try:
        with _ERRORS.translated(cluster, doing, missing):
            yield
    except ValidationError as error:
        message = f"cannot {doing}: the answer is not in the form that this plugin knows"
        raise PermanentBackendError(message, backend="skeleton", cluster=cluster) from error
