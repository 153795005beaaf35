"""Serves the files of the emulated object storage by signed URLs, over HTTP on loopback."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slackwater.testing.loopback import serve_on_loopback
from slackwater_velero.emulator.cloud import Cloud
from slackwater_velero.emulator.objects import Object
from slackwater_velero.emulator.requests import URL_LIVES
from slackwater_velero.store_identity import endpoint


class FileServer:
    """Signs URLs, and answers those that it has signed and that have not expired."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self.root = ""
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def sign(self, location: Object, key: str) -> str:
        """Return a URL for a file of a location, good for ten minutes."""
        spec = location["spec"]
        storage = spec["objectStorage"]
        prefix = str(storage.get("prefix") or "").strip("/")
        host = endpoint(spec["provider"], spec.get("config")).partition("://")[2] or "-"
        path = "/".join(part for part in (host, storage["bucket"], prefix, key) if part)
        expires = int((self._clock() + URL_LIVES).timestamp())
        query = {"X-Amz-Expires": str(expires), "X-Amz-Signature": self._signature(path, expires)}
        return f"{self.root}/{quote(path)}?{urlencode(query)}"

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        path, query = request.path_params["path"], request.query_params
        expires = int(query.get("X-Amz-Expires") or 0)
        good = hmac.compare_digest(query.get("X-Amz-Signature", ""), self._signature(path, expires))
        if not good or self._clock().timestamp() > expires:
            return Response("<Code>AccessDenied</Code>", status_code=403)
        host, bucket, key = path.split("/", 2)
        content = self._cloud.read(f"s3://{host}", bucket, key)
        if content is None:
            return Response("<Code>NoSuchKey</Code>", status_code=404)
        return Response(content, media_type="application/octet-stream")

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._secret, f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()


@contextmanager
def serve_files(cloud: Cloud, clock: Callable[[], datetime]) -> Iterator[FileServer]:
    """Serve the files on a free port of 127.0.0.1 until the block is left."""
    files = FileServer(cloud, clock)
    with serve_on_loopback(files.application()) as port:
        files.root = f"http://127.0.0.1:{port}"
        yield files
