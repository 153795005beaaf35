"""How many acts a tool takes at once, over all runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from slackwater.model.act import ActKind
from slackwater.model.step import Step

BackendKey = tuple[str, str]
"""A tool in a cluster: (cluster, tool)."""

WORKERS = 16
"""How many performed acts run side by side in this process."""

AT_ONCE_WHEN_UNKNOWN = 1
"""How many acts of a sort are begun where the tool cannot say how many it takes."""


class Admission:
    """Who may begin now. ``limits`` are those that the tools described."""

    def __init__(
        self, running: Iterable[Step], limits: Mapping[BackendKey, Mapping[str, int] | None]
    ) -> None:
        self._limits = limits
        self._taken = Counter(sort for step in running for sort in _sorts(step))

    def admit(self, step: Step) -> bool:
        """Take a place for the step where there is one."""
        sorts = _sorts(step)
        if any(self._taken[sort] >= self._places(step, sort) for sort in sorts):
            return False
        self._taken.update(sorts)
        return True

    def _places(self, step: Step, sort: tuple[str, ...]) -> float:
        if sort == _HERE:
            return WORKERS
        limits = self._limits.get(key_of(step))
        return AT_ONCE_WHEN_UNKNOWN if limits is None else limits.get(step.act.limit, float("inf"))


_HERE = ("performed",)


def _sorts(step: Step) -> list[tuple[str, ...]]:
    sorts = [(*key_of(step), step.act.limit)] if step.act.limit else []
    return [*sorts, _HERE] if step.act.kind is ActKind.PERFORMED else [*sorts]


def key_of(step: Step) -> BackendKey:
    """Return which backend the step is for."""
    return step.cluster, step.tool
