"""Which content of a catalogue is the one that an import has brought.

An import gives contents new names, and nothing in them tells the cluster that they come from; the
time of the backup stays (guessed). Two clusters may back up applications of one name in the same
second, so what could be another's is refused: a restore of it would be outside of its plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from slackwater.errors import PermanentBackendError
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import table, text
from slackwater_kasten.contents import read_contents
from slackwater_kasten.naming import digest
from slackwater_kasten.objects import Content
from slackwater_kasten.resources import CONTENTS
from slackwater_kasten.voice import TOOL


def match_of(namespace: str, begin: datetime | None, claims: Sequence[str]) -> dict[str, object]:
    """Return how the copy of a point is known: its application, its time, the volumes it holds."""
    time = begin.isoformat() if begin else ""
    return {"namespace": namespace, "begin": time, "claims": sorted(claims)}


def wanted_words(payload: Mapping[str, object]) -> str:
    """Return what is looked for, for messages."""
    match = table(payload, "match")
    return f"of {text(match, 'namespace')} taken at {text(match, 'begin')}"


def imported(kasten: Kasten, payload: Mapping[str, object]) -> Content | None:
    """Return the copy that an import brought, or None.

    Raises ``PermanentBackendError`` where it lacks volumes that the plan has shown, or where
    several could be meant.
    """
    found = list(_of_that_moment(kasten, payload))
    claims = table(payload, "match").get("claims")
    wanted = {str(each) for each in claims} if isinstance(claims, list) else set()
    if found and wanted:
        found = _holding(kasten, found, wanted, payload)
    if len(found) > 1 and len({_inside(kasten, each) for each in found}) > 1:
        raise _ambiguous(kasten, found, payload)
    return min(found, key=lambda each: each.metadata.name, default=None)


def _of_that_moment(kasten: Kasten, payload: Mapping[str, object]) -> Iterator[Content]:
    match = table(payload, "match")
    space, begin = text(match, "namespace"), datetime.fromisoformat(text(match, "begin"))
    for each in kasten.list(CONTENTS, Content, selector=f"{labels.APP_NAMESPACE}={space}"):
        exported = each.export_profile or each.metadata.label(labels.EXPORT_TYPE)
        if exported and each.state.action_time == begin:
            yield each


def _holding(
    kasten: Kasten, found: Sequence[Content], wanted: set[str], payload: Mapping[str, object]
) -> list[Content]:
    """Those that hold all the volumes that the plan has shown."""
    kept = [each for each in found if wanted <= _held(kasten, each)]
    if not kept:
        raise PermanentBackendError(
            f"what was imported {wanted_words(payload)} lacks volumes that the plan has shown "
            f"({', '.join(sorted(wanted))}): it is another recovery point, or a damaged one",
            backend=TOOL,
            cluster=kasten.cluster.name,
            hint="see where the receive string leads; nothing was restored",
        )
    return kept


def _held(kasten: Kasten, content: Content) -> set[str]:
    read = kasten.find(CONTENTS, content.metadata.name, Content, part="details")
    inside = read_contents((read,), "") if read else None
    return {each.claim for each in inside.volumes if each.held} if inside else set()


def _inside(kasten: Kasten, content: Content) -> str:
    """Stands for all that is inside: what was imported twice is the same, data included."""
    name = content.metadata.name
    read = kasten.find(CONTENTS, name, dict[str, object], part="details") or {}
    return digest(table(table(read, "status"), "restorePointContentDetails").get("artifacts"))


def _ambiguous(
    kasten: Kasten, found: Sequence[Content], payload: Mapping[str, object]
) -> PermanentBackendError:
    names = ", ".join(sorted(each.metadata.name for each in found))
    return PermanentBackendError(
        f"{len(found)} contents {wanted_words(payload)} are in this catalogue, and nothing tells "
        f"which of them is meant: {names}",
        backend=TOOL,
        cluster=kasten.cluster.name,
        hint="they come from several clusters, which export to one place; nothing was restored. "
        "Choose another moment, or restore from K10's dashboard, by what the data looks like",
    )
