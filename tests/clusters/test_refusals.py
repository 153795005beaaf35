"""What a server says no to, and a network that breaks: each becomes one of our errors."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import exceptions as kubernetes
from kubernetes.config import ConfigException
from urllib3 import exceptions as urllib3

from slackwater.clusters import Cluster
from slackwater.clusters.translation import Call, from_failure
from slackwater.errors import (
    ClusterDenied,
    ClusterError,
    ClusterThrottled,
    ClusterUnreachable,
    ConfigurationError,
    SlackwaterError,
)

from .api_server import Answer, ApiServer, status
from .conftest import Kubeconfig

PATH = "/api/v1/pods"
CALL = Call("eu", "https://10.0.0.1:6443", "GET", PATH)


@pytest.mark.parametrize("code", [400, 405, 422, 500, 502, 503, 504])
def test_refusals_come_up_at_once_with_their_status(
    cluster: Cluster, api: ApiServer, code: int
) -> None:
    api.script(status(code, "Reason", "why not"))
    with pytest.raises(ClusterError, match="why not") as error:
        cluster.get(PATH)
    assert (type(error.value), error.value.status) == (ClusterError, code)
    assert len(api.requests) == 1


def test_redirects_are_not_followed(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer({}, 302, {"Location": "http://127.0.0.1:1/login"}))
    with pytest.raises(ClusterError) as error:
        cluster.get(PATH)
    assert error.value.status == 302


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"Retry-After": "7"}, {}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, 0.0),
        ({"Retry-After": "-1"}, {}, 0.0),
        ({}, {}, 0.0),
    ],
)
def test_throttling_comes_up_at_once_with_the_time_asked_for(
    cluster: Cluster,
    api: ApiServer,
    headers: dict[str, str],
    details: dict[str, Any],
    seconds: float,
) -> None:
    said = status(429, "TooManyRequests", "slow down", details=details)
    api.script(Answer(said.content, 429, headers))
    with pytest.raises(ClusterThrottled, match="slow down") as error:
        cluster.get(PATH)
    assert error.value.retry_after == seconds
    assert len(api.requests) == 1


def test_everything_the_server_explains_is_kept(cluster: Cluster, api: ApiServer) -> None:
    causes = [
        {"field": "spec.ttl", "message": "must be positive"},
        {"message": "and more"},
        {"field": "spec.name", "message": "is invalid"},
    ]
    api.script(status(422, "Invalid", "it is invalid", details={"causes": causes}))
    with pytest.raises(ClusterError) as error:
        cluster.create(PATH, {})
    assert str(error.value) == (
        f"eu: it is invalid; spec.ttl: must be positive; and more (422 Invalid; POST {PATH})"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>\n bad gateway </html>", "<html> bad gateway </html>"),
        (b"", "the server gave no reason"),
        (b"\xff\xfe" * 1000, "\ufffd"),
        (b'{"message": 5}', '{"message": 5}'),
    ],
)
def test_refusals_without_a_status_object_keep_the_text(
    cluster: Cluster, api: ApiServer, body: bytes, said: str
) -> None:
    api.script(Answer(body, 502))
    with pytest.raises(ClusterError) as error:
        cluster.get(PATH)
    assert said in str(error.value)
    assert len(str(error.value)) < 400


def test_a_missing_right_is_denied_without_a_second_try(cluster: Cluster, api: ApiServer) -> None:
    api.script(status(403, "Forbidden", 'User "x" cannot list resource "pods"'))
    with pytest.raises(ClusterDenied, match="cannot list") as error:
        list(cluster.list(PATH))
    assert error.value.status == 403
    assert len(api.requests) == 1


def test_a_read_survives_a_broken_connection(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer(cut=True), Answer(cut=True), Answer({"fine": True}))
    assert cluster.get(PATH) == {"fine": True}


def test_a_read_gives_up_after_a_few_broken_connections(cluster: Cluster, api: ApiServer) -> None:
    api.script(Answer(cut=True))
    with pytest.raises(ClusterUnreachable) as error:
        cluster.get(PATH)
    assert len(api.requests) == 3
    assert error.value.hint


@pytest.fixture
def nobody() -> str:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_refused_connection(kubeconfig: Kubeconfig, nobody: str) -> None:
    cluster = Cluster("eu", kubeconfig=kubeconfig(nobody))
    with pytest.raises(ClusterUnreachable) as error:
        cluster.get(PATH)
    assert str(error.value).startswith(f"eu: no answer from {nobody}: ")
    assert str(error.value).endswith("Connection refused")
    assert "object at" not in str(error.value)


def test_a_name_that_nobody_knows(kubeconfig: Kubeconfig) -> None:
    cluster = Cluster("eu", kubeconfig=kubeconfig("https://no-such-host.invalid:6443"))
    with pytest.raises(ClusterUnreachable, match="resolve"):
        cluster.get(PATH)


def test_a_server_that_falls_silent(kubeconfig: Kubeconfig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        cluster = Cluster("eu", kubeconfig=kubeconfig(url), timeout=0.05)
        with pytest.raises(ClusterUnreachable, match="timed out"):
            cluster.get(PATH)
        cluster.close()


class Connections:
    """Stands in for a session whose server cannot be connected to. Counts the attempts."""

    url = "https://10.0.0.1:6443"
    ca_hash = ""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.attempts = 0

    def headers(self) -> dict[str, str]:
        return {}

    def send(self, *args: Any, **options: Any) -> None:
        self.attempts += 1
        raise self.error

    def close(self) -> None:
        pass


Broken = tuple[Cluster, Connections]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, kubeconfig: Kubeconfig) -> Callable[..., Broken]:
    def build(error: Exception, **options: Any) -> Broken:
        connections = Connections(error)
        monkeypatch.setattr("slackwater.clusters.login.log_in", lambda *_, **__: connections)
        monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
        return Cluster("eu", kubeconfig=kubeconfig(connections.url), **options), connections

    return build


def test_a_dead_cluster_costs_its_time_out_once(broken: Callable[..., Broken]) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    cluster, connections = broken(
        urllib3.ConnectTimeoutError("timed out"), timeout=10, clock=lambda: now
    )
    for _ in range(3):
        with pytest.raises(ClusterUnreachable, match="timed out"):
            cluster.get(PATH)
    assert connections.attempts == 1
    now += timedelta(seconds=10)
    with pytest.raises(ClusterUnreachable):
        cluster.get(PATH)
    assert connections.attempts == 2
    now -= timedelta(hours=1)
    with pytest.raises(ClusterUnreachable):
        cluster.get(PATH)
    assert connections.attempts == 3, "a clock set back does not keep the cluster dead"


def test_a_quick_failure_is_not_remembered(broken: Callable[..., Broken]) -> None:
    cluster, connections = broken(urllib3.ProtocolError("Connection aborted."))
    for _ in range(2):
        with pytest.raises(ClusterUnreachable):
            cluster.get(PATH)
    assert connections.attempts == 6


def every(base: type[Exception], module: Any) -> list[type[Exception]]:
    found = [value for value in vars(module).values() if isinstance(value, type)]
    return sorted({v for v in found if issubclass(v, base)}, key=lambda v: v.__name__)


# Those whose text is made of more than their arguments.
BUILT = {
    urllib3.IncompleteRead: urllib3.IncompleteRead(1, 2),
    urllib3.InvalidChunkLength: urllib3.InvalidChunkLength(
        SimpleNamespace(tell=lambda: 1, length_remaining=2),  # type: ignore[arg-type]
        b"x",
    ),
    urllib3.ProxyError: urllib3.ProxyError("what", OSError("why")),
    kubernetes.ApiException: kubernetes.ApiException(500, "why"),
    UnicodeEncodeError: UnicodeEncodeError("ascii", "ä", 0, 1, "why"),
}


def raised(kind: type[Exception]) -> Exception:
    """An exception of this type, whatever its constructor wants."""
    if kind in BUILT:
        return BUILT[kind]
    error = kind.__new__(kind)
    error.args = ("what", "why")
    for name in ("status", "reason", "body", "data", "headers"):
        setattr(error, name, None)
    return error


FOREIGN = [
    *every(Exception, urllib3),
    *every(kubernetes.OpenApiException, kubernetes),
    ConfigException,
    ssl.SSLError,
    ssl.SSLCertVerificationError,
    OSError,
    TimeoutError,
    ValueError,
    UnicodeEncodeError,
    KeyError,
    RuntimeError,
]


@pytest.mark.parametrize("kind", FOREIGN)
def test_every_foreign_exception_becomes_one_of_ours(
    broken: Callable[..., Broken], kind: type[Exception]
) -> None:
    cluster, _ = broken(raised(kind))
    with pytest.raises(SlackwaterError) as error:
        cluster.get(PATH)
    assert "eu" in str(error.value)
    assert "Traceback" not in str(error.value)
    assert isinstance(error.value, (ClusterError, ConfigurationError))


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (
            urllib3.ProxyError("Cannot connect to proxy.", OSError(111, "Connection refused")),
            ClusterUnreachable,
            "Cannot connect to proxy.: [Errno 111] Connection refused",
        ),
        (urllib3.LocationParseError("http://[::1"), ConfigurationError, "address is not usable"),
        (urllib3.URLSchemeUnknown("gopher"), ConfigurationError, "gopher"),
        (
            urllib3.ConnectTimeoutError(object(), "Connection to 10.0.0.1 timed out."),
            ClusterUnreachable,
            "no answer from https://10.0.0.1:6443: Connection to 10.0.0.1 timed out.",
        ),
        (urllib3.DecodeError("not gzip"), ClusterUnreachable, "not gzip"),
        (
            urllib3.ProtocolError(
                "Connection aborted.", ConnectionResetError(104, "Connection reset by peer")
            ),
            ClusterUnreachable,
            "Connection aborted. [Errno 104] Connection reset by peer",
        ),
        (kubernetes.ApiException(status=403, body='{"message": "no"}'), ClusterDenied, "eu: no"),
        (kubernetes.ApiValueError("x"), ConfigurationError, "ApiValueError"),
    ],
)
def test_foreign_words_are_kept(
    error: Exception, expected: type[SlackwaterError], said: str
) -> None:
    translated = from_failure(CALL, error)
    assert type(translated) is expected
    assert said in str(translated)


def test_a_token_that_no_header_can_carry_is_not_quoted(
    api: ApiServer, kubeconfig: Kubeconfig
) -> None:
    path = kubeconfig(api.url, user={"token": "canary\nsecond: line"})
    with (
        Cluster("eu", kubeconfig=path) as cluster,
        pytest.raises(ConfigurationError) as error,
    ):
        cluster.get(PATH)
    reached: BaseException | None = error.value
    while reached:
        assert "canary" not in str(reached)
        reached = reached.__cause__ or reached.__context__


def test_a_token_file_may_end_in_a_line_break(
    api: ApiServer, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("secret\n")
    path = kubeconfig(api.url, user={"tokenFile": str(tmp_path / "token")})
    with Cluster("eu", kubeconfig=path) as cluster:
        cluster.get(PATH)
    assert api.requests[0].token == "secret"
