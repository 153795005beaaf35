"""Puts the acts of many requests into one graph of steps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slackwater.model.act import Act, ActKind
from slackwater.model.step import OwnAct, Step
from slackwater.model.workload import Workload


@dataclass
class Assembly:
    """Steps in the making. Ids are numbers in the order in which steps were first added."""

    steps: list[Step] = field(default_factory=list)
    _same: dict[str, int] = field(default_factory=dict)

    def add_own(
        self,
        own: OwnAct,
        cluster: str,
        title: str,
        *,
        tool: str = "",
        of: str = "",
        needs: Sequence[str] = (),
        always: bool = False,
        without_api: bool = False,
        effects: tuple[str, ...] = (),
        undo: str = "",
        payload: Mapping[str, object] | None = None,
        workload: Workload | None = None,
        writes: tuple[str, ...] = (),
    ) -> str:
        """Add an act of core itself; return the id of its step."""
        act = Act(
            id=own.value,
            kind=ActKind.PERFORMED,
            title=title,
            always=always,
            without_api=without_api,
            effects=effects,
            undo=undo,
            payload=payload or {},
        )
        step = Step(
            id=self._next(),
            cluster=cluster,
            tool=tool,
            own=own,
            of=of,
            act=act,
            needs=tuple(needs),
            workload=workload,
            writes=writes,
        )
        self.steps.append(step)
        return step.id

    def add_acts(
        self,
        cluster: str,
        tool: str,
        acts: Sequence[Act],
        *,
        after: Sequence[str] = (),
        before_writing: Sequence[str] = (),
        workload: Workload | None = None,
        conflicts: tuple[str, ...] = (),
    ) -> dict[str, str]:
        """Add the acts of one request; return which step each act id became.

        Acts that two requests share (the same store shown once for both) become one step that
        needs what either needs. ``after`` comes before all of them; ``before_writing`` before those
        that write into the target.
        """
        steps: dict[str, str] = {}
        for act in acts:
            needs = [steps[need] for need in act.needs]
            if not act.always:
                needs += [*after, *(before_writing if act.writes else ())]
            steps[act.id] = self._merge(
                Step(
                    id=self._next(),
                    cluster=cluster,
                    tool=tool,
                    act=act,
                    needs=tuple(dict.fromkeys(needs)),
                    workload=workload,
                    writes=tuple(place_of(cluster, namespace) for namespace in act.writes),
                    conflicts=conflicts if act.writes else (),
                )
            )
        return steps

    def finished(self) -> tuple[Step, ...]:
        """Return the steps, clean-up last, ids numbered anew in that order."""
        ordered = sorted(self.steps, key=lambda step: step.act.always)
        number = {step.id: str(place) for place, step in enumerate(ordered, start=1)}
        return tuple(
            step.model_copy(
                update={
                    "id": number[step.id],
                    "of": number.get(step.of, ""),
                    "needs": tuple(number[need] for need in step.needs),
                }
            )
            for step in ordered
        )

    def _next(self) -> str:
        return str(len(self.steps) + 1)

    def _merge(self, step: Step) -> str:
        key = _fingerprint(step)
        if key not in self._same:
            self._same[key] = len(self.steps)
            self.steps.append(step)
            return step.id
        place = self._same[key]
        first = self.steps[place]
        later = self._coming_after(first.id)
        needs = (need for need in (*first.needs, *step.needs) if need not in later)
        update = {"needs": tuple(dict.fromkeys(needs)), "workload": None}
        self.steps[place] = first.model_copy(update=update)
        return first.id

    def _coming_after(self, step_id: str) -> set[str]:
        """Return the step and all that wait for it: what they are to precede cannot wait for them.

        A store shown for the cluster's objects is shown for the namespaces that come after these.
        """
        later = {step_id}
        for step in self.steps:
            if later & set(step.needs):
                later.add(step.id)
        return later


def making_step(acts: Sequence[Act], steps: Mapping[str, str]) -> str:
    """Return the step that makes the recovery point: the last act of a backup that is no clean-up.

    ``steps`` are those that the acts became.
    """
    return [steps[act.id] for act in acts if not act.always][-1]


def place_of(cluster: str, namespace: str) -> str:
    """Return how a place in a target is written: ``dr/shop``, or ``dr`` for the whole cluster."""
    return f"{cluster}/{namespace}" if namespace else cluster


def _fingerprint(step: Step) -> str:
    act = step.act.model_dump(mode="json", exclude={"needs"})
    return json.dumps([step.cluster, step.tool, act], sort_keys=True)
