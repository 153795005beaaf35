"""What every contender brings into the bucket is the same database."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import pyrage
import pytest
from pyrage.x25519 import Identity

from .snapshot_stage import Stage, staged
from .snapshots import ENGINES, TITLES, run_contender

pytestmark = pytest.mark.real(*ENGINES)


def opened(sealed: Path, stage: Stage, into: Path) -> list[str]:
    packed, identity = into / "packed", Identity.from_str(stage.identity)
    pyrage.decrypt_file(str(sealed), str(packed), [identity])
    subprocess.run(["zstd", "-q", "-d", "-f", str(packed), "-o", str(into / "db")], check=True)
    argv = [stage.etcdutl, "snapshot", "status", str(into / "db")]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return said.split(", ")[:3]  # hash, revision, keys; the file itself may have grown


@pytest.mark.skipif(which("zstd") is None, reason="the contenders by hand need the zstd command")
def test_every_contender_stores_the_same_database(tmp_path: Path) -> None:
    with staged(3_000_000) as stage:
        for name in TITLES:
            run_contender(name, stage, f"run-{name}", tmp_path)
        stored = list(Path(stage.bucket).rglob("*.age"))
        assert len(stored) == len(TITLES)
        assert len({tuple(opened(sealed, stage, tmp_path)) for sealed in stored}) == 1
