"""A bucket of an S3-compatible service as a shelf.

The library is imported, and secrets are asked for, with the first call. What the fleet file says
holds: with keys in it, no variable of the environment and no metadata service takes part.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slackwater.fleet import StoreEntry
from slackwater.stores.bucket_errors import explained, is_about_an_object, is_gone
from slackwater.stores.flow import CHUNK
from slackwater.stores.shelf import Absent, Shelf, Stored

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Credential, S3Store

_PART = 8 * CHUNK
"""Bytes of one part of an upload. S3 takes 10,000 of them: 78 GiB for an artefact."""

_PARTS_AT_ONCE = 4
_PATIENCE = timedelta(seconds=60)
"""How long a part may take, or a stream be silent."""

_DEFAULT_REGION = "us-east-1"


class BucketShelf(Shelf):
    """Objects below the prefix of the entry's url, and of the tool."""

    def __init__(self, entry: StoreEntry, tool: str, secret: Callable[[str], str]) -> None:
        url = urlsplit(entry.url)
        self.identity = _identity(entry)
        self._entry = entry
        self._bucket = url.netloc
        self._prefix = "/".join(part for part in (*url.path.split("/"), tool) if part)
        self._secret = secret
        self._lock = threading.Lock()
        self._opened: S3Store | None = None

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Upload in parts; the service puts them together at the end, or forgets them."""
        import obstore

        with self._errors(key):
            obstore.put(
                self._store(),
                key,
                iter(chunks),
                use_multipart=True,
                chunk_size=_PART,
                max_concurrency=_PARTS_AT_ONCE,
            )

    def create(self, key: str, content: bytes) -> str | None:
        """Put with ``If-None-Match: *``."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._errors(key):
            try:
                return _etag(obstore.put(self._store(), key, content, mode="create")["e_tag"])
            except AlreadyExistsError:
                return None

    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        """Put with ``If-Match``."""
        import obstore
        from obstore.exceptions import PreconditionError

        with self._errors(key):
            try:
                done = obstore.put(self._store(), key, content, mode={"e_tag": f'"{etag}"'})
                return _etag(done["e_tag"])
            except PreconditionError:
                return None

    def get(self, key: str) -> tuple[bytes, str]:
        """Get it whole."""
        import obstore

        with self._errors(key):
            answer = obstore.get(self._store(), key)
            return bytes(answer.bytes()), _etag(answer.meta["e_tag"])

    def read(self, key: str) -> Iterator[bytes]:
        """Get it as a stream."""
        import obstore

        with self._errors(key):
            for chunk in obstore.get(self._store(), key).stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def list(self, prefix: str) -> Iterator[Stored]:
        """List page by page."""
        import obstore

        with self._errors(""):
            for page in obstore.list(self._store(), prefix, chunk_size=1000):
                for meta in page:
                    yield Stored(
                        meta["path"], meta["size"], meta["last_modified"], _etag(meta["e_tag"])
                    )

    def delete(self, keys: Iterable[str]) -> None:
        """Delete many at once; one by one where another deletes them at the same moment.

        S3 says "deleted" of what is gone, versitygw 1.8 does not always: "no such key" ends the
        library's whole deletion then.
        """
        paths = list(keys)
        if paths and not self._deleted(paths):
            for path in paths:
                self._deleted([path])

    def _deleted(self, paths: Sequence[str]) -> bool:
        """Delete; return whether all of it was there, or was called deleted all the same."""
        import obstore
        from obstore.exceptions import BaseError

        with self._errors(""):
            try:
                obstore.delete(self._store(), paths)
            except BaseError as error:
                if not is_gone(error):
                    raise
                return False
        return True

    def _store(self) -> S3Store:
        from obstore.store import S3Store

        with self._lock:
            if self._opened is None:
                self._opened = S3Store(
                    self._bucket,
                    prefix=self._prefix,
                    config=self._config(),
                    client_options=self._client(),
                    retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
                    credential_provider=self._credentials(),
                )
            return self._opened

    def _config(self) -> S3Config:
        entry = self._entry
        config: S3Config = {
            "virtual_hosted_style_request": not entry.path_style,
            "conditional_put": "etag",
        }
        if entry.region or self._has_keys:
            config["region"] = entry.region or _DEFAULT_REGION
        if entry.endpoint or self._has_keys:
            # This key, and no other, stands above every variable that may name an endpoint.
            config["aws_endpoint_url_s3"] = self._endpoint()
        if self._has_keys:
            config |= {
                "skip_signature": False,
                "unsigned_payload": False,
                "request_payer": False,
                "s3_express": False,
            }
        return config

    def _endpoint(self) -> str:
        region = self._entry.region or _DEFAULT_REGION
        endpoint = self._entry.endpoint or f"https://s3.{region}.amazonaws.com"
        url = urlsplit(endpoint.rstrip("/"))
        host = url.netloc if self._entry.path_style else f"{self._bucket}.{url.netloc}"
        return url._replace(netloc=host).geturl()

    def _client(self) -> ClientConfig:
        client: ClientConfig = {
            "allow_http": (self._entry.endpoint or "").startswith("http://"),
            "allow_invalid_certificates": False,
            "connect_timeout": timedelta(seconds=10),
            "timeout": timedelta(days=1),  # of a whole stream
            "read_timeout": _PATIENCE,
        }
        if self._entry.ca:
            client["root_certificate"] = self._secret(self._entry.ca)
        return client

    @property
    def _has_keys(self) -> bool:
        return self._entry.access_key is not None

    def _credentials(self) -> Callable[[], S3Credential] | None:
        """What hands the fleet file's keys over; as a part of the config they would be shown."""
        if self._entry.access_key is None or self._entry.secret_key is None:
            return None
        access_key = self._secret(self._entry.access_key)
        secret_key = self._secret(self._entry.secret_key)
        return lambda: {
            "access_key_id": access_key,
            "secret_access_key": secret_key,
            "token": None,
            "expires_at": None,
        }

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
            return
        except FileNotFoundError as error:
            found = Absent(key) if is_about_an_object(error) else explained(error, self.identity)
        except BaseError as error:
            found = explained(error, self.identity)
        raise found


def _identity(entry: StoreEntry) -> str:
    """The endpoint, bucket and prefix as one address; buckets of one service have one namespace."""
    if entry.endpoint is None:
        return entry.url.rstrip("/")
    path = entry.url.removeprefix("s3://").rstrip("/")
    return f"{entry.endpoint.rstrip('/').lower()}/{path}"


def _etag(text: str | None) -> str:
    return (text or "").strip('"')
