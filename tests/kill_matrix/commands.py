"""Runs commands of ours in processes that can be killed, without loading the program each time.

A process that has loaded everything forks one child for each command: it is single-threaded, as a
test run with its emulated servers is not. Orders and reports are lines of JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from . import bugs, killing, pace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .killing import Point

LOADED = (
    "slackwater.cli.app",
    "slackwater.cli.backup",
    "slackwater.cli.restore",
    "slackwater.cli.runs",
    "slackwater.cli.plan",
    "slackwater.cli.progress",
    "slackwater.client",
    "slackwater.clusters.login",
    "slackwater_velero.backend",
    "slackwater_velero.fetching",
    "slackwater_etcdctl.backend",
    "slackwater_kasten.backend",
    "slackwater_csi.backend",
    "kubernetes.client",
    "kubernetes.config",
    "httpcore",
    "pyrage",
    "tenacity",
    "zstandard",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or the signal that killed it as a negative number.

    ``counted`` are its effects by kind, where it came to its own end.
    """

    code: int
    out: str
    err: str
    counted: Mapping[str, int]

    @property
    def killed(self) -> bool:
        return self.code == -9


class Commands:
    """Runs the command line in processes of its own, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, folder: Path, *words: str, kill: Point | None = None, bug: str = "") -> Ended:
        """Run one command in a folder; ``bug`` is the name of one that is planted before."""
        order: dict[str, Any] = {"folder": str(folder), "words": words, "bug": bug}
        order["kill"] = kill.plain() if kill else None
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        to.write(json.dumps(order) + "\n")
        to.flush()
        return Ended(**json.loads(back.readline()))


@contextmanager
def commands() -> Iterator[Commands]:
    """Start the process that runs them; it ends with the block."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TZ": "UTC"}
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    ) as process:
        yield Commands(process)
        assert process.stdin is not None
        process.stdin.close()


def main() -> None:
    """Take orders until there are no more."""
    for name in LOADED:
        importlib.import_module(name)
    _warm_up()
    for line in sys.stdin:
        print(json.dumps(_obey(json.loads(line))), flush=True)


def _warm_up() -> None:
    """Ask something of an empty fleet: children then have the plugins, and the ledger's SQL."""
    from slackwater.cli.app import run

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        Path(folder, "fleet.yaml").write_text("version: 1\nclusters: {}\n")
        run(["--fleet", f"{folder}/fleet.yaml", "--ledger", f"{folder}/ledger.db", "runs", "list"])
    assert threading.active_count() == 1  # or a child would wait for what no thread of it holds
    gc.collect()
    gc.freeze()


def _obey(order: Mapping[str, Any]) -> Mapping[str, Any]:
    folder = Path(order["folder"])
    counts = folder / "effects.json"
    counts.unlink(missing_ok=True)
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        child = os.fork()
        if child == 0:
            _play(order, counts, out, err)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        counted = json.loads(counts.read_text()) if counts.exists() else {}
        code = os.waitstatus_to_exitcode(status)
        return {"code": code, "out": out.read(), "err": err.read(), "counted": counted}


def _play(order: Mapping[str, Any], counts: Path, out: IO[str], err: IO[str]) -> NoReturn:
    """In the child: run the command line, quicker than it would go by itself."""
    code = 70
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(order["folder"])
        code = _command(order["words"], order["kill"], order["bug"], counts)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(words: Sequence[str], kill: Mapping[str, Any] | None, bug: str, counts: Path) -> int:
    from slackwater.cli.app import run

    pace.hurry()
    bugs.plant(bug)
    killer = killing.Killer(killing.Point(**kill) if kill else None)
    killing.watch(killer)
    code = run(["--fleet", "fleet.yaml", "--ledger", "state/ledger.db", *words])
    counts.write_text(json.dumps(killer.counted))
    return code


if __name__ == "__main__":
    main()
