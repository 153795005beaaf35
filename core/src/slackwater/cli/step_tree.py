"""Draws the steps of a plan: what runs side by side, what each waits for, what it finds there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from slackwater.cli.output import console

if TYPE_CHECKING:
    from slackwater.model.restore_plan import RestorePlan
    from slackwater.model.step import Step


def print_steps(plan: RestorePlan) -> None:
    """Print the steps in order, those that run side by side joined by a bracket."""
    from rich.text import Text

    screen = console()
    screen.print(f"Steps   {expected(plan.steps)}", soft_wrap=True)
    heads = {step.id: head(step) for step in plan.steps}
    width = min(max(map(len, heads.values())), 64)
    needed = direct_needs(plan.steps)
    for sign, step in _bracketed(plan.steps):
        said = "; ".join(notes(step, plan, needed[step.id]))
        line = f"{sign}{step.id:>3}  {heads[step.id]:<{width}}  {said}"
        screen.print(Text(line.rstrip()), soft_wrap=True)
        for told in step.act.instructions.splitlines():
            screen.print(Text(f"{'':6}| {told}"), soft_wrap=True)


def direct_needs(steps: Sequence[Step]) -> Mapping[str, tuple[str, ...]]:
    """Return what each step waits for, without what those wait for already."""
    before: dict[str, set[str]] = {}
    direct = {}
    for step in steps:
        implied = {earlier for need in step.needs for earlier in before.get(need, set())}
        before[step.id] = implied | set(step.needs)
        direct[step.id] = tuple(need for need in step.needs if need not in implied)
    return direct


def _bracketed(steps: Sequence[Step]) -> Iterator[tuple[str, Step]]:
    """Yield each step with the sign before it: a bracket where neighbours run side by side."""
    depth = _depths(steps)
    for _, group in groupby(steps, key=lambda step: (depth[step.id], step.act.always)):
        together = list(group)
        inner = "├" + "│" * (len(together) - 2) + "└" if len(together) > 1 else " "
        yield from zip(inner, together, strict=True)


def _depths(steps: Sequence[Step]) -> Mapping[str, int]:
    depths: dict[str, int] = {}
    for step in steps:
        depths[step.id] = 1 + max((depths.get(need, 0) for need in step.needs), default=0)
    return depths


def head(step: Step) -> str:
    """Say what a step is: the tool, what it does, where."""
    who = f"{step.tool}: " if step.tool else ""
    where = f" in {step.cluster}" if step.cluster and step.cluster not in step.act.title else ""
    return f"{who}{step.act.title}{where}"


def notes(step: Step, plan: RestorePlan, needs: Sequence[str]) -> Iterator[str]:
    """Yield what is to be known of a step: what it finds there or does, and what it waits for."""
    if step.act.kind.value == "person":
        yield "by a person, then confirmed"
    if _is_first_to_write(step, plan):
        yield _what_stands(step, plan)
    else:
        yield from step.act.effects
    if step.act.always:
        yield "always, at the end"
    elif needs:
        yield f"after {', '.join(needs)}"


def _is_first_to_write(step: Step, plan: RestorePlan) -> bool:
    """Whether a step writes into a namespace before all others: it finds what stands there."""
    if not step.act.writes or step.cluster in step.writes:
        return False
    first = next(each for each in plan.steps if set(each.writes) & set(step.writes))
    return first.id == step.id


def _what_stands(step: Step, plan: RestorePlan) -> str:
    refused = [f for f in plan.findings if f.blocks and f.subject in step.writes]
    if refused:
        return f"✗ {refused[0].message}"
    found = [place for place in plan.standing if place.place in step.writes]
    if not any(place.uid for place in found):
        return "nothing there now"
    if any(f.code == "not-allowed-to-look" and f.subject in step.writes for f in plan.findings):
        return "what stands there is not fully known"
    if not any(place.objects for place in found):
        return "empty now"
    return f"stands there now: {', '.join(step.conflicts)}"


def expected(steps: Sequence[Step]) -> str:
    """Say how long the steps will take together, from history."""
    from slackwater.model.wording import in_words

    known = [step for step in steps if step.expected is not None]
    if not known:
        return "no history yet of how long they take"
    least = "" if len(known) == len(steps) else f"; no history yet of {len(steps) - len(known)}"
    return f"expected about {in_words(timedelta(seconds=_longest_way(steps)))}{least}"


def _longest_way(steps: Sequence[Step]) -> float:
    """Return the seconds of the longest chain of steps that wait for each other."""
    ends: dict[str, float] = {}
    for step in steps:
        begin = max((ends.get(need, 0.0) for need in step.needs), default=0.0)
        ends[step.id] = begin + (step.expected or 0.0)
    return max(ends.values(), default=0.0)
