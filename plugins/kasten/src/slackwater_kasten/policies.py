"""K10's own policies as schedules, read only: when they are due, paused, and ran last.

A frequency and its sub-frequency are times in UTC; what is left out is the top of the hour,
midnight, Sunday, the first, January (https://docs.kasten.io/latest/api/policies/).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from cronsim import CronSim, CronSimError

from slackwater.backend import NativeSchedule
from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater_kasten import labels
from slackwater_kasten.objects import Action, Policy, PolicySpec, SubFrequency
from slackwater_kasten.states import action_phase, deepest
from slackwater_kasten.voice import Voice

_ON_DEMAND = "@onDemand"
_WHY = {"Skipped": "another run of it was still at work", "Cancelled": "somebody stopped it"}


def native_schedules(
    policies: Iterable[Policy],
    runs: Sequence[Action],
    backups: Iterable[Action],
    cluster: str,
    now: datetime,
) -> Iterator[NativeSchedule]:
    """Yield the policies that back something up. Pure.

    ``backups`` are the BackupActions of runs.
    """
    bad = {
        each.metadata.label(labels.RUN_ACTION)
        for each in backups
        if action_phase(each.state.state) in (Phase.FAILED, Phase.CANCELLED)
    }
    for policy in policies:
        if policy.spec.does("backup"):
            yield _native(policy, _last(policy, runs, bad), cluster, now)


def run_findings(
    policies: Iterable[Policy], runs: Sequence[Action], voice: Voice
) -> Iterator[Finding]:
    """Yield a finding for each policy whose newest run did nothing, or not all. Pure."""
    for policy in policies:
        name = policy.metadata.name
        ended = [run for run in _runs_of(policy, runs) if action_phase(run.state.state).terminal]
        newest = max(ended, key=lambda run: str(run.metadata.creation_timestamp), default=None)
        if newest is None or action_phase(newest.state.state) is Phase.SUCCEEDED:
            continue
        said = deepest(newest.state.error) or _WHY.get(newest.state.state, "K10 gives no reason")
        yield voice.warning(
            "policy-run",
            name,
            f"the newest run of policy {name} is {newest.state.state}: {said}",
            voice.kubectl(f"get runactions.actions.kio.kasten.io {newest.metadata.name} -o yaml"),
        )


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


def _last(policy: Policy, runs: Sequence[Action], bad: Collection[str]) -> datetime | None:
    """When its newest run ended well. What a run is called when a part of it fails is not known, so
    none of its backups may have failed.
    """
    ended = [
        run.state.end_time
        for run in _runs_of(policy, runs)
        if run.state.state == "Complete" and run.state.end_time and run.metadata.name not in bad
    ]
    return max(ended, default=None)


def _runs_of(policy: Policy, runs: Sequence[Action]) -> Iterator[Action]:
    """Also runs without labels name their policy."""
    name = policy.metadata.name
    return (run for run in runs if run.spec.subject and run.spec.subject.name == name)


def _keeps(spec: PolicySpec) -> Iterator[str]:
    kept = ", ".join(f"{count} {tier}" for tier, count in (spec.retention or {}).items() if count)
    if kept:
        yield f"keeps {kept}"


def _listed(values: Sequence[int] | None, default: int) -> str:
    return ",".join(map(str, values)) if values else str(default)
