"""Everything that runs do to the world, in threads. What comes of it is told, never written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from slackwater.backend import Stopped as ActStopped
from slackwater.errors import LedgerError, RunTimedOut
from slackwater.ledger import Ledger
from slackwater.model.act import Key
from slackwater.model.operation import Explanation, Operation, OperationRef, Phase
from slackwater.model.run import Run, StepRecord
from slackwater.runs.call import Call
from slackwater.runs.judging import asked_wait, judge_error, judge_result, sentence
from slackwater.runs.limits import WORKERS, BackendKey
from slackwater.runs.observation import (
    Advanced,
    Observation,
    Seen,
    Started,
    Stopped,
    Stumbled,
    Vanished,
)
from slackwater.runs.own_acts import OWN_ACTS
from slackwater.runs.pins import Identities
from slackwater.runs.reporting import Reporter, StopReason
from slackwater.runs.timing import Timing
from slackwater.runs.transition import overdue, too_long
from slackwater.runs.world import World

CALLS = 8
"""How many short calls to tools are under way at once."""


@dataclass(frozen=True)
class Told:
    """What was learnt about a step. ``last`` when the effect that told it has ended."""

    run: str
    step: str
    seen: Observation
    last: bool = True


@dataclass(frozen=True)
class Left:
    """An act has left in the middle, for this process is leaving: nothing was learnt."""


@dataclass(frozen=True)
class Looked:
    """What was learnt about a backend's operations, all at once."""

    backend: BackendKey
    told: tuple[Told, ...]


@dataclass(frozen=True)
class Described:
    """How many acts of each sort a tool takes at once; None where it cannot say now."""

    backend: BackendKey
    limits: dict[str, int] | None


@dataclass(frozen=True)
class Broken:
    """Something must end this process's driving: the ledger, or a mistake of ours."""

    error: BaseException


News: TypeAlias = Told | Left | Looked | Described | Broken
Watched: TypeAlias = tuple[Run, StepRecord]


class Effects:
    """Threads for acts and for short calls; ``tell`` is called from them."""

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        clock: Callable[[], datetime],
        timing: Timing,
        tell: Callable[[News], None],
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._clock = clock
        self._timing = timing
        self._tell = tell
        self._identities = Identities(world, timing.identity)
        self._acts = ThreadPoolExecutor(WORKERS, thread_name_prefix="act")
        self._calls = ThreadPoolExecutor(CALLS, thread_name_prefix="call")

    def close(self) -> None:
        """Wait for what is under way; what has not begun never does."""
        self._acts.shutdown(wait=True, cancel_futures=True)
        self._calls.shutdown(wait=True, cancel_futures=True)

    def start(self, run: Run, record: StepRecord) -> None:
        """Start an operated act, or find it started, by its key."""
        self._submit(self._calls, lambda: Told(run.id, record.step.id, self._start(run, record)))

    def perform(self, run: Run, record: StepRecord) -> Reporter:
        """Perform an act here; return what makes it stop."""

        def tell(seen: Observation) -> None:
            self._tell(Told(run.id, record.step.id, seen, last=False))

        report = Reporter(
            lambda progress: tell(Advanced(progress)),
            lambda: overdue(record, self._clock(), self._timing),
            self._timing.progress,
        )
        self._submit(self._acts, lambda: self._perform(run, record, report))
        return report

    def look(self, backend: BackendKey, watched: Sequence[Watched]) -> None:
        """Look at many operations of one backend in one call."""
        self._submit(self._calls, lambda: Looked(backend, tuple(self._look(backend, watched))))

    def cancel(self, ref: OperationRef) -> None:
        """Ask the tool to stop an operation; best effort."""
        self._calls.submit(self._cancel, ref)

    def describe(self, backend: BackendKey) -> None:
        """Ask a tool how many acts it takes at once."""
        self._submit(self._calls, lambda: Described(backend, self._limits(backend)))

    def _submit(self, threads: ThreadPoolExecutor, effect: Callable[[], News]) -> None:
        threads.submit(self._run, effect)

    def _run(self, effect: Callable[[], News]) -> None:
        try:
            self._tell(effect())
        except BaseException as error:  # noqa: BLE001  a thread's death would be waited for for ever
            self._tell(Broken(error))

    def _start(self, run: Run, record: StepRecord) -> Observation:
        try:
            self._identities.check(run, record.step)
            backend = self._world.backend(record.step.cluster, record.step.tool)
            return Started(backend.start(record.step.act, _key(run, record)))
        except Exception as error:  # noqa: BLE001  whatever a plugin raises ends its step, not ours
            return judge_error(error)

    def _perform(self, run: Run, record: StepRecord, report: Reporter) -> News:
        try:
            seen = self._performed(run, record, report)
        except ActStopped:
            if report.reason is StopReason.LEFT:
                return Left()
            seen = self._stopped(record, report)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001  whatever a plugin raises ends its step, not ours
            seen = judge_error(error)
        return Told(run.id, record.step.id, seen)

    def _performed(self, run: Run, record: StepRecord, report: Reporter) -> Observation:
        step = record.step
        self._identities.check(run, step)
        if step.own is None:
            backend = self._world.backend(step.cluster, step.tool)
            return judge_result(backend.perform(step.act, _key(run, record), report))
        call = Call(run, step, self._world, self._ledger, report, self._timing, self._clock)
        return OWN_ACTS[step.own](call)

    def _stopped(self, record: StepRecord, report: Reporter) -> Observation:
        if report.reason is StopReason.OVERDUE:
            return judge_error(RunTimedOut(too_long(record, self._timing)))
        return Stopped()

    def _look(self, backend: BackendKey, watched: Sequence[Watched]) -> Sequence[Told]:
        try:
            for run, record in {run.id: (run, record) for run, record in watched}.values():
                self._identities.check(run, record.step)
            refs = [record.ref for _, record in watched if record.ref is not None]
            found = self._world.backend(*backend).get_operations(refs)
        except Exception as error:  # noqa: BLE001  it says nothing about the operations
            unseen = Stumbled(sentence(error), asked_wait(error))
            return [Told(run.id, record.step.id, unseen) for run, record in watched]
        return [Told(run.id, record.step.id, self._seen(record, found)) for run, record in watched]

    def _seen(self, record: StepRecord, found: Mapping[OperationRef, Operation]) -> Observation:
        """Where it is bad, ask the tool why, as long as it knows; where it is late, to stop it."""
        operation = found.get(record.ref) if record.ref else None
        if operation is None:
            return Vanished()
        late = not operation.phase.terminal and overdue(record, self._clock(), self._timing)
        if late:
            self._cancel(operation.ref)
        bad = late or operation.phase in (Phase.FAILED, Phase.PARTIAL)
        return Seen(operation, late, self._explain(operation.ref) if bad else None)

    def _cancel(self, ref: OperationRef) -> None:
        with suppress(Exception):  # best effort
            self._world.backend(ref.cluster, ref.tool).cancel_operation(ref)

    def _explain(self, ref: OperationRef) -> Explanation | None:
        with suppress(Exception):  # best effort
            return self._world.backend(ref.cluster, ref.tool).explain_operation(ref)
        return None

    def _limits(self, backend: BackendKey) -> dict[str, int] | None:
        with suppress(Exception):  # best effort
            return dict(self._world.backend(*backend).describe().limits)
        return None


def _key(run: Run, record: StepRecord) -> Key:
    return Key(run=run.id, step=record.step.id, generation=record.generation)
