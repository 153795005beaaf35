"""What a scenario is: a place that is prepared, a command that is killed, and what must be true."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from slackwater.ledger import Ledger, Mark
from slackwater.model.run import Run, RunState

from .commands import Commands, Ended
from .verdict import Verdict


class Broken(Exception):
    """A round could not even be prepared, or its process did what no process of ours does."""


class Scenario(ABC):
    """Played in a folder of its own; closed at the end."""

    name: str

    def __init__(self, folder: Path, commands: Commands) -> None:
        self.folder = folder
        self._commands = commands

    @abstractmethod
    def prepare(self) -> Sequence[str]:
        """Make the world, and what comes before; return the command that is to be killed."""

    @abstractmethod
    def judge(self, run: Run, verdict: Verdict) -> None:
        """Hold the world against what was asked for, and against what the run says."""

    @abstractmethod
    def close(self) -> None:
        """End everything that was started. Twice is fine."""

    def untouched(self) -> bool:
        """Whether nothing was done yet: so it must be as long as nothing was recorded."""
        return True

    # What all of them need

    def do(self, *words: str, **more: Any) -> Ended:
        """Run a command of ours in the folder."""
        return self._commands.run(self.folder, *words, **more)

    def must(self, *words: str) -> Ended:
        """Run a command that comes before, and cannot fail. Raises ``Broken``."""
        ended = self.do(*words)
        if ended.code:
            raise Broken(f"{self.name}: {' '.join(words)}: {ended.code}\n{ended.out}{ended.err}")
        return ended

    def plan(self, *words: str) -> Sequence[str]:
        """Make a plan to this moment; return the command that executes it."""
        file = "plan.yaml"
        self.must("plan", "--at", "now", *words, "--save", file)
        digest = yaml.safe_load((self.folder / file).read_text())["digest"]
        return ("restore", file, "--confirm", digest)

    def write_fleet(self, **content: object) -> None:
        """Write the fleet file."""
        (self.folder / "fleet.yaml").write_text(yaml.safe_dump({"version": 1, **content}))

    def forget(self) -> None:
        """Throw the ledger of the preparation away: what is counted is the run alone."""
        for path in (self.folder / "state").glob("ledger.db*"):
            path.unlink()

    def runs(self) -> Sequence[Run]:
        """Return what is in the ledger; nothing where there is none yet."""
        if not self._ledger.exists():
            return ()
        with Ledger.open(self._ledger, clock=_now) as ledger:
            return ledger.runs()

    def marks(self) -> Sequence[Mark]:
        """Return the marks in the ledger."""
        with Ledger.open(self._ledger, clock=_now) as ledger:
            return ledger.marks()

    @property
    def _ledger(self) -> Path:
        return self.folder / "state" / "ledger.db"


class Emulated(Scenario):
    """Over what runs in this process and in a folder."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.stack = ExitStack()

    def close(self) -> None:
        """Stop serving."""
        self.stack.close()


def green(run: Run) -> bool:
    """Whether the run says that all is well."""
    return run.state is RunState.SUCCEEDED


def _now() -> datetime:
    return datetime.now(UTC)
