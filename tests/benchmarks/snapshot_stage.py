"""What the contenders of P6 are given: a filled etcd, a bucket, a key of age.

``stage.json`` tells the processes that the contenders are where all that is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pyrage.x25519 import Identity

from slackwater_testbed import state
from slackwater_testbed.engines import binary
from slackwater_testbed.objectstore import REGION
from slackwater_testbed.parts import Parts

from .etcd_values import fill

FILE = "stage.json"


@dataclass(frozen=True)
class Stage:
    """Paths and addresses. ``bucket`` is the folder that the server keeps the bucket in."""

    folder: str
    etcdctl: str
    etcdutl: str
    endpoint: str
    ca: str
    cert: str
    key: str
    s3: str
    s3_ca: str
    region: str
    access_key: str
    secret_key: str
    bucket: str
    identity: str
    recipient: str

    @classmethod
    def read(cls, folder: Path) -> Stage:
        """Read what ``staged`` has written."""
        return cls(**json.loads((folder / FILE).read_text()))

    def database_size(self) -> int:
        """Return the bytes of the member's database."""
        [database] = Path(self.folder).glob("etcd/*.data/member/snap/db")
        return database.stat().st_size

    @property
    def tls(self) -> list[str]:
        """How etcdctl reaches the member."""
        return [
            f"--endpoints={self.endpoint}",
            f"--cacert={self.ca}",
            f"--cert={self.cert}",
            f"--key={self.key}",
        ]


@contextmanager
def staged(size: int) -> Iterator[Stage]:
    """Start an etcd with values of so many bytes, and an S3 server; end both."""
    parts = Parts(state.claim("bench"))
    try:
        etcd = parts.etcd()
        fill(etcd, size)
        service, identity = parts.objectstore, Identity.generate()
        stage = Stage(
            folder=str(parts.folder),
            etcdctl=str(binary("etcdctl")),
            etcdutl=str(binary("etcdutl")),
            endpoint=etcd.endpoints[0],
            ca=str(etcd.authority),
            cert=str(etcd.client.certificate),
            key=str(etcd.client.key),
            s3=service.endpoint,
            s3_ca=str(service.authority),
            region=REGION,
            access_key=service.credentials["access_key"],
            secret_key=service.credentials["secret_key"],
            bucket=str(service.bucket),
            identity=str(identity),
            recipient=str(identity.to_public()),
        )
        (parts.folder / FILE).write_text(json.dumps(asdict(stage)))
        yield stage
    finally:
        parts.remove()
