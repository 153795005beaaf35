"""Reads the points of a cluster in few requests; what was not permitted is said with them.

RestorePointContents are cluster-scoped and outlive their namespaces, so one list of them is all.
Who may not list them sees the RestorePoints of the namespaces that he may look into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from slackwater.errors import PermissionDenied
from slackwater.model.finding import Finding
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.copies import Point, grouped, selectors
from slackwater_kasten.objects import (
    Action,
    Content,
    ContentStatus,
    Named,
    Policy,
    Profile,
    Reference,
    RestorePoint,
)
from slackwater_kasten.policy_exports import Exports, is_policy_made
from slackwater_kasten.resources import (
    BACKUP_ACTIONS,
    CONTENTS,
    EXPORT_ACTIONS,
    IMPORT_ACTIONS,
    POLICIES,
    PROFILES,
    RESTORE_POINTS,
    RUN_ACTIONS,
    SPACES,
)
from slackwater_kasten.states import action_phase
from slackwater_kasten.stores import catalogue_identity, location_identity
from slackwater_kasten.translation import Translator
from slackwater_kasten.voice import Voice

Found = TypeVar("Found", Named, Action, Policy, Profile)


@dataclass(frozen=True)
class Seen:
    """Points of a cluster, and what is needed to translate them."""

    points: list[Point]
    translator: Translator


def read_all(kasten: Kasten, voice: Voice) -> Seen:
    """Return every point that we may see."""
    contents, notes = _all_contents(kasten, voice)
    return _seen(kasten, voice, grouped(contents), notes)


def read_one(kasten: Kasten, voice: Voice, name: str) -> Seen:
    """Return the point of a name, if it is there: in a list of one or none."""
    contents: list[Content] = []
    for selector in selectors(name):
        contents += kasten.list(CONTENTS, Content, selector=selector)
    if not contents and (single := kasten.find(CONTENTS, name, Content)):
        contents = [single]
    return _seen(kasten, voice, [each for each in grouped(contents) if each.name == name])


def _seen(
    kasten: Kasten, voice: Voice, points: list[Point], notes: tuple[Finding, ...] = ()
) -> Seen:
    """Further lists are read only where a point gives reason to."""
    ours = _our_actions(kasten, points)
    by_policy = any(point.policy for point in points)
    policies = _policies(kasten) if by_policy else {}
    copied = [p for p in points if p.local is None and p.exported and p.name not in ours]
    foreign = _foreign(kasten, copied, policies) if copied else {}
    exports = Exports(policies)
    if any(any(exports.missing(point)) for point in points):  # only then is the reason asked for
        exports = read_exports(kasten, policies)
    translator = Translator(
        voice=voice,
        catalogue=catalogue_identity(kasten),
        ours=ours,
        policies=policies,
        foreign=foreign,
        exports=exports,
        notes=notes,
    )
    return Seen(points, translator)


def _our_actions(kasten: Kasten, points: Iterable[Point]) -> dict[str, Action]:
    """Our actions by the name of the point they made; exports outlive the namespace."""
    if not any("@sw-" in point.name for point in points):
        return {}
    found: dict[str, Action] = {}
    for kind in (EXPORT_ACTIONS, BACKUP_ACTIONS):
        for action in _readable(kasten.list_ours(kind, Action, labels.KEY)):
            name = made_point(action)
            found[name] = action
    return found


def made_point(action: Action) -> str:
    """Return the name of the point that an action of ours made, or made a copy of."""
    metadata = action.metadata
    backup = metadata.label(labels.BACKUP) or metadata.name
    return f"{metadata.label(labels.APP_NAMESPACE) or metadata.namespace}@{backup}"


def _policies(kasten: Kasten) -> dict[str, Policy]:
    found = _readable(kasten.list(POLICIES, Policy, namespace=kasten.namespace))
    return {policy.metadata.name: policy for policy in found}


def _foreign(kasten: Kasten, points: list[Point], policies: Mapping[str, Policy]) -> dict[str, str]:
    """Which of these copies, whose original is not here, may have come by an import, and the
    place that each lies in.

    K10 puts no mark on an import, and its records of imports go. So a copy is of this cluster only
    where something here says that it made it: an export by hand, or a policy that exports here and
    of whose runs none imported. What nothing speaks for is of unknown origin, never guessed.
    """
    made, runs = _made_by_hand(kasten), _import_runs(kasten)
    known = _readable(kasten.list(PROFILES, Profile, namespace=kasten.namespace))
    profiles = {each.metadata.name: each for each in known}

    def is_own(point: Point) -> bool:
        if point.policy:
            exported = _exports(policies.get(point.policy))
            return exported and runs is not None and point.run not in runs
        return made.issuperset(each.metadata.name for each in point.contents)

    return {
        point.name: _lies_at(point, profiles, kasten.cluster.name)
        for point in points
        if not is_own(point)
    }


def _made_by_hand(kasten: Kasten) -> set[str]:
    """Return the names of the contents that ExportActions made here on demand."""
    found = _readable(kasten.list_ours(EXPORT_ACTIONS, Action, ""))
    return {
        f"{subject.namespace}-{each.metadata.name}"
        for each in found
        if (subject := each.spec.subject)
    }


def _import_runs(kasten: Kasten) -> set[str] | None:
    """Return the runs that imported; None where we may not look."""
    try:
        found = list(kasten.list(IMPORT_ACTIONS, Named))
    except PermissionDenied:
        return None
    return {each.metadata.label(labels.RUN_ACTION) for each in found}


def read_exports(kasten: Kasten, policies: Mapping[str, Policy]) -> Exports:
    """Read what became of the exports of policies: two lists. They lie with their applications."""
    actions: list[Action] | None = None
    with suppress(PermissionDenied):
        listed = kasten.list(EXPORT_ACTIONS, Action, selector=labels.RUN_ACTION)
        actions = [each for each in listed if is_policy_made(each)]
    runs = _readable(kasten.list(RUN_ACTIONS, Action, namespace=kasten.namespace))
    at_work = {r.metadata.name for r in runs if not action_phase(r.state.state).terminal}
    return Exports(policies, actions, frozenset(at_work))


def _exports(policy: Policy | None) -> bool:
    return policy is not None and policy.spec.does("export") and not policy.spec.does("import")


def _lies_at(point: Point, profiles: Mapping[str, Profile], cluster: str) -> str:
    name = point.first.export_profile
    profile = profiles.get(name)
    return location_identity(profile.spec.location_spec if profile else None, cluster, name)


def _readable(found: Iterator[Found]) -> Iterator[Found]:
    """What we may not read adds nothing; the rights that are missing are findings of ``check``."""
    try:
        yield from found
    except PermissionDenied:
        return


def _all_contents(kasten: Kasten, voice: Voice) -> tuple[list[Content], tuple[Finding, ...]]:
    try:
        return list(kasten.list(CONTENTS, Content)), ()
    except PermissionDenied as denied:
        return _permitted(kasten, voice, denied)


def _permitted(
    kasten: Kasten, voice: Voice, denied: PermissionDenied
) -> tuple[list[Content], tuple[Finding, ...]]:
    """Return what the RestorePoints of permitted namespaces tell, and a note about the rest."""
    try:
        spaces = [each.metadata.name for each in kasten.list(SPACES, Named)]
    except PermissionDenied:
        raise denied from denied.__cause__
    contents: list[Content] = []
    refused: list[str] = []
    for space in spaces:
        try:
            contents += map(_content_of, kasten.list(RESTORE_POINTS, RestorePoint, namespace=space))
        except PermissionDenied:
            refused.append(space)
    if len(refused) == len(spaces):
        raise denied from denied.__cause__
    return contents, (_partly_seen(voice, refused),)


def _partly_seen(voice: Voice, refused: list[str]) -> Finding:
    named = ", ".join(refused[:5]) + (" …" if len(refused) > 5 else "")
    return voice.warning(
        "partly-seen",
        voice.cluster,
        "not allowed to list restorepointcontents, so only namespaces that may be looked into are "
        f"shown, and nothing of deleted ones; refused: {named or 'none'}",
        f"python -m slackwater_kasten.rights {voice.namespace} NAMESPACE/ACCOUNT | "
        "kubectl apply -f -",
    )


def _content_of(point: RestorePoint) -> Content:
    """A RestorePoint tells nearly all of the content that it stands for."""
    metadata, state = point.metadata, point.status
    return Content(
        metadata=type(metadata)(
            name=point.content,
            creation_timestamp=metadata.creation_timestamp,
            labels=metadata.labels,
        ),
        status=ContentStatus(
            state="Bound",
            action_time=state.action_time if state else None,
            restore_point_ref=Reference(name=metadata.name, namespace=metadata.namespace),
        ),
    )
