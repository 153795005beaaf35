"""Durable runs: asked for by any process, executed by one, followed by all.

On one ledger file, whoever holds the lock executes every unfinished run in it; the others have
their runs executed, follow them, and take the lock when the holder leaves. A holder leaves when
its own run has ended or waits for a person, or when it is interrupted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from filelock import FileLock, Timeout

from slackwater.errors import LedgerError, RunError
from slackwater.ledger import Ledger
from slackwater.model.run import Event, Run, RunRequest, RunState
from slackwater.runs.events import EventKind
from slackwater.runs.holder import Holder
from slackwater.runs.journal import Journal
from slackwater.runs.timing import Timing
from slackwater.runs.world import World

_log = logging.getLogger("slackwater.runs")


@dataclass(frozen=True)
class Submitted:
    """The run that was asked for. ``new`` is False where it was in the ledger before."""

    run: Run
    new: bool


class Runs:
    """Runs over one ledger.

    ``on_event`` observes what this process writes; whatever it raises is logged and touches no
    run. ``clock`` returns the time, aware.
    """

    def __init__(
        self,
        ledger: Ledger,
        world: World,
        clock: Callable[[], datetime],
        *,
        on_event: Callable[[Event], None] | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._ledger = ledger
        self._world = world
        self._clock = clock
        self._on_event = on_event
        self._timing = timing or Timing()
        self._journal = Journal(ledger, clock, self._observe)

    def submit(self, request: RunRequest) -> Submitted:
        """Insert a run; drive it to execute it. The same id again returns what is there.

        Raises ``TargetBusy`` where an unfinished run writes into one of its places, ``RunError``
        where its steps are no graph.
        """
        new = self._journal.submit(request)
        return Submitted(self._ledger.run(request.id), new)

    def drive(self, run_id: str, *, leave: threading.Event | None = None) -> Run:
        """Execute, or follow whoever does, until the run has ended or waits for a person.

        Returns the run as it stands; its state tells. Setting ``leave`` from another thread, or a
        ``KeyboardInterrupt`` in this one, stops the driving and nothing that a tool has begun:
        performed acts are asked to stop and waited for, and repeated by whoever drives next.
        Raises ``RunNotFound``; ``LedgerError`` where something can no longer be recorded.
        """
        leaving = leave or threading.Event()
        while not leaving.is_set():
            with self._lock() as held:
                run = self._ledger.run(run_id)
                if held and not run.state.ended:
                    holder = Holder(self._journal, self._world, self._clock, self._timing, leaving)
                    holder.drive(run_id)
                    return self._ledger.run(run_id)
            if self._stands_still(run):
                return run
            leaving.wait(self._timing.follow)
        return self._ledger.run(run_id)

    def resume(self, run_id: str, *, leave: threading.Event | None = None) -> Run:
        """Drive a run that nobody drives any more. Raises ``RunError`` where it has ended."""
        run = self._ledger.run(run_id)
        if run.state.ended:
            raise RunError(
                f"run {run_id} has ended: {run.state}; there is nothing to resume",
                hint=f"see what came of it (slackwater runs show {run_id}), then ask anew",
            )
        return self.drive(run_id, leave=leave)

    def cancel(self, run_id: str) -> Run:
        """Ask a run to stop: nothing more is started, clean-up still is. Drive it to see to it."""
        self._ledger.run(run_id)
        self._journal.ask_cancel(run_id)
        return self._ledger.run(run_id)

    def confirm(self, run_id: str, step_id: str, who: str) -> Run:
        """Say that a person did what a step asks for. Drive the run to go on."""
        self._journal.confirm(run_id, step_id, who)
        return self._ledger.run(run_id)

    def follow(self, run_id: str, since: int = 0) -> Iterator[Event]:
        """Yield the run's events after number ``since``, until it has ended or waits for a person.

        Works from any process, on a read-only ledger too. Whether anybody executes the run is
        another question: ``driven``.
        """
        while True:
            run = self._ledger.run(run_id)
            for event in self._ledger.events(run_id, since):
                since = event.number
                yield event
            if self._stands_still(run):
                return
            time.sleep(self._timing.follow)

    def driven(self) -> bool:
        """Whether some process executes the runs of this ledger now."""
        with self._lock() as held:
            return not held

    def _stands_still(self, run: Run) -> bool:
        """Whether it has ended, or waits for a person who has not said anything yet."""
        if run.state is not RunState.WAITING:
            return run.state.ended
        waiting = {r.step.id: r.step for r in run.steps if r.state is RunState.WAITING}
        said = {e.step for e in self._ledger.events(run.id) if e.kind == EventKind.CONFIRMED}
        stopping = run.cancelling and not all(step.act.always for step in waiting.values())
        return not (stopping or waiting.keys() & said)

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """Try to be the one that executes."""
        lock = FileLock(f"{self._ledger.path}.lock", mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        except OSError as error:
            raise LedgerError(
                f"runs of the ledger {self._ledger.path} cannot be executed from here:"
                f" {lock.lock_file}: {error.strerror}",
                hint="make its folder writable, or name another file for the ledger",
            ) from error
        try:
            yield True
        finally:
            lock.release()

    def _observe(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  an observer's mistakes are its own
            _log.exception("an observer of runs failed; the run goes on")
