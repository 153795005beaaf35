from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slackwater.clusters import ClockOffset, Cluster, ClusterIdentity
from slackwater.errors import ClusterError, ObjectNotFound

from .api_server import Answer, ApiServer, status
from .certificates import Authority
from .conftest import Kubeconfig, StartTls

KUBE_SYSTEM = Answer({"metadata": {"name": "kube-system", "uid": "uid-1"}})


def identity(path: Path) -> ClusterIdentity:
    with Cluster("eu", kubeconfig=path) as cluster:
        return cluster.identity()


def test_identity_is_the_authority_and_the_uid_of_kube_system(
    tls_api: StartTls, kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path
) -> None:
    api = tls_api()
    api.script(KUBE_SYSTEM)
    found = identity(kubeconfig(api.url, **{"certificate-authority-data": authority.data}))
    assert found.uid == "uid-1"
    assert len(found.ca_hash) == 64
    assert [r.path for r in api.requests] == ["/api/v1/namespaces/kube-system"]

    (tmp_path / "ca.crt").write_bytes(b"# a comment\r\n" + authority.pem.replace(b"\n", b"\r\n"))
    as_file = kubeconfig(api.url, **{"certificate-authority": "ca.crt"})
    assert identity(as_file) == found, "the layout of the file does not matter"

    (tmp_path / "ca.crt").write_bytes(authority.pem + Authority("old").pem)
    assert identity(as_file).ca_hash != found.ca_hash


def test_identity_without_an_authority_has_the_uid_alone(cluster: Cluster, api: ApiServer) -> None:
    api.script(KUBE_SYSTEM)
    assert cluster.identity() == ClusterIdentity("", "uid-1")


def test_identity_is_asked_anew_each_time(cluster: Cluster, api: ApiServer) -> None:
    api.script(KUBE_SYSTEM, Answer({"metadata": {"uid": "uid-2"}}))
    assert cluster.identity() != cluster.identity()


def test_identity_of_something_that_is_no_whole_cluster(cluster: Cluster, api: ApiServer) -> None:
    api.script(status(404, "NotFound"))
    with pytest.raises(ObjectNotFound):
        cluster.identity()


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def ticking(seconds: float) -> Callable[[], datetime]:
    """A clock that goes on by this much with each look."""
    moments = (NOON + timedelta(seconds=seconds) * number for number in range(1_000))
    return lambda: next(moments)


@pytest.mark.parametrize(
    ("date", "tick", "expected"),
    [
        ("Sat, 21 Nov 2026 12:00:00 GMT", 0.0, ClockOffset(0.5, 0.5)),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 0.0, ClockOffset(30.5, 0.5)),
        ("Sat, 21 Nov 2026 11:59:00 GMT", 0.0, ClockOffset(-59.5, 0.5)),
        ("Sat, 21 Nov 2026 12:00:00 -0000", 0.0, ClockOffset(0.5, 0.5)),
    ],
)
def test_the_offset_of_a_clock(
    api: ApiServer, kubeconfig: Kubeconfig, date: str, tick: float, expected: ClockOffset
) -> None:
    api.script(Answer({}, headers={"Date": date}))
    with Cluster("eu", kubeconfig=kubeconfig(api.url), clock=ticking(tick)) as cluster:
        assert cluster.server_time_offset() == expected


def test_a_slow_answer_makes_the_offset_less_certain(
    api: ApiServer, kubeconfig: Kubeconfig
) -> None:
    api.script(Answer({}, headers={"Date": "Sat, 21 Nov 2026 12:00:00 GMT"}))
    with Cluster("eu", kubeconfig=kubeconfig(api.url), clock=ticking(4)) as cluster:
        assert cluster.server_time_offset() == ClockOffset(-1.5, 2.5)


def test_an_answer_without_a_usable_date(api: ApiServer, kubeconfig: Kubeconfig) -> None:
    api.script(Answer({}, headers={"Date": "yesterday"}))
    with (
        Cluster("eu", kubeconfig=kubeconfig(api.url)) as cluster,
        pytest.raises(ClusterError, match="yesterday"),
    ):
        cluster.server_time_offset()
