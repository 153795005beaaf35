"""K10's contents in, recovery points out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Place, PointId, RecoveryPoint
from slackwater.model.workload import Scope
from slackwater_kasten import labels
from slackwater_kasten.copies import Point, is_whole_namespace
from slackwater_kasten.objects import Action, Content, Policy
from slackwater_kasten.policy_exports import Exports, Missing
from slackwater_kasten.stamps import read_stamp
from slackwater_kasten.voice import TOOL, Voice

_STATES = ("Bound", "Unbound")
_CONFIG_ONLY = "appConfigOnly"


@dataclass(frozen=True)
class Translator:
    """Translates the points of one cluster; what else was read of it stands beside.

    ``ours`` are our own actions by the name of the point that they made. ``foreign`` tells which
    points came by an import: those are not of this cluster. ``exports`` are those of policies.
    """

    voice: Voice
    catalogue: str
    ours: Mapping[str, Action] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    exports: Exports = field(default_factory=lambda: Exports({}))
    notes: Sequence[Finding] = ()

    def point(self, found: Point) -> RecoveryPoint:
        """Return the recovery point, contents unknown."""
        action = self.ours.get(found.name)
        stamp = read_stamp(action.metadata.labels) if action else None
        state = found.first.state.state
        return RecoveryPoint(
            id=PointId(tool=TOOL, store=self.store_of(found), name=found.name),
            phase=Phase.SUCCEEDED if state in _STATES else Phase.UNKNOWN,
            scope=self._scope(found),
            begin=_begin(found),
            end=_end(found),
            origin=stamp.cluster if stamp else "",
            places=tuple(self._place(each) for each in found.contents),
            expires=_expires(found, action),
            stamp=stamp,
            made_by=_made_by(found, action),
            tool_phase=state,
            findings=(*self._findings(found), *self.notes),
        )

    def store_of(self, found: Point) -> str:
        """Return where a point belongs: to this catalogue, or to the place it was imported from."""
        return self.foreign.get(found.name, self.catalogue)

    def _place(self, content: Content) -> Place:
        """One for each copy; the name of the store is that of the profile it was exported to."""
        return Place(cluster=self.voice.cluster, store_name=content.export_profile, writable=True)

    def _scope(self, found: Point) -> Scope:
        return Scope(namespaces=(found.namespace,), limits="; ".join(self._limits(found)))

    def _limits(self, found: Point) -> Iterator[str]:
        metadata = found.first.metadata
        if not is_whole_namespace(found.first):
            yield f"only {metadata.label(labels.APP_TYPE)} {metadata.label(labels.APP_NAME)}"
        policy = self.policies.get(found.policy)
        for action in (policy.spec.actions if policy else None) or ():
            filters = action.backup_parameters.filters if action.backup_parameters else None
            if any((filters or {}).values()):
                yield f"policy {found.policy} filters what it backs up"

    def _findings(self, found: Point) -> Iterator[Finding]:
        state, voice = found.first.state.state, self.voice
        if state not in _STATES:
            yield voice.warning(
                "unknown-state", found.name, f"K10 calls its state {state!r}, unknown here"
            )
        if found.name in self.foreign:
            yield voice.info(
                "imported",
                found.name,
                "imported, or not told to be made here by K10: its origin is unknown",
            )
        yield from (self._not_exported(found, each) for each in self.exports.missing(found))
        if found.local is None and all(_is_config_only(each) for each in found.exported):
            yield voice.warning(
                "config-only", found.name, "only its configuration was exported: no volume data"
            )

    def _not_exported(self, found: Point, missing: Missing) -> Finding:
        """Its snapshot is good by itself; the copy that was promised is another matter."""
        if missing.open:
            said = f"its export to {missing.profile} is under way"
            return self.voice.info("export-under-way", found.name, said)
        return self.voice.warning(
            "not-exported",
            found.name,
            f"its policy {found.policy} exports to {missing.profile}, and there is no copy of it"
            f" there: {missing.reason}",
            "see why in K10; the next run of the policy exports what it makes then",
        )


def _is_config_only(content: Content) -> bool:
    return content.metadata.label(labels.EXPORT_TYPE) == _CONFIG_ONLY


def _begin(found: Point) -> datetime | None:
    """``actionTime``, which copies keep; else when the content was made."""
    state, metadata = found.first.state, found.first.metadata
    return state.action_time or state.scheduled_time or metadata.creation_timestamp


def _end(found: Point) -> datetime | None:
    """A content is made when its backup ends. A copy is made later than what it is a copy of, so
    where only copies are left their common action time has to do.
    """
    begin, local = _begin(found), found.local
    made = local.metadata.creation_timestamp if local else None
    return max(begin, made) if begin and made else begin


def _expires(found: Point, action: Action | None) -> datetime | None:
    """When the last of its copies goes; None where one of them stays for ever, or K10 says
    nothing: a policy's retention goes by numbers, not by dates.
    """
    told = [_told(each) for each in found.contents]
    if all(told):
        return max(each for each in told if each)
    return action.spec.expires_at if action else None


def _told(content: Content) -> datetime | None:
    """The label's form: ``2026-12-31T23-59-59Z``, for a colon is not allowed there."""
    try:
        text = content.metadata.label(labels.EXPIRES_AT)
        return datetime.strptime(text, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _made_by(found: Point, action: Action | None) -> str:
    stamp = read_stamp(action.metadata.labels) if action else None
    if stamp:
        return f"policy {stamp.policy}" if stamp.policy else "slackwater"
    return f"K10 policy {found.policy}" if found.policy else "somebody"
