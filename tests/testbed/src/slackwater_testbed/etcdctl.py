"""etcdctl, as the tests' own way to look at and change an etcd."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slackwater_testbed.certificates import KeyPair
from slackwater_testbed.errors import EtcdctlFailed


@dataclass(frozen=True)
class Etcdctl:
    """etcdctl against some members. `user` is `name:password`, empty where nobody is asked."""

    program: Path
    endpoints: Sequence[str]
    authority: Path
    pair: KeyPair
    user: str = field(default="", repr=False)

    def run(self, *arguments: str, stdin: str = "", seconds: float = 30) -> str:
        """Run it and return its output. Raise EtcdctlFailed with its error."""
        environment = {"PATH": os.defpath}
        if self.user:
            environment["ETCDCTL_USER"] = self.user
        done = subprocess.run(
            [
                str(self.program),
                f"--endpoints={','.join(self.endpoints)}",
                f"--cacert={self.authority}",
                f"--cert={self.pair.certificate}",
                f"--key={self.pair.key}",
                *arguments,
            ],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",  # what Kubernetes keeps there is binary
            check=False,
            timeout=seconds,
            env=environment,
        )
        if done.returncode != 0:
            raise EtcdctlFailed(arguments, done.returncode, done.stdout + done.stderr)
        return done.stdout
