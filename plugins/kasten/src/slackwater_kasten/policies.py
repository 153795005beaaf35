"""K10's own policies as schedules, read only: when they are due, paused, and ran last.

A frequency and its sub-frequency are times in UTC; what is left out is the top of the hour,
midnight, Sunday, the first, January (https://docs.kasten.io/latest/api/policies/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cronsim import CronSim, CronSimError

from slackwater.backend import NativeSchedule
from slackwater_kasten import labels
from slackwater_kasten.objects import Action, Policy, PolicySpec, SubFrequency

_ON_DEMAND = "@onDemand"


def native_schedules(
    policies: Iterable[Policy], runs: Sequence[Action], cluster: str, now: datetime
) -> Iterator[NativeSchedule]:
    """Yield the policies that back something up. Pure."""
    for policy in policies:
        if policy.spec.does("backup"):
            yield _native(policy, _last(policy, runs), cluster, now)


def _native(policy: Policy, last: datetime | None, cluster: str, now: datetime) -> NativeSchedule:
    spec, status = policy.spec, policy.status
    cron = cron_of(spec)
    return NativeSchedule(
        name=policy.metadata.name,
        cluster=cluster,
        cron=cron,
        paused=spec.paused,
        namespaces=tuple(namespaces_of(spec)),
        last=last,
        next=None if spec.paused else next_due(cron, now),
        message="; ".join([*((status.error if status else None) or ()), *_keeps(spec)]),
    )


def cron_of(spec: PolicySpec) -> str:
    """Return the frequency as a cron expression in UTC; as it stands where it is none."""
    sub = spec.sub_frequency or SubFrequency()
    minute, hour = _listed(sub.minutes, 0), _listed(sub.hours, 0)
    match spec.frequency:
        case "@hourly":
            return f"{minute} * * * *"
        case "@daily":
            return f"{minute} {hour} * * *"
        case "@weekly":
            return f"{minute} {hour} * * {_listed(sub.weekdays, 0)}"
        case "@monthly":
            return f"{minute} {hour} {_listed(sub.days, 1)} * *"
        case "@yearly":
            return f"{minute} {hour} {_listed(sub.days, 1)} {_listed(sub.months, 1)} *"
    return spec.frequency or _ON_DEMAND


def next_due(cron: str, now: datetime) -> datetime | None:
    """Return the first due time after a moment, in UTC; None for what is done on demand."""
    try:
        return next(CronSim(cron, now))
    except (CronSimError, StopIteration):
        return None


def namespaces_of(spec: PolicySpec) -> Iterator[str]:
    """Yield the namespaces that a policy names; ``*`` where it chooses by other labels, or all.

    ``appNamespace`` is no real label: K10 reads it as the name of the namespace.
    """
    selector = spec.selector
    if selector is None:
        yield "*"
        return
    named = [
        value
        for each in selector.match_expressions or ()
        if each.key == labels.APP_NAMESPACE and each.operator == "In"
        for value in each.values or ()
    ]
    own = (selector.match_labels or {}).get(labels.APP_NAMESPACE)
    yield from [*named, *([own] if own else [])] or ["*"]


def _last(policy: Policy, runs: Sequence[Action]) -> datetime | None:
    """When its newest run ended well; also runs without labels name their policy."""
    ended = [
        run.state.end_time
        for run in runs
        if run.spec.subject
        and run.spec.subject.name == policy.metadata.name
        and run.state.state == "Complete"
        and run.state.end_time
    ]
    return max(ended, default=None)


def _keeps(spec: PolicySpec) -> Iterator[str]:
    kept = ", ".join(f"{count} {tier}" for tier, count in (spec.retention or {}).items() if count)
    if kept:
        yield f"keeps {kept}"


def _listed(values: Sequence[int] | None, default: int) -> str:
    return ",".join(map(str, values)) if values else str(default)
