"""Where what an HTTP API says becomes what a backend may raise: for products with a REST API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from slackwater.errors import (
    BackendError,
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    Throttled,
)

_LONGEST = 300


@dataclass(frozen=True)
class HttpErrors:
    """Translates for one tool. A tool that says more, or answers 200 with an error, overrides it.

    ``missing`` is what a 404 means; a call that asks for one thing names a narrower error.
    """

    tool: str
    missing: type[PermanentBackendError] = PermanentBackendError

    @contextmanager
    def translated(
        self, cluster: str, doing: str, missing: type[PermanentBackendError] | None = None
    ) -> Iterator[None]:
        """Turn httpx's errors into a backend's; ``doing`` is verb and kind (``list backups``).

        Call ``response.raise_for_status()`` within. Headers and bodies that were sent are in no
        message, for they may hold a token; what the tool answered is, cut to one line.
        """
        by = {"backend": self.tool, "cluster": cluster, "operation": doing}
        try:
            yield
        except httpx.HTTPStatusError as error:
            if error.response.status_code == 429:
                raise self._throttled(error.response, cluster, doing) from error
            kind, message = self.sort(error.response, doing)
            if missing and kind is self.missing:
                kind = missing
            raise kind(message, **by) from error
        except httpx.RequestError as error:
            message = f"{self.tool} does not answer: {type(error).__name__}: {error}"
            raise BackendUnavailable(message, **by) from error

    def sort(self, response: httpx.Response, doing: str) -> tuple[type[BackendError], str]:
        """Tell what may pass by itself from what will not, and say it."""
        said = f"{response.status_code} {self.words(response)}".strip()
        match response.status_code:
            case 401 | 403:
                return PermissionDenied, f"not allowed to {doing}: {said}"
            case 404:
                return self.missing, f"cannot {doing}: {said}"
            case status if status >= 500 or status == 408:
                return BackendUnavailable, f"cannot {doing} now: {said}"
        return PermanentBackendError, f"cannot {doing}: {said}"

    def words(self, response: httpx.Response) -> str:
        """Return the tool's own words: here the whole text. Most tools keep them in a field."""
        return " ".join(response.text.split())[:_LONGEST]

    def _throttled(self, response: httpx.Response, cluster: str, doing: str) -> Throttled:
        message = f"cannot {doing} so often: {self.words(response)}"
        wait = retry_after(response)
        return Throttled(message, retry_after=wait, backend=self.tool, cluster=cluster)


def retry_after(response: httpx.Response) -> float:
    """Return the seconds that the answer asks to wait; 0 where it names no number."""
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else 0.0
