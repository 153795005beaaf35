"""A run in the hands of the caller: drive it, follow it, stop it."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from slackwater.errors import RunFailed, WaitingForPerson
from slackwater.ledger import Ledger
from slackwater.model.finding import Finding
from slackwater.model.run import Event, Run, RunState
from slackwater.runs import Runs

_LOOK_EVERY = 0.1
"""Seconds between two looks for new events. They come from the ledger, whoever drives."""


@dataclass
class RunHandle:
    """A run by its id. ``findings`` are those of the planning, if it was planned here."""

    runs: Runs
    ledger: Ledger
    id: str
    findings: tuple[Finding, ...] = ()
    _driving: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def now(self) -> Run:
        """The run as it stands."""
        return self.ledger.run(self.id)

    def follow(self, since: int = 0, *, drive: bool = True) -> Iterator[Event]:
        """Drive the run and yield what happens, until it has ended or waits for a person.

        Leaving the loop early, or an interrupt, stops the driving, not what tools have begun; any
        other process may go on with it. ``drive`` False only watches.
        """
        if not drive:
            yield from self.runs.follow(self.id, since)
            return
        with self._driving:
            yield from self._drive_and_tell(since)

    def result(self) -> Run:
        """Drive the run to its end and return it.

        Raises ``RunFailed`` where it failed or was cancelled, ``WaitingForPerson`` where a person
        must go on. A partial run is returned: its state and findings say what is missing.
        """
        run = self.now
        if not run.state.ended:
            with self._driving:
                run = self.runs.drive(self.id)
        if run.state is RunState.WAITING:
            raise WaitingForPerson(
                f"run {self.id} waits for a person: {_waiting_for(run)}",
                hint=f"slackwater runs confirm {self.id} STEP",
            )
        if run.state in (RunState.FAILED, RunState.CANCELLED):
            raise RunFailed(
                f"run {self.id} {run.state}: {run.message or why_failed(run)}",
                hint=f"slackwater runs show {self.id}",
            )
        return run

    def cancel(self) -> Run:
        """Ask the run to stop, and see to its clean-up. Returns it as it ended."""
        self.runs.cancel(self.id)
        with self._driving:
            return self.runs.drive(self.id)

    def confirm(self, step: str, *, who: str = "") -> Run:
        """Say that a person has done what a step asks for; ``follow`` to go on."""
        return self.runs.confirm(self.id, step, who or getpass.getuser())

    def _drive_and_tell(self, since: int) -> Iterator[Event]:
        leave, failure = threading.Event(), _Failure()
        driving = threading.Thread(target=self._drive, args=(leave, failure), name=f"run {self.id}")
        driving.start()
        try:
            going = True
            while going:
                driving.join(_LOOK_EVERY)
                going = driving.is_alive()
                for event in self.ledger.events(self.id, since):
                    since = event.number
                    yield event
        finally:
            leave.set()
            driving.join()
        failure.raise_if_any()

    def _drive(self, leave: threading.Event, failure: _Failure) -> None:
        try:
            self.runs.drive(self.id, leave=leave)
        except BaseException as error:  # noqa: BLE001  carried to the thread that asked
            failure.error = error


@dataclass
class _Failure:
    """What went wrong in the thread that drives."""

    error: BaseException | None = None

    def raise_if_any(self) -> None:
        if self.error is not None:
            raise self.error


def why_failed(run: Run) -> str:
    """Return the first reason that a step of the run gives for its failure."""
    failed = (r for r in run.steps if r.state is RunState.FAILED and r.message)
    first = next(failed, None)
    return f"{first.step.act.title}: {first.message}" if first else "no step says why"


def _waiting_for(run: Run) -> str:
    waiting = [r for r in run.steps if r.state is RunState.WAITING]
    return "; ".join(f"step {r.step.id}, {r.step.act.title}" for r in waiting)
