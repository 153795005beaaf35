"""HTTP between us and one API server: login, time-outs, how many at once, quick second tries.

Works on the connections that the ``kubernetes`` package sets up (its urllib3 pool) and passes raw
bytes; the package's own calls would decode every list into dictionaries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from slackwater.clusters.translation import Call, from_answer, from_failure
from slackwater.errors import ClusterDenied, ClusterUnreachable

if TYPE_CHECKING:
    from tenacity import Retrying
    from urllib3 import BaseHTTPResponse
    from websocket import WebSocket

    from slackwater.clusters.kubeconfig import Access
    from slackwater.clusters.login import Session

AT_ONCE = 8  # requests side by side: enough to hide latency, far below the server's own limits
_TRIES = 3  # of one read whose connection breaks


@dataclass(frozen=True)
class Answer:
    """An answer that is no error. ``headers`` are found whatever their case."""

    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests to one API server. Connects with the first; thread-safe.

    ``timeout`` is in seconds, for connecting and for each silence while reading. A server that
    cannot be connected to costs it once: for as long again, requests fail at once.
    """

    def __init__(
        self,
        name: str,
        find_access: Callable[[], Access],
        *,
        timeout: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._find_access = find_access
        self._timeout = timeout
        self._clock = clock
        self._session: Session | None = None
        self._login = threading.Lock()
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._silence: tuple[datetime, str] | None = None

    def session(self, *, instead_of: Session | None = None) -> Session:
        """The login in use; a new one where there is none yet, or only the refused one."""
        from slackwater.clusters.login import log_in  # leads to the kubernetes package, 0.6 s

        with self._login:
            if self._session is None or self._session is instead_of:
                self._session = log_in(self._name, self._find_access(), connections=AT_ONCE)
            return self._session

    def close(self) -> None:
        """Close the connections. Twice is fine; a later request connects again."""
        with self._login:
            session, self._session = self._session, None
        if session:
            session.close()

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """The answer, or one of our errors. A 401 is met with one new login and one more try."""
        session = self.session()
        answer = self._send(session, method, path, headers, body)
        if answer.status == 401:
            session = self.session(instead_of=session)
            answer = self._send(session, method, path, headers, body)
        if 200 <= answer.status < 300:
            return Answer(answer.headers, answer.data)
        call = Call(self._name, session.url, method, path)
        raise from_answer(call, answer.status, answer.headers, answer.data)

    def open_socket(self, path: str) -> WebSocket:
        """A websocket that is open, or one of our errors. A 401 is met as in ``request``."""
        session = self.session()
        try:
            return self._open_socket(session, path)
        except ClusterDenied as error:
            if error.status != 401:
                raise
        return self._open_socket(self.session(instead_of=session), path)

    def _open_socket(self, session: Session, path: str) -> WebSocket:
        from slackwater.clusters.sockets import open_socket, socket_failure  # loads websocket

        self._refuse_while_silent()
        try:
            headers = {"User-Agent": "slackwater", **session.headers()}
            return open_socket(session.settings(), session.url + path, headers, self._timeout)
        except Exception as error:  # noqa: BLE001  all that login, websocket and ssl raise
            # Without the query: a command may hold what is not for messages.
            call = Call(self._name, session.url, "GET", path.partition("?")[0])
            failure = socket_failure(call, error)
        # Raised out here, for others are no context of ours: they may quote our headers.
        raise failure

    def _send(
        self,
        session: Session,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> BaseHTTPResponse:
        """One exchange, whatever its status."""
        from urllib3.exceptions import HTTPError  # loaded by the login anyway

        with self._places:
            self._refuse_while_silent()
            try:
                credentials = session.headers()
                return self._exchange(session, method, path, {**headers, **credentials}, body)
            except Exception as error:  # noqa: BLE001  all that login and urllib3 raise
                failure = from_failure(Call(self._name, session.url, method, path), error)
                self._note_silence(error, failure)
                cause = error if isinstance(error, HTTPError) else None
        # Raised out here, for others are no context of ours: http.client quotes headers it refuses.
        raise failure from cause

    def _exchange(
        self,
        session: Session,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> BaseHTTPResponse:
        said = {"User-Agent": "slackwater", "Accept-Encoding": "gzip", **headers}

        def once() -> BaseHTTPResponse:
            return session.send(method, path, said, body, self._timeout)

        return _quick_tries()(once) if method == "GET" else once()

    def _refuse_while_silent(self) -> None:
        if self._silence is None:
            return
        since, message = self._silence
        # A clock set back must not make the silence last.
        if timedelta(0) <= self._clock() - since < timedelta(seconds=self._timeout):
            raise ClusterUnreachable(message, cluster=self._name)
        self._silence = None

    def _note_silence(self, error: Exception, failure: Exception) -> None:
        from urllib3 import exceptions as urllib3  # loaded by the login anyway

        refused = isinstance(error, urllib3.NewConnectionError)  # a subclass, and quick
        if isinstance(error, urllib3.ConnectTimeoutError) and not refused:
            self._silence = (self._clock(), str(failure))


@cache
def _quick_tries() -> Retrying:
    """Return what tries a read again where its connection broke, was refused, or had gone stale.

    Not after a time-out, which would cost it thrice, nor after anything that the server said.
    """
    import tenacity  # pulls in asyncio; only needed with the first request

    return tenacity.Retrying(
        stop=tenacity.stop_after_attempt(_TRIES),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=0.4),
        retry=tenacity.retry_if_exception(_broke_quickly),
        reraise=True,
    )


def _broke_quickly(error: BaseException) -> bool:
    from urllib3 import exceptions as urllib3  # loaded by the login anyway

    # Resolving names has time-outs of its own, long ones.
    if isinstance(error, urllib3.NameResolutionError):
        return False
    if isinstance(error, urllib3.SSLError):
        return "EOF occurred" in str(error)
    quick = (urllib3.NewConnectionError, urllib3.ProtocolError, urllib3.ClosedPoolError)
    return isinstance(error, quick)
