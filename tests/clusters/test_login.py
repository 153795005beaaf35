"""Login by real exec plugins: small scripts that this file writes."""

from __future__ import annotations

import base64
import json
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from slackwater.clusters import Cluster
from slackwater.errors import ClusterDenied, ConfigurationError

from .api_server import Answer, ApiServer, Request, status
from .certificates import Authority
from .conftest import Kubeconfig, StartTls

PATH = "/api/v1/pods"

PLUGIN = """
import json, pathlib, sys
calls = pathlib.Path(sys.argv[1])
number = len(calls.read_text()) + 1 if calls.exists() else 1
calls.write_text("x" * number)
lasts = sys.argv[2:]
expires = lasts[min(number, len(lasts)) - 1]
print(json.dumps({
    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
    "status": {"token": f"token-{number}", "expirationTimestamp": expires},
}))
"""


class Plugin:
    """An exec plugin: its n-th call gives ``token-n``, which expires as told."""

    def __init__(self, folder: Path, *expires: datetime, code: str = PLUGIN) -> None:
        self._calls = folder / "calls"
        self._script = folder / "plugin.py"
        self._script.write_text(code)
        self._expires = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in expires]

    @property
    def calls(self) -> int:
        return len(self._calls.read_text())

    @property
    def user(self) -> dict[str, Any]:
        args = [str(self._script), str(self._calls), *self._expires]
        version = "client.authentication.k8s.io/v1"
        return {
            "exec": {
                "apiVersion": version,
                "command": sys.executable,
                "args": args,
                "interactiveMode": "Never",
            }
        }


PAST = datetime.now(UTC) - timedelta(minutes=1)
FUTURE = datetime.now(UTC) + timedelta(hours=1)


def accepting(*tokens: str) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        if request.token in tokens:
            return Answer({"token": request.token})
        return status(401, "Unauthorized", "Unauthorized")

    return answer


def test_nothing_connects_before_the_first_call(
    api: ApiServer, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    cluster = Cluster("eu", kubeconfig=tmp_path / "missing")
    assert repr(cluster) == "Cluster('eu')"
    cluster.close()
    cluster.close()
    assert api.requests == []


def test_a_token_that_expires_in_the_middle_of_a_run_is_renewed(
    api: ApiServer, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path, PAST, FUTURE)
    used: list[str] = []

    def answer(request: Request) -> Answer:
        used.append(request.token)
        return Answer({"metadata": {"continue": "x" if len(used) < 3 else ""}, "items": []})

    api.answer = answer
    with Cluster("eu", kubeconfig=kubeconfig(api.url, user=plugin.user)) as cluster:
        assert list(cluster.list(PATH)) == []
    assert used == ["token-2"] * 3
    assert plugin.calls == 2


def test_a_token_revoked_before_its_expiry_is_replaced_once(
    api: ApiServer, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path, FUTURE)
    with Cluster("eu", kubeconfig=kubeconfig(api.url, user=plugin.user)) as cluster:
        api.answer = accepting("token-1")
        assert cluster.get(PATH) == {"token": "token-1"}
        api.answer = accepting("token-2")
        assert cluster.create(PATH, {}) == {"token": "token-2"}
        assert cluster.get(PATH) == {"token": "token-2"}
    assert plugin.calls == 2


def test_many_threads_replace_a_revoked_token_once(
    api: ApiServer, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path, FUTURE)
    with Cluster("eu", kubeconfig=kubeconfig(api.url, user=plugin.user)) as cluster:
        api.answer = accepting("token-1")
        cluster.get(PATH)
        api.answer = accepting("token-2")
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(cluster.get, [PATH] * 24))
    assert found == [{"token": "token-2"}] * 24
    assert plugin.calls == 2


def test_a_login_that_is_never_recognised_is_denied_after_one_more_login(
    api: ApiServer, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path, FUTURE)
    api.answer = accepting()
    with Cluster("eu", kubeconfig=kubeconfig(api.url, user=plugin.user)) as cluster:
        with pytest.raises(ClusterDenied, match="401 Unauthorized") as error:
            cluster.get(PATH)
        assert "log in again" in error.value.hint
    assert (plugin.calls, len(api.requests)) == (2, 2)


def test_credentials_replaced_in_the_kubeconfig_are_picked_up(
    api: ApiServer, kubeconfig: Kubeconfig
) -> None:
    with Cluster("eu", kubeconfig=kubeconfig(api.url, user={"token": "old"})) as cluster:
        api.answer = accepting("old")
        cluster.get(PATH)
        kubeconfig(api.url, user={"token": "new"})
        api.answer = accepting("new")
        assert cluster.get(PATH) == {"token": "new"}


def test_a_basic_login(api: ApiServer, kubeconfig: Kubeconfig) -> None:
    user = {"username": "ann", "password": "secret"}
    with Cluster("eu", kubeconfig=kubeconfig(api.url, user=user)) as cluster:
        cluster.get(PATH)
    assert api.requests[0].headers["authorization"] == "Basic YW5uOnNlY3JldA=="


def test_a_cluster_can_be_used_again_after_close(cluster: Cluster, api: ApiServer) -> None:
    cluster.get(PATH)
    cluster.close()
    cluster.get(PATH)
    assert len(api.requests) == 2


def failing(
    kubeconfig: Kubeconfig, user: dict[str, Any], expected: type[Exception]
) -> ConfigurationError | ClusterDenied:
    cluster = Cluster("eu", kubeconfig=kubeconfig("http://127.0.0.1:1", user=user))
    with pytest.raises(expected) as error:
        cluster.get(PATH)
    assert isinstance(error.value, (ConfigurationError, ClusterDenied))
    return error.value


def test_a_plugin_that_is_not_installed(
    kubeconfig: Kubeconfig, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}
    said = str(failing(kubeconfig, {"exec": plugin}, ConfigurationError))
    assert "the login plugin 'no-such-plugin' cannot be run" in said
    assert "install it" in said
    hinted = plugin | {"installHint": "get it\nfrom example.org"}
    assert "get it from example.org" in str(
        failing(kubeconfig, {"exec": hinted}, ConfigurationError)
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("code", "expected", "said"),
    [
        (
            "import sys; sys.exit('your session has expired')",
            ClusterDenied,
            "failed: exec: process returned 1. your session has expired",
        ),
        ("raise RuntimeError('boom')", ClusterDenied, "failed: RuntimeError: boom"),
        ("print('hello')", ConfigurationError, "gave no credentials"),
        ("print('{}')", ConfigurationError, "missing key 'apiVersion'"),
        (PLUGIN.replace("/v1", "/v1beta1"), ConfigurationError, "does not match"),
        (PLUGIN.replace('"token"', '"else"'), ConfigurationError, "missing token"),
    ],
)
def test_a_plugin_that_fails(
    kubeconfig: Kubeconfig,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    code: str,
    expected: type[Exception],
    said: str,
) -> None:
    handlers = list(logging.getLogger().handlers)
    message = str(failing(kubeconfig, Plugin(tmp_path, FUTURE, code=code).user, expected))
    assert said in message
    assert "Traceback" not in message
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers, "and logging is left as it was"


def test_other_reports_to_the_root_logger_still_come_through(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.get(PATH)
    logging.getLogger().warning("from somebody else")
    assert "from somebody else" in caplog.messages


@pytest.mark.parametrize(
    "user",
    [
        {"tokenFile": "/no/such/token"},
        {"auth-provider": {"name": "oidc", "config": {}}},
        {"auth-provider": {"name": "gcp", "config": {"cmd-path": ""}}},
    ],
)
def test_users_that_cannot_work(kubeconfig: Kubeconfig, user: dict[str, Any]) -> None:
    assert "context 'here'" in str(failing(kubeconfig, user, ConfigurationError))


def jwt(expires: datetime) -> str:
    parts: tuple[dict[str, Any], ...] = ({"alg": "none"}, {"exp": int(expires.timestamp())}, {})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )


def test_an_oidc_token_is_renewed_and_kept_in_the_kubeconfig(
    api: ApiServer, tls_api: StartTls, authority: Authority, kubeconfig: Kubeconfig
) -> None:
    issuer, renewed = tls_api(), jwt(FUTURE)

    def issue(request: Request) -> Answer:
        if request.path == "/token":
            assert b"refresh_token=first" in request.body
            return Answer({"id_token": renewed, "refresh_token": "second", "access_token": "x"})
        return Answer({"token_endpoint": f"{issuer.url}/token"})

    issuer.answer = issue
    settings = {
        "idp-issuer-url": issuer.url,
        "idp-certificate-authority-data": authority.data,
        "client-id": "slackwater",
        "client-secret": "secret",
        "id-token": jwt(PAST),
        "refresh-token": "first",
    }
    path = kubeconfig(api.url, user={"auth-provider": {"name": "oidc", "config": settings}})
    with Cluster("eu", kubeconfig=path) as cluster:
        cluster.get(PATH)
    assert api.requests[0].token == renewed
    kept = yaml.safe_load(path.read_text())["users"][0]["user"]["auth-provider"]["config"]
    assert (kept["id-token"], kept["refresh-token"]) == (renewed, "second")


def test_an_oidc_issuer_that_refuses_is_a_denied_login(
    tls_api: StartTls, authority: Authority, kubeconfig: Kubeconfig
) -> None:
    issuer = tls_api()
    issuer.answer = lambda request: (
        Answer({"error": "invalid_grant"}, 400)
        if request.path == "/token"
        else Answer({"token_endpoint": f"{issuer.url}/token"})
    )
    settings = {
        "idp-issuer-url": issuer.url,
        "idp-certificate-authority-data": authority.data,
        "client-id": "slackwater",
        "client-secret": "canary",
        "id-token": jwt(PAST),
        "refresh-token": "canary",
    }
    error = failing(
        kubeconfig, {"auth-provider": {"name": "oidc", "config": settings}}, ClusterDenied
    )
    assert "login failed: (invalid_grant)" in str(error)
    assert "canary" not in str(error)
