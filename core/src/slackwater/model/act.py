"""Acts: what a tool, our worker or a person does within a backup or a restore.

A backend names its acts; core shows them, journals them and drives them, and knows nothing else
of the tool.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from slackwater.model.finding import Finding
from slackwater.model.frozen import Frozen


class ActKind(StrEnum):
    """Who does it: the tool in its own time, our worker, or a person."""

    OPERATED = "operated"
    PERFORMED = "performed"
    PERSON = "person"


class Act(Frozen):
    """One thing that is done.

    ``id`` is unique among the acts of one request. ``needs`` are ids of acts that must have ended
    well before; ``always`` marks clean-up, which also runs after failure and cancel, once all its
    needs have ended in any way or never began. ``effects`` say in words what it adds, changes or
    removes; ``undo`` how it is taken back. ``limit`` names the tool's own limit that it counts
    against (see ``Description.limits``). ``timeout`` (seconds) bounds the waiting for it.
    ``writes`` are the namespaces of the target that it writes into: what must be out of the way is
    removed before it, and no two runs write into one namespace at once. The empty name stands for
    the whole cluster, as where a control plane is turned back.
    ``without_api`` is set for what may be done while the API server of its cluster does not answer,
    for it is about the control plane itself.
    ``payload`` belongs to the plugin: plain JSON without secrets.
    """

    id: str
    kind: ActKind
    title: str
    needs: tuple[str, ...] = ()
    always: bool = False
    effects: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    without_api: bool = False
    undo: str = ""
    instructions: str = ""
    limit: str = ""
    timeout: float | None = None
    payload: Mapping[str, object] = Field(default_factory=dict)


class ActPlan(Frozen):
    """The acts of one request in order, and what the backend has to say about them."""

    acts: tuple[Act, ...] = ()
    findings: tuple[Finding, ...] = ()


class Key(Frozen):
    """Makes starting repeatable: equal keys name one operation, for ever.

    ``generation`` rises only after a failure was seen, so that a retry really tries again and no
    name is used twice.
    """

    run: str
    step: str
    generation: int = 1

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that stand for this key in names."""
        text = f"{self.run}/{self.step}/{self.generation}"
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def name(self, stem: str, *, longest: int = 63) -> str:
        """Return a name for a tool's object: the readable stem, cut to fit, and the digest."""
        kept = stem[: longest - 9].rstrip("-.")
        return f"{kept}-{self.digest}"
