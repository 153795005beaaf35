"""The command line as a person or a script meets it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from slackwater.cli.app import run

from ..client.stage import Stage


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def all(self) -> str:
        return self.out + self.err


class Terminal:
    """Runs commands in this process, for it is quicker; none of the streams is a terminal."""

    def __init__(self, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
        self.stage = stage
        self._capsys = capsys

    def __call__(self, line: str, *more: object) -> Said:
        """Type a command; ``more`` are arguments that need no quoting."""
        words = [*shlex.split(line), *map(str, more)]
        self._capsys.readouterr()
        code = run([*self.before, *words])
        captured = self._capsys.readouterr()
        return Said(code, captured.out, captured.err)

    @property
    def before(self) -> list[str]:
        return ["--fleet", str(self.stage.path), "--ledger", str(self.stage.ledger)]

    def command(self, *words: str) -> list[str]:
        """Return the command line of a process of its own."""
        return [sys.executable, "-m", "slackwater", *self.before, *words]

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command in a process of its own that hears Ctrl-C, whoever runs the tests.

        A shell lets what it starts in the background ignore interrupts, and children inherit that.
        """
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(
            self.command(*words),
            env=self.environment,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no lock is taken
            **streams,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.stage.plugins)}

    def plan(self, line: str) -> tuple[str, str]:
        """Save a plan; return its file and its digest."""
        file = self.stage.folder / "plan.yaml"
        said = self(f"plan --at now {line} -o name --save", file)
        assert said.code == 0, said.all
        return str(file), said.out.split()[0]
