"""Steps: acts at their place in a backup or a restore."""

from __future__ import annotations

from enum import StrEnum

from slackwater.model.act import Act
from slackwater.model.frozen import Frozen
from slackwater.model.workload import Workload


class OwnAct(StrEnum):
    """Acts that core performs itself, for they are the same whatever the tool."""

    CHECK_TARGET = "check-target"
    """The cluster is the pinned one, answers, and the tools in it find nothing wrong."""
    READ_BACK = "read-back"
    """The recovery point that a backup made is read, and judged by what it really holds."""
    STAMP_MARK = "stamp-mark"
    """The measured spread is written on the points of a mark; a missing part is recorded."""
    REFUSE = "refuse"
    """A part that nobody can do. It fails with its reason, so that the run is known incomplete."""
    DELETE_NAMESPACE = "delete-namespace"
    """A namespace of the target is removed, as ``--replace`` planned it, and waited for."""
    LIST_AGAIN = "list-again"
    """After a control plane was turned back: its API server answers, is the pinned one, and the
    tools that later steps use find nothing wrong."""
    LOOK_AGAIN = "look-again"
    """Before a step in such a cluster: its recovery point and its place are looked at again."""


class Step(Frozen):
    """One act of a run: where, by whom, after what.

    ``tool`` and ``cluster`` name the backend; ``own`` is set for the acts of core itself.
    ``needs`` are ids of steps that must have ended well before. ``of`` names the step whose result
    an own act works on (the backup that ``read-back`` reads). ``writes`` are the places in a target
    that it changes (``dr-eu/shop``, or ``dr-eu`` for the whole cluster): two runs never hold the
    same place at once.
    ``conflicts`` are objects found in the target. ``expected`` is in seconds, from the ledger;
    None where there is no history yet.
    """

    id: str
    cluster: str
    act: Act
    tool: str = ""
    own: OwnAct | None = None
    of: str = ""
    needs: tuple[str, ...] = ()
    workload: Workload | None = None
    writes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    expected: float | None = None
