from __future__ import annotations

import base64
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from slackwater.clusters import Cluster
from slackwater.errors import ClusterDenied, ClusterUnreachable, ConfigurationError

from .api_server import Answer, ApiServer
from .certificates import Authority
from .conftest import Kubeconfig, StartTls

PATH = "/api/v1/pods"


def encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def certified(issued: tuple[bytes, bytes]) -> dict[str, str]:
    certificate, key = issued
    return {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}


def test_a_server_of_the_right_authority(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    path = kubeconfig(tls_api().url, **{"certificate-authority-data": authority.data})
    with Cluster("eu", kubeconfig=path) as cluster:
        assert cluster.get(PATH) == {}


def test_many_clusters_log_in_side_by_side(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    api = tls_api(clients=authority)
    user = certified(authority.issue("ann"))
    path = kubeconfig(api.url, user=user, **{"certificate-authority-data": authority.data})
    clusters = [Cluster(f"c{number}", kubeconfig=path) for number in range(12)]
    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(lambda cluster: cluster.get(PATH), clusters)) == [{}] * 12
    for cluster in clusters:
        cluster.close()


def test_a_client_certificate_is_shown(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    api = tls_api(clients=authority)
    user = certified(authority.issue("ann"))
    path = kubeconfig(api.url, user=user, **{"certificate-authority-data": authority.data})
    with Cluster("eu", kubeconfig=path) as cluster:
        assert cluster.get(PATH) == {}


def test_an_expired_client_certificate(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    api = tls_api(clients=authority)
    user = certified(authority.issue("ann", lasts=-timedelta(hours=1)))
    path = kubeconfig(api.url, user=user, **{"certificate-authority-data": authority.data})
    with Cluster("eu", kubeconfig=path) as cluster:
        with pytest.raises(ClusterDenied, match="expired") as error:
            cluster.get(PATH)
        assert "renew the client certificate" in error.value.hint
        assert "_ssl.c" not in str(error.value)


def test_a_client_certificate_of_another_authority(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    api = tls_api(clients=Authority("somebody else"))
    user = certified(authority.issue("ann"))
    path = kubeconfig(api.url, user=user, **{"certificate-authority-data": authority.data})
    with (
        Cluster("eu", kubeconfig=path) as cluster,
        pytest.raises(ClusterDenied, match="refuses our certificate"),
    ):
        cluster.get(PATH)


def refused(path: Path, said: str) -> str:
    with Cluster("eu", kubeconfig=path) as cluster:
        with pytest.raises(ClusterUnreachable, match=said) as error:
            cluster.get(PATH)
        return error.value.hint


def test_a_server_of_another_authority(tls_api: StartTls, kubeconfig: Kubeconfig) -> None:
    path = kubeconfig(
        tls_api().url, **{"certificate-authority-data": Authority("somebody else").data}
    )
    assert "certificate-authority-data" in refused(path, "verify failed")


def test_an_expired_server_certificate(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    api = tls_api(lasts=-timedelta(hours=1))
    path = kubeconfig(api.url, **{"certificate-authority-data": authority.data})
    assert "clock" in refused(path, "certificate has expired")


def test_a_server_of_another_name_needs_tls_server_name(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    api = tls_api(host="kubernetes.internal")
    trusted = {"certificate-authority-data": authority.data}
    assert "tls-server-name" in refused(kubeconfig(api.url, **trusted), "127.0.0.1")
    path = kubeconfig(api.url, **trusted, **{"tls-server-name": "kubernetes.internal"})
    with Cluster("eu", kubeconfig=path) as cluster:
        assert cluster.get(PATH) == {}


def test_http_where_https_is_spoken(
    api: ApiServer, tls_api: StartTls, kubeconfig: Kubeconfig
) -> None:
    refused(kubeconfig(api.url.replace("http:", "https:")), "(?i)ssl|tls")
    refused(kubeconfig(tls_api().url.replace("https:", "http:")), "aborted|closed")


def test_checking_can_be_turned_off_without_noise(
    tls_api: StartTls, kubeconfig: Kubeconfig
) -> None:
    path = kubeconfig(tls_api().url, **{"insecure-skip-tls-verify": True})
    with (
        warnings.catch_warnings(record=True) as warned,
        Cluster("eu", kubeconfig=path) as cluster,
    ):
        assert cluster.get(PATH) == {}
    assert warned == []


@pytest.mark.parametrize(
    "cluster",
    [
        {"certificate-authority-data": "not base64 at all!"},
        {"certificate-authority-data": encoded(b"no certificate")},
        {
            "certificate-authority-data": encoded(
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
            )
        },
        {"certificate-authority": "no/such/file"},
    ],
)
def test_authorities_that_cannot_be_read(
    tls_api: StartTls, kubeconfig: Kubeconfig, cluster: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as error:
        Cluster("eu", kubeconfig=kubeconfig(tls_api().url, **cluster)).get(PATH)
    assert "Traceback" not in str(error.value)


def test_a_key_that_does_not_fit_its_certificate(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    user = certified((authority.issue("ann")[0], authority.issue("bob")[1]))
    path = kubeconfig(tls_api().url, user=user, **{"certificate-authority-data": authority.data})
    with pytest.raises(ConfigurationError, match="certificate or key is not usable"):
        Cluster("eu", kubeconfig=path).get(PATH)


def test_a_proxy_is_used(api: ApiServer, kubeconfig: Kubeconfig) -> None:
    api.answer = lambda request: Answer({"asked": request.path})
    path = kubeconfig("http://kubernetes.internal:8080", **{"proxy-url": api.url})
    with Cluster("eu", kubeconfig=path) as cluster:
        assert cluster.get(PATH) == {"asked": PATH}
    assert api.requests[0].headers["host"] == "kubernetes.internal:8080"
