"""Fills an etcd with what Kubernetes would keep there.

Objects of some kilobytes, alike in most of their text; a third of the writes change an object that
is there. A Secret's worth of each is random, so that it compresses about five times, as real
clusters' data do three to eight times.
"""

from __future__ import annotations

import base64
import json
import random
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import httpx

from slackwater_testbed.etcd import EtcdCluster

_AT_ONCE = 32
"""Writes in one transaction; etcd takes up to 128, and 1.5 MiB."""
_IN_HAND = 16
"""Transactions that are made before they are sent: all at once would fill the memory."""
_USUAL = 4870
_RANDOM = 700


def fill(etcd: EtcdCluster, size: int) -> None:
    """Write values of so many bytes in all, over etcd's own gateway."""
    trust = ssl.create_default_context(cafile=str(etcd.authority))
    trust.load_cert_chain(etcd.client.certificate, etcd.client.key)
    [endpoint] = etcd.endpoints
    with (
        httpx.Client(base_url=endpoint, verify=trust, timeout=60) as client,
        ThreadPoolExecutor(4) as pool,
    ):

        def write(body: bytes) -> None:
            client.post("/v3/kv/txn", content=body).raise_for_status()

        transactions = _transactions(size // _USUAL)
        while some := list(islice(transactions, _IN_HAND)):
            list(pool.map(write, some))


def _transactions(count: int) -> Iterator[bytes]:
    draw = random.Random(6)  # noqa: S311  the same each time, and no secret
    objects = max(1, count * 2 // 3)
    numbers = (number % objects for number in range(count))
    while some := list(islice(numbers, _AT_ONCE)):
        puts = [{"requestPut": _put(number, draw)} for number in some]
        yield json.dumps({"success": puts}).encode()


def _put(number: int, draw: random.Random) -> dict[str, str]:
    key = f"/registry/configmaps/ns-{number % 200:03}/settings-{number:06}"
    return {"key": _base64(key.encode()), "value": _base64(_value(number, draw))}


def _value(number: int, draw: random.Random) -> bytes:
    uid = f"{draw.getrandbits(128):032x}"
    labels = {"app": f"app-{number % 97}", "tier": ("gold", "silver")[number % 2]}
    fields = {f"f:{name}": {} for name in ("data", "metadata", "annotations", "labels", "spec")}
    made = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"settings-{number:06}",
            "uid": uid,
            "resourceVersion": str(draw.randrange(10**9)),
            "labels": labels,
            "managedFields": [{"manager": f"m-{n}", "fieldsV1": fields} for n in range(8)],
        },
        "data": {"secret": _base64(draw.randbytes(_RANDOM))},
    }
    made["data"]["text"] = "\n".join(
        f"setting-{n}-of-app = value {(number * 31 + n) % 1009} of {draw.randrange(50)}"
        for n in range(75)
    )
    return json.dumps(made).encode()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
