"""Whether K10's own policies make the exports that they promise. Pure.

A run makes its snapshots first and exports them afterwards. The snapshot is a recovery point
whatever becomes of its export, what a run is called when an export fails is not known, and an
ExportAction may be gone when somebody looks. So the copies themselves are what counts; actions and
runs only tell why one is missing, or that it is still to come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater_kasten import labels
from slackwater_kasten.copies import Point
from slackwater_kasten.objects import Action, ExportParameters, Policy
from slackwater_kasten.states import action_phase, deepest
from slackwater_kasten.voice import Voice

_PERIODS = {
    "@hourly": timedelta(hours=1),
    "@daily": timedelta(days=1),
    "@weekly": timedelta(weeks=1),
    "@monthly": timedelta(days=31),
    "@yearly": timedelta(days=366),
}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_UNTOLD = "why is not told: ExportActions may not be read here"
_NONE = "no ExportAction of it is there; its retention may have been shorter, or it was added since"
_COMPLETE = "its ExportAction is Complete, and no copy is there (any more)"
_UNDER_WAY = "its export is under way"


@dataclass(frozen=True)
class Missing:
    """A copy that a policy is to make, and that is not there. ``open``: it may still come."""

    profile: str
    reason: str
    open: bool = False


@dataclass(frozen=True)
class Exports:
    """The exports of policies. ``actions`` are the ExportActions of runs, None where they may not
    be read; ``at_work`` are runs that have not ended.
    """

    policies: Mapping[str, Policy]
    actions: Sequence[Action] | None = ()
    at_work: frozenset[str] = frozenset()

    def missing(self, point: Point) -> Iterator[Missing]:
        """Yield what the policy of a point exports of every snapshot, and has not of this one.

        What it exports less often than it makes snapshots is judged by ``late`` only.
        """
        if point.local is None:
            return
        for wanted in wanted_of(self.policies.get(point.policy)):
            if _has(point, wanted):
                continue
            own = list(self._actions_of(point, wanted.place))
            if own or not wanted.frequency:
                yield self._missing(point, wanted.place, own)

    def reviewed(self, points: Iterable[Point], voice: Voice) -> Iterator[Finding]:
        """Yield a finding for each namespace of which a policy's newest snapshots have no copy."""
        kept: dict[tuple[str, str], list[Point]] = defaultdict(list)
        for point in points:
            if point.policy in self.policies and point.namespace:
                kept[point.policy, point.namespace].append(point)
        for (policy, namespace), found in sorted(kept.items()):
            found.sort(key=taken, reverse=True)
            for wanted in wanted_of(self.policies[policy]):
                yield from self._review(policy, namespace, found, wanted, voice)

    def _review(
        self,
        policy: str,
        namespace: str,
        found: Sequence[Point],
        wanted: ExportParameters,
        voice: Voice,
    ) -> Iterator[Finding]:
        settled = [point for point in found if not self._is_open(point, wanted)]
        copied = next((point for point in settled if _has(point, wanted)), None)
        without = settled[: settled.index(copied)] if copied else settled
        if not without or not _is_late(without[0], copied, wanted):
            return
        own = list(self._actions_of(without[0], wanted.place))
        why = self._missing(without[0], wanted.place, own).reason
        last = f"the newest there is of {taken(copied):%Y-%m-%d %H:%MZ}" if copied else "none is"
        yield voice.error(
            "not-exported",
            f"{policy}/{namespace}",
            f"policy {policy} is to export {namespace} to {wanted.place}, and the last"
            f" {len(without)} of its backups have no copy there ({last}): {why}",
            voice.kubectl(
                "get exportactions.actions.kio.kasten.io -A -l "
                f"{labels.POLICY_NAME}={policy} -o yaml"
            ),
        )

    def _is_open(self, point: Point, wanted: ExportParameters) -> bool:
        own = list(self._actions_of(point, wanted.place))
        return not _has(point, wanted) and self._missing(point, wanted.place, own).open

    def _actions_of(self, point: Point, profile: str) -> Iterator[Action]:
        for each in self.actions or ():
            metadata, to = each.metadata, each.spec.profile
            run, app = metadata.label(labels.RUN_ACTION), metadata.label(labels.APP_NAMESPACE)
            there = to is None or to.name in ("", profile)
            if (run, app) == (point.run, point.namespace) and there:
                yield each

    def _missing(self, point: Point, profile: str, own: Sequence[Action]) -> Missing:
        if any(not action_phase(each.state.state).terminal for each in own):
            return Missing(profile, _UNDER_WAY, open=True)
        for each in own:
            if action_phase(each.state.state) is not Phase.SUCCEEDED:
                said = deepest(each.state.error) or "K10 gives no reason"
                return Missing(profile, f"its export is {each.state.state}: {said}")
        if own:
            return Missing(profile, _COMPLETE)
        if point.run in self.at_work:
            return Missing(profile, _UNDER_WAY, open=True)
        return Missing(profile, _UNTOLD if self.actions is None else _NONE)


def wanted_of(policy: Policy | None) -> Iterator[ExportParameters]:
    """Yield what a policy exports: since 9.0 to two places, perhaps."""
    for action in (policy.spec.actions if policy else None) or ():
        parameters = action.export_parameters if action.action == "export" else None
        if parameters is not None and parameters.place:
            yield parameters


def is_policy_made(action: Action) -> bool:
    """Whether an ExportAction is of an application, and by a policy: each run exports its own
    metadata as well.
    """
    metadata = action.metadata
    return bool(metadata.label(labels.RUN_ACTION)) and not metadata.label(labels.METADATA_EXPORT)


def taken(point: Point) -> datetime:
    """Return when a point was taken; the beginning of time where K10 does not tell."""
    state, metadata = point.first.state, point.first.metadata
    told = state.action_time or state.scheduled_time or metadata.creation_timestamp
    return told or _LONG_AGO


def _has(point: Point, wanted: ExportParameters) -> bool:
    return any(each.export_profile == wanted.place for each in point.exported)


def _is_late(newest: Point, copied: Point | None, wanted: ExportParameters) -> bool:
    """Whether a copy is due: at once where every snapshot is exported, else by the frequency."""
    if not wanted.frequency:
        return True
    period = _PERIODS.get(wanted.frequency)
    if period is None:
        return False  # nobody knows how often that is
    return copied is None or taken(newest) - taken(copied) > 2 * period
