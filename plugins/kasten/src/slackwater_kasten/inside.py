"""Looks into one recovery point: what its copies hold, and what failed while it was made."""

from __future__ import annotations

from collections.abc import Iterator

from slackwater.errors import PermissionDenied
from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import RecoveryPoint
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.contents import phase_findings, read_contents, volume_findings
from slackwater_kasten.copies import Point
from slackwater_kasten.objects import Action, Content, Named
from slackwater_kasten.resources import BACKUP_ACTIONS, CONTENTS, EXPORT_ACTIONS
from slackwater_kasten.translation import Translator


def look_inside(kasten: Kasten, found: Point, translator: Translator) -> RecoveryPoint:
    """Return the point with its contents. One request for each copy, and two for its action.

    A point is partial, whatever K10 calls it, if a volume was passed over or a phase failed.
    """
    point = translator.point(found)
    copies = [
        details
        for each in found.contents
        if (details := kasten.find(CONTENTS, each.metadata.name, Content, part="details"))
    ]
    contents = read_contents(copies, found.namespace)
    findings = [
        *volume_findings(contents, found.name, translator.voice),
        *_action_findings(kasten, found, translator),
    ]
    lossy = any(each.code in ("volume-skipped", "phase-failed") for each in findings)
    phase = Phase.PARTIAL if point.phase is Phase.SUCCEEDED and lossy else point.phase
    return point.model_copy(
        update={
            "contents": contents,
            "phase": phase,
            "findings": (*point.findings, *findings),
        }
    )


def _action_findings(kasten: Kasten, found: Point, translator: Translator) -> Iterator[Finding]:
    """What K10 noted down in the BackupAction, as long as it keeps it."""
    name = _action_name(kasten, found)
    if not name:
        return
    try:
        action = kasten.find(
            BACKUP_ACTIONS, name, Action, namespace=found.namespace, part="details"
        )
    except PermissionDenied:
        return  # optional: the right that is missing is a finding of ``check``
    yield from phase_findings(action, found.name, translator.voice)
    yield from _export_findings(kasten, found, name, translator)


def _export_findings(
    kasten: Kasten, found: Point, backup: str, translator: Translator
) -> Iterator[Finding]:
    """The same of the exports that we made of it; those of policies lie where we may not look."""
    if not found.exported or found.run:
        return
    for each in kasten.list_ours(EXPORT_ACTIONS, Named, f"{labels.BACKUP}={backup}"):
        name = each.metadata.name
        try:
            action = kasten.find(EXPORT_ACTIONS, name, Action, part="details")
        except PermissionDenied:
            return
        yield from phase_findings(action, found.name, translator.voice)


def _action_name(kasten: Kasten, found: Point) -> str:
    """The backup of a run by K10's label; ours by the name of the point."""
    made_by = found.name.partition("@")[2]
    if not found.run or not found.namespace:
        return made_by
    selector = f"{labels.RUN_ACTION}={found.run}"
    try:
        listed = list(
            kasten.list(BACKUP_ACTIONS, Named, namespace=found.namespace, selector=selector)
        )
    except PermissionDenied:
        return ""
    return listed[0].metadata.name if listed else ""
