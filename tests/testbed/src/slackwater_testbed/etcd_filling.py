"""Data for an etcd, by the thousand."""

from __future__ import annotations

import base64
import random
import ssl

import httpx

from slackwater_testbed.errors import TestbedError
from slackwater_testbed.etcd import ROOT, EtcdCluster

# etcd takes 128 operations and 1.5 MiB in one transaction.
_OPERATIONS, _BYTES = 128, 1_000_000
_NO_SPACE = "database space exceeded"


def fill(etcd: EtcdCluster, count: int, *, size: int = 1000, prefix: str = "filler/") -> None:
    """Put `count` keys with values of `size` random bytes, the same ones each time.

    Raise TestbedError with etcd's own words when it refuses them.
    """
    each = max(1, min(_OPERATIONS, _BYTES // size))
    with _client(etcd) as client:
        _log_in(etcd, client)
        for first in range(0, count, each):
            _put(client, [_pair(prefix, n, size) for n in range(first, min(first + each, count))])


def exhaust(etcd: EtcdCluster) -> None:
    """Write until etcd is as large as its quota and has raised the alarm NOSPACE."""
    quota = etcd.setup.quota_bytes
    if not quota:
        raise TestbedError("give this etcd a small quota_bytes first: its own default is 2 GB")
    try:
        fill(etcd, 2 * quota // 50_000 + 2, size=50_000)
    except TestbedError as refused:
        if _NO_SPACE not in str(refused):
            raise
    if "NOSPACE" not in etcd.etcdctl("alarm", "list"):
        raise TestbedError("etcd has not raised the alarm")


def _pair(prefix: str, number: int, size: int) -> dict[str, str]:
    value = random.Random(number).randbytes(size)  # noqa: S311  data, not a secret
    key = f"{prefix}{number:08}".encode()
    return {"key": base64.b64encode(key).decode(), "value": base64.b64encode(value).decode()}


def _put(client: httpx.Client, pairs: list[dict[str, str]]) -> None:
    puts = [{"requestPut": pair} for pair in pairs]
    answer = client.post("/v3/kv/txn", json={"success": puts})
    if not answer.is_success:
        raise TestbedError(answer.text)


def _client(etcd: EtcdCluster) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(etcd.authority))
    context.load_cert_chain(etcd.client.certificate, etcd.client.key)
    endpoint = next(member.client_url for member in etcd.members if member.server.ready())
    return httpx.Client(base_url=endpoint, verify=context, timeout=30, trust_env=False)


def _log_in(etcd: EtcdCluster, client: httpx.Client) -> None:
    if etcd.password_file.exists():
        login = {"name": ROOT, "password": etcd.password_file.read_text()}
        answer = client.post("/v3/auth/authenticate", json=login).raise_for_status()
        client.headers["Authorization"] = answer.json()["token"]
