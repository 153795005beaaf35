"""A small S3 service in this process: objects in memory, multipart, conditional writes, faults."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

BUCKET = "dr"
LATEST = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAGE = 1000


class S3:
    """The service. ``fault`` is asked before each request, and may answer instead.

    ``victim`` is a process that is killed when its ``kill_at``-th request has come, and, where
    ``kill_after`` is set, has been carried out too.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.fault: Callable[[str], tuple[int, str] | None] = lambda _: None
        self.kept: dict[str, str] = {}  # by key: why a deletion of many leaves it
        self.conditional = True
        self.written_at = LATEST
        self.victim = self.kill_at = 0
        self.kill_after = False
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Go away. Twice is fine."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self, method: str, target: str, headers: dict, body: bytes
    ) -> tuple[int, str | bytes, dict]:
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if method == "VICTIM":
            self.victim = int(url.path[1:])
            return 200, "", {}
        with self.lock:
            self.requests.append(f"{method} {target}")
            self.headers.append(headers)
            if refused := self.fault(self.requests[-1]):
                return *_refusal(*refused), {}
            bucket, _, key = unquote(url.path).lstrip("/").partition("/")
            if bucket != BUCKET:
                return *_refusal(404, "NoSuchBucket"), {}
            last = bool(self.victim) and len(self.requests) == self.kill_at
            if last and not self.kill_after:
                self._kill()
            done = getattr(self, f"_{method.lower()}")(key, query, headers, body)
            if last and self.kill_after:
                self._kill()
            return done

    def _kill(self) -> None:
        os.kill(self.victim, signal.SIGKILL)
        self.victim = 0
        raise ConnectionError

    def _get(self, key: str, query: dict, headers: dict, body: bytes) -> tuple:
        if not key:
            return 200, self._listed(query), {}
        if key not in self.objects:
            return *_refusal(404, "NoSuchKey"), {}
        return 200, self.objects[key], self._meta(key)

    def _put(self, key: str, query: dict, headers: dict, body: bytes) -> tuple:
        if "uploadId" in query:
            if query["uploadId"] not in self.uploads:
                return *_refusal(404, "NoSuchUpload"), {}
            self.uploads[query["uploadId"]][int(query["partNumber"])] = body
            return 200, "", {"ETag": f'"{_digest(body)}"'}
        if self.conditional and headers.get("if-none-match") == "*" and key in self.objects:
            return *_refusal(412, "PreconditionFailed"), {}
        if self.conditional and (wanted := headers.get("if-match")) and wanted != self._etag(key):
            return *_refusal(412, "PreconditionFailed"), {}
        self.objects[key] = body
        return 200, "", self._meta(key)

    def _post(self, key: str, query: dict, headers: dict, body: bytes) -> tuple:
        if "uploads" in query:
            upload = f"upload-{len(self.requests)}"
            self.uploads[upload] = {}
            xml = f"<Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>"
            return 200, f"<InitiateMultipartUploadResult>{xml}</InitiateMultipartUploadResult>", {}
        if "delete" in query:
            gone = [unescape(k) for k in re.findall(r"<Key>(.*?)</Key>", body.decode())]
            xml = "".join(self._deleted(each) for each in gone)
            return 200, f"<DeleteResult>{xml}</DeleteResult>", {}
        parts = self.uploads.pop(query["uploadId"], None)
        if parts is None:
            return *_refusal(404, "NoSuchUpload"), {}
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        xml = f"<Key>{escape(key)}</Key><ETag>{self._etag(key)}</ETag>"
        return 200, f"<CompleteMultipartUploadResult>{xml}</CompleteMultipartUploadResult>", {}

    def _delete(self, key: str, query: dict, headers: dict, body: bytes) -> tuple:
        if "uploadId" in query:
            self.uploads.pop(query["uploadId"], None)
        else:
            self.objects.pop(key, None)
        return 204, "", {}

    def _deleted(self, key: str) -> str:
        told = f"<Key>{escape(key)}</Key>"
        if code := self.kept.get(key):
            return f"<Error>{told}<Code>{code}</Code><Message>{code} by the test</Message></Error>"
        self.objects.pop(key, None)
        return f"<Deleted>{told}</Deleted>"

    def _listed(self, query: dict) -> str:
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")))
        begin = int(query.get("continuation-token", 0))
        page = keys[begin : begin + PAGE]
        more = begin + PAGE < len(keys)
        at = self.written_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        xml = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size>"
            f"<LastModified>{at}</LastModified><ETag>{escape(self._etag(key))}</ETag></Contents>"
            for key in page
        )
        xml += f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        xml += f"<NextContinuationToken>{begin + PAGE}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult>{xml}</ListBucketResult>"

    def _etag(self, key: str) -> str:
        return f'"{_digest(self.objects[key])}"' if key in self.objects else ""

    def _meta(self, key: str) -> dict[str, str]:
        at = self.written_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {"ETag": self._etag(key), "Last-Modified": at}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _refusal(status: int, code: str) -> tuple[int, str]:
    return status, f"<Error><Code>{code}</Code><Message>{code} by the test</Message></Error>"


def _handler(service: S3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, content, extra = service.answer(self.command, self.path, headers, body)
                content = content.encode() if isinstance(content, str) else content
                self.send_response(status)
                for name, value in {**extra, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    for method in ("GET", "PUT", "POST", "DELETE", "VICTIM"):
        setattr(Handler, f"do_{method}", Handler.handle_any)
    return Handler
