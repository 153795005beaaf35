"""The command line as a person has it: run, shown, and killed where the story wants that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slackwater.errors import SlackwaterError
from slackwater.ledger import Ledger
from slackwater.model.run import RunState

_SECONDS_TO_KILL = 120


class StoryFailed(Exception):
    """The story did not go as told: the demo ends with an error and says where."""


@dataclass(frozen=True)
class Terminal:
    """A terminal in a folder. ``quiet`` shows the commands and not what they print."""

    folder: Path
    quiet: bool = False

    @property
    def ledger(self) -> Path:
        """Where the ledger lies."""
        return self.folder / "state" / "ledger.db"

    def head(self, text: str) -> None:
        """Print the heading of an act."""
        self.say("", f"── {text} " + "─" * max(4, 96 - len(text)))

    def say(self, *lines: str) -> None:
        """Print lines of the teller."""
        for line in lines:
            print(line, flush=True)

    def run(self, *arguments: str, expect: int = 0) -> None:
        """Run a command to its end. Raises ``StoryFailed`` unless it exits as expected."""
        code = self._begin(arguments).wait()
        if code != expect:
            raise StoryFailed(f"exit {code}, expected {expect}: {arguments[0]}")
        if expect:
            self.say(f"(exit {expect}, as it should be)")

    def run_and_kill(self, *arguments: str) -> str:
        """Start a restore and kill it with SIGKILL in the middle: something written, more begun.

        Returns the run's id.
        """
        process = self._begin(arguments)
        try:
            run = self._wait_for_writing(process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.say("", f"⚡ process {process.pid} killed with SIGKILL in the middle of {run}")
        return run

    def _begin(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        shown = " ".join(word if " " not in word else f'"{word}"' for word in arguments)
        self.say("", f"$ slackwater {shown.replace(str(self.folder) + '/', '')}")
        sys.stdout.flush()
        command = [sys.executable, "-m", "slackwater", *arguments]
        own = {"SLACKWATER_LEDGER": str(self.ledger), "COLUMNS": os.environ.get("COLUMNS", "150")}
        out = subprocess.DEVNULL if self.quiet else None
        return subprocess.Popen(
            command, cwd=self.folder, env={**os.environ, **own}, stdout=out, stderr=out
        )

    def _wait_for_writing(self, process: subprocess.Popen[bytes]) -> str:
        deadline = time.monotonic() + _SECONDS_TO_KILL
        while process.poll() is None and time.monotonic() < deadline:
            run = self._writing_run()
            if run:
                return run
            time.sleep(0.05)
        raise StoryFailed("the restore ended before it could be killed")

    def _writing_run(self) -> str:
        try:
            with Ledger.open(self.ledger, clock=lambda: datetime.now(UTC), read_only=True) as own:
                for run in own.runs(unfinished=True):
                    states = {r.state for r in run.steps if r.step.writes and r.ref}
                    if {RunState.SUCCEEDED, RunState.RUNNING} <= states:
                        return run.id
        except SlackwaterError:
            pass  # the other process is just making it
        return ""
