"""The S3 server that all clusters share."""

from __future__ import annotations

import json
import secrets
from functools import cached_property
from pathlib import Path

from slackwater_testbed.certificates import Authority
from slackwater_testbed.engines import binary
from slackwater_testbed.machine import Machine
from slackwater_testbed.server import Server, answers

BUCKET = "slackwater"
REGION = "testbed"
HEALTH = "/health"


class ObjectStore:
    """versitygw over a folder, with TLS by an authority of its own, as behind a firewall."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._authority = Authority(machine.folder / "pki")

    @property
    def endpoint(self) -> str:
        """The address of the S3 API."""
        return f"https://{self.machine.address}:{self.machine.port('s3')}"

    @property
    def inner_endpoint(self) -> str:
        """The address of the S3 API for the clusters' own servers."""
        return f"https://{self.machine.inner_address}:{self.machine.port('s3')}"

    @property
    def authority(self) -> Path:
        """The certificate with which the server's own is verified."""
        return self._authority.certificate

    @property
    def bucket(self) -> Path:
        """The folder that the bucket is: each object is a file in it."""
        return self.machine.folder / "data" / BUCKET

    def make_bucket(self, name: str) -> Path:
        """Make a bucket beside the clusters' own, if there is none; return the folder it is."""
        folder = self.bucket.parent / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def credentials(self) -> dict[str, str]:
        """The one key of the server, made on first use: `access_key` and `secret_key`."""
        file = self.machine.folder / "credentials.json"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            made = {"access_key": "slackwater", "secret_key": secrets.token_urlsafe(24)}
            file.write_text(json.dumps(made))
        return dict(json.loads(file.read_text()))

    @cached_property
    def server(self) -> Server:
        """The server's process."""
        pair = self._authority.issue("s3", "s3", hosts=self.machine.hosts)
        argv = [
            str(binary("versitygw")),
            f"--port={self.machine.open_address}:{self.machine.port('s3')}",
            f"--cert={pair.certificate}",
            f"--key={pair.key}",
            f"--region={REGION}",
            f"--health={HEALTH}",
            "posix",
            f"--sidecar={self.machine.folder / 'metadata'}",
            str(self.bucket.parent),
        ]
        keys = {
            "ROOT_ACCESS_KEY": self.credentials["access_key"],
            "ROOT_SECRET_KEY": self.credentials["secret_key"],
        }
        url = f"{self.endpoint}{HEALTH}"
        return Server("s3", self.machine, argv, lambda: answers(url, self.authority), keys)

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self.server.running

    def start(self) -> None:
        """Start it on the same port with the same objects, if it does not run."""
        self.bucket.mkdir(parents=True, exist_ok=True)
        (self.machine.folder / "metadata").mkdir(exist_ok=True)
        self.server.start()

    def stop(self) -> None:
        """End it: connections are refused until `start`."""
        self.server.stop()

    def kill(self) -> None:
        """End it at once."""
        self.server.kill()
