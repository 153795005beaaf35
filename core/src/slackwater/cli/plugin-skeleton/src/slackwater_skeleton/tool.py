"""The tool's API as this plugin uses it: one method, one request.

Made up: put the requests of your tool in its place.
"""

from __future__ import annotations

import ssl
from datetime import datetime

import httpx
from pydantic import BaseModel

from slackwater.backend import Context
from slackwater.errors import RecoveryPointNotFound
from slackwater_skeleton.errors import translated
from slackwater_skeleton.settings import SkeletonSettings


class Version(BaseModel):
    """What ``GET /version`` answers."""

    version: str


class Told(BaseModel):
    """One recovery point in the tool's words; ``objects`` only where it was read by itself."""

    name: str
    namespace: str
    state: str
    began: datetime
    ended: datetime | None = None
    objects: int | None = None


class Page(BaseModel):
    """What ``GET /points`` answers; ``next`` is where the next page begins, empty at the end."""

    points: tuple[Told, ...]
    next: str = ""


class Tool:
    """Asks for the tool. The token is looked up for each request, and not kept."""

    def __init__(self, settings: SkeletonSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._client: httpx.Client | None = None

    def version(self) -> str:
        """Return the tool's version."""
        with translated(self._context.cluster.name, "read the version"):
            return Version.model_validate_json(self._get("/version")).version

    def list_points(self, after: str) -> Page:
        """Return one page of recovery points."""
        with translated(self._context.cluster.name, "list points"):
            return Page.model_validate_json(self._get("/points", after=after))

    def read_point(self, name: str) -> Told:
        """Return one recovery point, with what it holds."""
        with translated(self._context.cluster.name, "read points", RecoveryPointNotFound):
            return Told.model_validate_json(self._get(f"/points/{name}"))

    def close(self) -> None:
        """Let the connections go. Twice is fine."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _get(self, path: str, **parameters: str) -> bytes:
        token = self._context.secret(self._settings.token)
        header = {"Authorization": f"Bearer {token}"}
        answer = self._connected().get(path, params=parameters, headers=header)
        answer.raise_for_status()
        return answer.content

    def _connected(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(
                base_url=self._settings.url,
                verify=self._trust(),
                timeout=self._settings.answer_within,
            )
        return self._client

    def _trust(self) -> ssl.SSLContext:
        if not self._settings.url.startswith("https:"):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is not asked
        authority = self._settings.ca
        return ssl.create_default_context(
            cadata=self._context.secret(authority) if authority else None
        )
