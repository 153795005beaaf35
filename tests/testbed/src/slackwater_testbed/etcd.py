"""An etcd of one or several members, with TLS and client certificates for clients and peers.

It stands alone or under the API server of a control plane. Everything it knows is in files, so
another object in another process is as good.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slackwater_testbed.certificates import Authority, KeyPair
from slackwater_testbed.engines import binary
from slackwater_testbed.etcd_setup import EtcdRecord, EtcdSetup
from slackwater_testbed.etcdctl import Etcdctl
from slackwater_testbed.machine import Machine
from slackwater_testbed.server import Server, answers

ROOT = "root"
API_SERVER = "kube-apiserver"
# A full member still answers; the alarm is for the tests to see.
_HEALTH = "/health?exclude=NOSPACE"


@dataclass(frozen=True)
class EtcdMember:
    """One member: its name within etcd, its addresses, its data directory and its process."""

    name: str
    client_url: str
    peer_url: str
    data_dir: Path
    server: Server = field(compare=False)

    def listening(self) -> bool:
        """Tell whether its client port is open; without quorum it answers nothing there yet."""
        host, _, port = self.client_url.removeprefix("https://").partition(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0


class EtcdCluster:
    """The members together. Their names are NAME-1, NAME-2…, their servers' etcd-1, etcd-2…"""

    def __init__(self, name: str, machine: Machine, setup: EtcdSetup | None = None) -> None:
        self.name = name
        self.machine = machine
        self._wanted = setup or EtcdSetup()
        self._authority = Authority(machine.folder / "pki")

    @property
    def setup(self) -> EtcdSetup:
        """How it was made; what was asked for, as long as it has not been started."""
        return self._record.setup

    @property
    def members(self) -> tuple[EtcdMember, ...]:
        """All members in the order of their numbers, running or not, learners last."""
        record = self._record
        return tuple(map(self._member, range(1, record.setup.members + len(record.joined) + 1)))

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The client addresses of all members."""
        return tuple(member.client_url for member in self.members)

    @property
    def authority(self) -> Path:
        """The certificate with which every member's own is verified."""
        return self._authority.certificate

    @property
    def client(self) -> KeyPair:
        """The certificate with which the members let an operator in; it names no user of etcd."""
        # With auth on, etcd's HTTP gateway refuses every certificate that has a common name.
        return self._authority.issue("etcd-client", "", ["operators"])

    @property
    def api_server_client(self) -> KeyPair:
        """The certificate of the API server; with `enable_auth` it is a user with all rights."""
        return self._authority.issue("etcd-apiserver-client", API_SERVER)

    @property
    def password_file(self) -> Path:
        """The file that holds the password of the user root. It exists once auth was enabled."""
        return self.machine.folder / "etcd-root-password"

    @property
    def servers(self) -> list[Server]:
        """The processes of all members."""
        return [member.server for member in self.members]

    @property
    def running(self) -> bool:
        """Whether every member's process runs."""
        return all(server.running for server in self.servers)

    def start(self) -> None:
        """Start what does not run, let go on what is paused; wait until every member answers."""
        self._record.write(self._file)
        servers = self.servers
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_until(server.ready)

    def stop(self) -> None:
        """Ask every member to end, and wait."""
        with ThreadPoolExecutor(len(self.servers)) as pool:
            list(pool.map(Server.stop, self.servers))

    def kill(self) -> None:
        """End every member at once (SIGKILL)."""
        for server in self.servers:
            server.kill()

    def etcdctl(self, *arguments: str, stdin: str = "", seconds: float = 30) -> str:
        """Run etcdctl of the same family against all members. Raise EtcdctlFailed."""
        return self._etcdctl(self.endpoints).run(*arguments, stdin=stdin, seconds=seconds)

    def etcdctl_at(self, member: EtcdMember, *arguments: str, seconds: float = 30) -> str:
        """Run etcdctl against one member alone. Raise EtcdctlFailed."""
        return self._etcdctl([member.client_url]).run(*arguments, seconds=seconds)

    def status(self, member: EtcdMember) -> dict[str, Any]:
        """Return what a member says of itself: header, leader, raftIndex, dbSize, errors…"""
        [answer] = json.loads(self.etcdctl_at(member, "endpoint", "status", "-w", "json"))
        return dict(answer["Status"])

    @property
    def leader(self) -> EtcdMember:
        """The member that leads. Raise LookupError where those that run agree on none."""
        for member in self.members:
            if member.server.running:
                status = self.status(member)
                if status.get("leader") == status["header"]["member_id"]:
                    return member
        raise LookupError(f"{self.name} has no leader")

    @property
    def followers(self) -> tuple[EtcdMember, ...]:
        """All members but the leader."""
        leader = self.leader
        return tuple(member for member in self.members if member != leader)

    def add_learner(self) -> EtcdMember:
        """Add a member that follows without a vote, and start it; return it."""
        record = self._record
        number = len(self.members) + 1
        new = self._member(number)
        self.etcdctl("member", "add", new.name, f"--peer-urls={new.peer_url}", "--learner")
        everybody = _initial_cluster([*self.members, new])
        joined = {**record.joined, str(number): everybody}
        replace(record, joined=joined).write(self._file)
        learner = self._member(number)
        learner.server.start()
        return learner

    def enable_auth(self) -> None:
        """Have etcd ask for a user: root with a password, or the API server by its certificate.

        The password is in `password_file`; `etcdctl` of this object uses it from now on.
        """
        password = secrets.token_urlsafe(16)
        self.etcdctl("user", "add", ROOT, "--interactive=false", stdin=password)
        self.etcdctl("user", "add", API_SERVER, "--no-password")
        for user in (ROOT, API_SERVER):
            self.etcdctl("user", "grant-role", user, ROOT)
        self.etcdctl("auth", "enable")
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(password)

    def _etcdctl(self, endpoints: Sequence[str]) -> Etcdctl:
        file = self.password_file
        user = f"{ROOT}:{file.read_text()}" if file.exists() else ""
        program = binary("etcdctl", self.setup.family)
        return Etcdctl(program, endpoints, self.authority, self.client, user)

    @property
    def _file(self) -> Path:
        return self.machine.folder / "etcd.json"

    @property
    def _record(self) -> EtcdRecord:
        return EtcdRecord.read(self._file, self._wanted)

    def _member(self, number: int) -> EtcdMember:
        url, pair = self._url(f"etcd-{number}"), self.client
        data = self.machine.folder / f"etcd-{number}.data"
        argv = [str(binary("etcd", self.setup.family)), *self._flags(number, data)]
        ready = f"{url}{_HEALTH}"
        server = Server(
            f"etcd-{number}", self.machine, argv, lambda: answers(ready, self.authority, pair)
        )
        return EtcdMember(self._name(number), url, self._peer_url(number), data, server)

    def _flags(self, number: int, data: Path) -> list[str]:
        pair = self._authority.issue("etcd", "etcd")
        url, peers = self._url(f"etcd-{number}"), self._peer_url(number)
        values = {
            "name": self._name(number),
            "data-dir": data,
            "listen-client-urls": url,
            "advertise-client-urls": url,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster-token": self.name,
            **self._first_start(number),
            "cert-file": pair.certificate,
            "key-file": pair.key,
            "client-cert-auth": "true",
            "trusted-ca-file": self.authority,
            "peer-cert-file": pair.certificate,
            "peer-key-file": pair.key,
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": self.authority,
            "quota-backend-bytes": self.setup.quota_bytes,
            # Otherwise nobody can join in the first five seconds.
            "strict-reconfig-check": "false",
            # A machine that loses power loses the test with it.
            "unsafe-no-fsync": "true",
        }
        return [f"--{name}={value}" for name, value in values.items()]

    def _first_start(self, number: int) -> dict[str, str]:
        """Return what only counts while there is no data directory."""
        record = self._record
        if joined := record.joined.get(str(number)):
            return {"initial-cluster": joined, "initial-cluster-state": "existing"}
        founders = range(1, record.setup.members + 1)
        everybody = ",".join(f"{self._name(each)}={self._peer_url(each)}" for each in founders)
        return {"initial-cluster": everybody}

    def _name(self, number: int) -> str:
        return f"{self.name}-{number}"

    def _url(self, port: str) -> str:
        return f"https://{self.machine.address}:{self.machine.port(port)}"

    def _peer_url(self, number: int) -> str:
        return self._url(f"etcd-{number}-peers")


def _initial_cluster(members: Sequence[EtcdMember]) -> str:
    return ",".join(f"{member.name}={member.peer_url}" for member in members)
