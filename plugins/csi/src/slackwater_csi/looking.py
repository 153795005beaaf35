"""Asks the storage systems whether the snapshots of recovery points are still there.

What was ready once is never asked after again (csi-snapshotter 8.7 passes over contents that are
ready), so a snapshot that was lost in its storage goes on being called ready. A content for its
handle that is bound to nothing makes csi-snapshotter ask its driver: it keeps the data when it is
deleted, and is deleted at once. Drivers that cannot list snapshots call any handle ready: each is
asked for one that was never there, too, and one that shows it is not believed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from slackwater.backend.polling import answered
from slackwater.errors import ObjectExists, PermissionDenied
from slackwater.model.recovery_point import DataSight, PointId, Whereabouts
from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.asked_points import AskedPoint, asked_points
from slackwater_csi.facts import VolumeFacts
from slackwater_csi.naming import digest
from slackwater_csi.objects import Content, Named
from slackwater_csi.resources import CONTENTS, manifest
from slackwater_csi.site import Site

_ANSWERED_WITHIN = 3.0
_NEVER_THERE = "slackwater-asks-for-what-was-never-there"
_NOT_BELIEVED = "its driver calls any snapshot ready, there or not"
_SILENT = "nobody answered"


@dataclass(frozen=True)
class Question:
    """A handle that a driver is asked for."""

    driver: str
    handle: str
    namespace: str

    @property
    def name(self) -> str:
        """The content by which it is asked."""
        return f"sw-look-{digest([self.driver, self.handle])[:16]}"


@dataclass(frozen=True)
class Answer:
    """What was said of a handle."""

    whereabouts: Whereabouts
    message: str = ""


def look_for_data(site: Site) -> Mapping[PointId, DataSight]:
    """Ask for the snapshots of this cluster's newest points, ours and others'. Leaves nothing.

    Where there is nothing to be asked about, or nobody may ask, nothing is told: a store that does
    not answer, an API that is not served and rights that are missing are findings of ``check``.
    """
    try:
        points = asked_points(site)
        return _asked(site, points) if points else {}
    except PermissionDenied:
        return {}


def _asked(site: Site, points: Sequence[AskedPoint]) -> Mapping[PointId, DataSight]:
    questions = {question_of(volume) for point in points for volume in point.volumes}
    questions |= {Question(q.driver, _NEVER_THERE, q.namespace) for q in _one_each(questions)}
    told, now = _ask_all(site.here, questions), site.clock()
    return {point.id: DataSight(at=now, **_judged(point.volumes, told)) for point in points}


def question_of(volume: VolumeFacts) -> Question:
    """Return what is to be asked for a volume."""
    return Question(volume.driver, volume.handle, volume.namespace)


def _one_each(questions: Iterable[Question]) -> Sequence[Question]:
    ordered = sorted(questions, key=lambda q: (q.driver, q.namespace))
    return list({each.driver: each for each in ordered}.values())


def _judged(volumes: Sequence[VolumeFacts], told: Mapping[Question, Answer]) -> dict[str, object]:
    """Judge a point by the gravest that was said of its snapshots."""
    answers = [(volume, told[question_of(volume)]) for volume in volumes]
    by_word: dict[Whereabouts, list[tuple[VolumeFacts, Answer]]] = defaultdict(list)
    for volume, answer in answers:
        by_word[answer.whereabouts].append((volume, answer))
    lost = by_word[Whereabouts.GONE]
    if lost:
        named = "; ".join(_as_lost(volume) for volume, _ in lost)
        claims = tuple((volume.namespace, volume.claim) for volume, _ in lost)
        return {"whereabouts": Whereabouts.GONE, "lost": claims, "message": named}
    if untold := by_word[Whereabouts.UNTOLD]:
        volume, answer = untold[0]
        said = f"{_source_of(volume)}: {answer.message}"
        return {"whereabouts": Whereabouts.UNTOLD, "message": said}
    return {"whereabouts": Whereabouts.THERE}


def _as_lost(volume: VolumeFacts) -> str:
    return (
        f"the snapshot of {_source_of(volume)} is gone from the storage of {volume.driver} "
        f"({volume.handle}); Kubernetes was not told"
    )


def _source_of(volume: VolumeFacts) -> str:
    """Whose snapshot it is: of a claim, or by its own name where that is not told."""
    return f"{volume.namespace}/{volume.claim or volume.snapshot}"


def _ask_all(here: Here, questions: set[Question]) -> Mapping[Question, Answer]:
    try:
        for question in sorted(questions, key=lambda each: each.name):
            _ask(here, question)
        told = _answers(here, {question.name for question in questions})
    finally:
        for name in _standing(here):
            here.delete(CONTENTS, name)
    believed = {q.driver for q in questions if q.handle == _NEVER_THERE and told.get(q.name)}
    return {q: _answer(told.get(q.name), believed=q.driver in believed) for q in questions}


def _answer(said: str | None, *, believed: bool) -> Answer:
    """``said`` is the error that came, nothing where it is ready, None where nobody answered."""
    if said is None:
        return Answer(Whereabouts.UNTOLD, _SILENT)
    if labels.NOT_FOUND in said:
        return Answer(Whereabouts.GONE)
    if said:
        return Answer(Whereabouts.UNTOLD, said)
    return Answer(Whereabouts.THERE) if believed else Answer(Whereabouts.UNTOLD, _NOT_BELIEVED)


def _ask(here: Here, question: Question) -> None:
    body = manifest(
        CONTENTS,
        question.name,
        labels={labels.LOOK: "yes"},
        spec={
            "deletionPolicy": "Retain",
            "driver": question.driver,
            "source": {"snapshotHandle": question.handle},
            "volumeSnapshotRef": {"name": question.name, "namespace": question.namespace},
        },
    )
    with suppress(ObjectExists):  # of a look that was killed: the answer is as good
        here.create(CONTENTS, body)


def _answers(here: Here, names: set[str]) -> Mapping[str, str]:
    """What was told of each: its error, or nothing where it is there. Silence is no answer."""
    told: dict[str, str] = {}

    def all_told() -> bool:
        for content in here.list(CONTENTS, Content, selector=f"{labels.LOOK}=yes"):
            status = content.status
            if status is not None and (status.ready_to_use is True or status.error is not None):
                told[content.name] = (status.error.message or "") if status.error else ""
        return names <= set(told)

    if names:
        answered(all_told, within=_ANSWERED_WITHIN)
    return told


def _standing(here: Here) -> Sequence[str]:
    return [each.name for each in here.list(CONTENTS, Named, selector=f"{labels.LOOK}=yes")]
