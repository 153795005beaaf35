"""The members of one etcd cluster, asked with the user's own etcdctl, one endpoint at a time.

With several endpoints etcdctl asks one after another within one time-out, and prints less the more
of them fail; so every member gets a child of its own.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from slackwater_etcdctl import answers
from slackwater_etcdctl.arriving import part_of
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.tools import Program, Tools

_OVERHEAD = 5.0
"""Seconds that etcdctl may need beyond its own time-out before we end it."""


@dataclass(frozen=True)
class Session:
    """The way to the members, with login, as long as a block lasts (see ``open_session``)."""

    tools: Tools
    answer_within: float
    login: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    folder: Path | None = None
    """Where etcdctl is run: relative paths of sockets begin there."""

    def status(self, endpoint: str) -> answers.Status:
        """Ask a member how it is. Needs no quorum."""
        said = self._ask(endpoint, "endpoint", "status")
        return answers.read_status(said, self.tools.cluster)

    def members(self, endpoint: str, *, without_quorum: bool = False) -> answers.MemberList:
        """Ask a member who belongs to the cluster; ``without_quorum`` takes etcdctl 3.6."""
        how = ("--consistency=s",) if without_quorum else ()
        said = self._ask(endpoint, "member", "list", *how)
        return answers.read_members(said, self.tools.cluster)

    def hash_at(self, endpoint: str, revision: int) -> answers.HashKV:
        """Have a member hash all its keys at a revision: seconds for a large store."""
        said = self._ask(endpoint, "endpoint", "hashkv", f"--rev={revision}", within=120.0)
        return answers.read_hash(said, self.tools.cluster)

    def value(self, endpoint: str, key: str, *, without_quorum: bool = False) -> bytes | None:
        """Read a key, or None where there is none. With quorum the answer is the newest."""
        how = "--consistency=s" if without_quorum else "--consistency=l"
        found = answers.read_values(self._ask(endpoint, "get", key, how), self.tools.cluster)
        return found.kvs[0].value if found.kvs else None

    def keys(self, endpoint: str, prefix: str, most: int) -> answers.KeyValues:
        """Read the first few keys below a prefix; ``count`` is how many there are in all."""
        said = self._ask(endpoint, "get", prefix, "--prefix", f"--limit={most}")
        return answers.read_values(said, self.tools.cluster)

    def versions(self, endpoint: str, prefix: str) -> dict[str, int]:
        """Read which keys there are below a prefix, without it, and when each was last changed."""
        said = self._ask(endpoint, "get", prefix, "--prefix", "--keys-only", within=60.0)
        found = answers.read_values(said, self.tools.cluster).kvs
        return {kv.key.decode()[len(prefix) :]: kv.mod_revision for kv in found}

    def save(
        self, endpoint: str, file: Path, *, within: float, stopping: Callable[[], bool]
    ) -> None:
        """Have a member's snapshot written to a file, in ``within`` seconds.

        Without ``--command-timeout`` a save from a silent endpoint hangs for ever, and a save that
        was ended leaves ``<file>.part`` (both measured); that is removed here.
        """
        limit = f"--command-timeout={math.ceil(within)}s"
        arguments = ["snapshot", "save", str(file), limit, *self._common(endpoint)]
        try:
            self._run(arguments, within + _OVERHEAD, stopping, on_leash=True)
        finally:
            part_of(file).unlink(missing_ok=True)

    def _ask(self, endpoint: str, *arguments: str, within: float = 0.0) -> str:
        limit = max(within, self.answer_within)
        options = ["-w=json", f"--command-timeout={limit:g}s", *self._common(endpoint)]
        return self._run([*arguments, *options], limit + _OVERHEAD)

    def _common(self, endpoint: str) -> Sequence[str]:
        return (f"--endpoints={endpoint}", f"--dial-timeout={self.answer_within:g}s", *self.login)

    def _run(
        self,
        arguments: Sequence[str],
        timeout: float,
        stopping: Callable[[], bool] | None = None,
        *,
        on_leash: bool = False,
    ) -> str:
        return self.tools.run(
            Program.ETCDCTL,
            arguments,
            timeout=timeout,
            environment=self.environment,
            secrets=self.secrets,
            stopping=stopping,
            folder=self.folder,
            on_leash=on_leash,
        ).stdout


@contextmanager
def open_session(
    settings: EtcdctlSettings, tools: Tools, secret: Callable[[str], str], spool: Path
) -> Iterator[Session]:
    """Give the way to the members; its certificates lie in private files until the block is left.

    The password travels in the child's environment, the one place that etcdctl reads and other
    users cannot. Raises ``SecretError``.
    """
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=spool, prefix="login-") as folder:
        yield Session(
            tools,
            settings.answer_within,
            tuple(_certificates(settings, secret, Path(folder))),
            *_credentials(settings, secret),
        )


def _certificates(
    settings: EtcdctlSettings, secret: Callable[[str], str], folder: Path
) -> Iterator[str]:
    if settings.tls is None:
        return
    tls = settings.tls
    for flag, reference in (("cacert", tls.ca), ("cert", tls.cert), ("key", tls.key)):
        if reference is not None:
            file = folder / f"{flag}.pem"
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(secret(reference))
            yield f"--{flag}={file}"


def _credentials(
    settings: EtcdctlSettings, secret: Callable[[str], str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    if settings.user is None or settings.password is None:
        return {}, ()
    user, password = secret(settings.user).strip(), secret(settings.password).strip("\r\n")
    return {"ETCDCTL_USER": f"{user}:{password}"}, (password,)
