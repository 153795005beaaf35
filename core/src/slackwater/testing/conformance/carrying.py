"""Promises of tools that share no catalogue: points come into another cluster by export and import.

Such a tool declares ``Capability.BY_IMPORT``. What is imported is a copy with a name of its own;
the promises are about what it may be taken for, and what is left behind by bringing it.
"""

from __future__ import annotations

from contextlib import closing

from slackwater.model.act import ActKind
from slackwater.model.capability import Capability
from slackwater.model.operation import Operation
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.testing.conformance.driving import (
    back_up,
    do,
    drive,
    listed,
    need,
    not_shown,
    restore_elsewhere,
    runnable,
)
from slackwater.testing.conformance.subject import Subject

_RUN = "r-carried"


class CarryingPromises:
    """An import brings what was planned, once, and leaves no way in."""

    def test_what_was_not_brought_is_not_shown(self, subject: Subject) -> None:
        """Before an import no other cluster shows the point, and a plan has the way to it."""
        point = _exported(subject)

        with closing(subject.backend(subject.neighbour)) as there:
            assert not _copies(subject, point)
            assert there.describe().available
        assert runnable(restore_elsewhere(subject, point, subject.neighbour)).acts

    def test_what_was_brought_is_no_point_of_its_new_cluster(self, subject: Subject) -> None:
        """An import brings one copy; where it comes from is told truly, or not at all."""
        point = _exported(subject)
        plan = runnable(restore_elsewhere(subject, point, subject.neighbour))

        drive(subject, subject.backend(subject.neighbour), plan.acts, _RUN)

        (copy,) = _copies(subject, point)
        assert copy.origin in ("", subject.home)
        assert copy.id == point.id or copy.id.store != point.id.store

    def test_bringing_a_point_can_be_gone_on_with(self, subject: Subject) -> None:
        """Each act of the way can be done again by a process that knows nothing of the first."""
        point = _exported(subject)
        plan = runnable(restore_elsewhere(subject, point, subject.neighbour))
        for act in plan.acts:
            first = do(subject, subject.backend(subject.neighbour), act, _RUN)
            again = do(subject, subject.backend(subject.neighbour), act, _RUN)
            if isinstance(first, Operation) and isinstance(again, Operation):
                assert again.ref == first.ref
            elif act.kind is ActKind.PERFORMED and not act.always:
                assert again == first

        assert len(_copies(subject, point)) == 1
        assert subject.holds(
            subject.workload.model_copy(update={"cluster": subject.neighbour}), subject.workload
        )


def _exported(subject: Subject) -> RecoveryPoint:
    backend = subject.backend()
    need(subject, backend, Capability.BY_IMPORT)
    if not subject.neighbour:
        not_shown(subject, "a cluster that an export can be brought into")
    return back_up(subject, backend)


def _copies(subject: Subject, point: RecoveryPoint) -> list[RecoveryPoint]:
    """What the neighbour shows of that moment."""
    with closing(subject.backend(subject.neighbour)) as backend:
        return [each for each in listed(backend) if each.begin == point.begin]
