"""What an etcd of the testbed is like, kept in a file beside its data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class EtcdSetup:
    """How many members there are from the start, of which family of engines, for how much data.

    At a size of `quota_bytes` etcd refuses writes with the alarm NOSPACE; 0 is its own default.
    """

    members: int = 1
    family: str = "etcd"
    quota_bytes: int = 0


@dataclass(frozen=True)
class EtcdRecord:
    """The setup, and who has joined since: by number, with the `--initial-cluster` of that time."""

    setup: EtcdSetup
    joined: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path, otherwise: EtcdSetup) -> EtcdRecord:
        """Return what the file says; before there is one, this setup."""
        if not file.exists():
            return cls(otherwise)
        read = json.loads(file.read_text())
        return cls(EtcdSetup(**read["setup"]), read["joined"])

    def write(self, file: Path) -> None:
        """Keep it for whoever opens the folder next."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self)))
