"""Fetches one signed URL and unpacks it, within bounds, without ever showing the signature."""

from __future__ import annotations

import ssl
import urllib.request
import zlib
from collections.abc import Iterable

import httpx

LARGEST = 512 * 1024 * 1024
"""Bytes of an unpacked file: lists of a million objects are well below it."""
_TIMEOUT = httpx.Timeout(10.0, read=30.0)
_GZIP = 16 + zlib.MAX_WBITS


class FetchFailed(Exception):
    """A file could not be had. ``str()`` is a sentence without the URL."""


class _SignedLater(httpx.BaseTransport):
    """Adds the query to the URL where nobody looks any more.

    httpx logs the URL of every request; the signature is in the query, so the client above this
    transport must not know it.
    """

    def __init__(self, query: bytes, inner: httpx.BaseTransport) -> None:
        self._query = query
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        signed = httpx.Request(
            request.method,
            request.url.copy_with(query=self._query),
            headers=request.headers,
            extensions=request.extensions,
        )
        return self._inner.handle_request(signed)

    def close(self) -> None:
        self._inner.close()


def fetch(url: str, context: ssl.SSLContext, *, largest: int = LARGEST) -> bytes:
    """Return the unpacked file behind a signed URL. Raises ``FetchFailed``.

    ``largest`` bounds the unpacked bytes, so that a small file cannot fill the memory. Redirects
    are not followed: a signature is for one host.
    """
    try:
        parsed = httpx.URL(url)
        transport = httpx.HTTPTransport(verify=context, proxy=_proxy(parsed))
        with (
            httpx.Client(
                transport=_SignedLater(parsed.query, transport), timeout=_TIMEOUT
            ) as client,
            client.stream("GET", parsed.copy_with(query=None)) as answer,
        ):
            _require_success(answer, parsed.host)
            return unpack(answer.iter_raw(), largest=largest)
    except httpx.InvalidURL:
        failure = FetchFailed("the server handed out something that is no URL")
    except httpx.HTTPError as error:
        failure = FetchFailed(f"no answer from {parsed.host}: {str(error) or type(error).__name__}")
    # Raised out here, so that no foreign error with the request in it is our context.
    raise failure


def unpack(chunks: Iterable[bytes], *, largest: int = LARGEST) -> bytes:
    """Return what the gzip stream holds. Raises ``FetchFailed`` if it is cut, broken or too large.

    Velero's files are gzip by content, not by Content-Encoding.
    """
    unpacker = zlib.decompressobj(_GZIP)
    found: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            found.append(unpacker.decompress(chunk, largest - size + 1))
            size += len(found[-1])
            if size > largest:
                raise FetchFailed(f"the file is larger than {largest // 1024**2} MiB unpacked")
    except zlib.error as error:
        raise FetchFailed(f"the file is not readable gzip ({error})") from error
    if not unpacker.eof:
        raise FetchFailed("the file ends too early")
    return b"".join(found)


def _require_success(answer: httpx.Response, host: str) -> None:
    if answer.status_code == 404:
        raise FetchFailed("the store has no such file")
    if answer.status_code != 200:
        raise FetchFailed(f"{host} answered {answer.status_code} {answer.reason_phrase}")


def _proxy(url: httpx.URL) -> str | None:
    """A transport of one's own gets no proxy from the environment by itself."""
    if urllib.request.proxy_bypass(url.host):
        return None
    return urllib.request.getproxies().get(url.scheme)
