"""What is chosen by an index, asked many times, is what looking at every point would choose."""

from __future__ import annotations

from random import Random

import pytest

from slackwater.catalogue.covering import Covering
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Contents, RecoveryPoint, Requirement
from slackwater.model.workload import Scope, Workload, WorkloadKind
from slackwater.planning import choosing
from slackwater.planning.choosing import Selections, Wanted, choose

from .plain_choice import Chosen, plainly_chosen
from .points import NOON, minutes, point, volume

WHOLE = Contents(objects={"shop": 3, "crm": 3})
CONTENTS = [
    *[WHOLE] * 6,
    Contents(objects={"shop": 3}),
    Contents(objects={"shop": 3, "crm": 3}, volumes=(volume("shop/data", held=False),)),
    Contents(objects={"shop": 3, "crm": 3}, volumes=(volume("crm/data", off_cluster=False),)),
    *[None] * 3,
]
SCOPES = [
    *[Scope(namespaces=("shop",)), Scope(namespaces=("crm",))] * 4,
    Scope(namespaces=("shop", "crm")),
    Scope(namespaces=("*",), cluster_objects=True),
    Scope(namespaces=("s*",)),
    Scope(namespaces=("*",), excluded=("shop",)),
    Scope(namespaces=("shop",), limits="only app=web"),
]
PHASES = [*[Phase.SUCCEEDED] * 8, Phase.PARTIAL, Phase.FAILED, Phase.RUNNING]
MARKS = [("", ""), ("before", "r-1"), ("before", "r-2"), ("after", "r-3")]
WORKLOADS = [
    *[Workload(cluster="eu", namespace=name) for name in ("shop", "crm")] * 3,
    Workload(cluster="us", namespace="shop"),
    Workload(cluster="eu", kind=WorkloadKind.CLUSTER_OBJECTS),
    Workload(cluster="eu", kind=WorkloadKind.VOLUME, namespace="shop", name="data"),
]


def some_points(draw: Random) -> list[RecoveryPoint]:
    """Make points as they never are: clocks are wrong, and many begin in the same minute."""
    found = []
    for number in range(draw.randrange(40)):
        mark, run = draw.choice(MARKS)
        made = point(
            f"p{number}",
            at=draw.randrange(60),
            lasts=draw.choice([1, 5, 30, -10]),
            origin=draw.choice(["eu", "eu", "eu", "us"]),
            phase=draw.choice(PHASES),
            mark=mark,
            run=run,
        )
        inside = {"scope": draw.choice(SCOPES), "contents": draw.choice(CONTENTS)}
        found.append(made.model_copy(update=inside))
    return found


def some_wanted(draw: Random) -> list[Wanted]:
    required = [item for item in Requirement if draw.random() < 0.4]
    return [Wanted(draw.choice(WORKLOADS), tuple(required)) for _ in range(draw.randrange(4))]


def read(known: RecoveryPoint) -> RecoveryPoint:
    """Those with an even number turn out whole; into the others nobody can look."""
    if known.contents is not None or int(known.name[1:]) % 2:
        return known
    return known.model_copy(update={"contents": WHOLE})


def as_chosen(found: Selections) -> Chosen:
    return found.mark, [
        (item.point and item.point.name, item.gaps, [p.name for p, _ in item.passed_over])
        for item in found.items
    ]


@pytest.mark.parametrize("seed", range(40))
def test_one_index_answers_every_question_as_looking_at_all_points_does(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = Random(seed)  # noqa: S311  the same points every time, and no secret
    points = some_points(draw)
    index = Covering(points)
    for _ in range(40):
        monkeypatch.setattr(choosing, "MOST_READ", draw.choice([1, 3, 20]))
        wanted, moment = some_wanted(draw), NOON - minutes(draw.randrange(-10, 60))
        tolerance, accept = minutes(draw.choice([0, 5, 15])), draw.random() < 0.3
        found = choose(wanted, index, moment, read, tolerance=tolerance, accept_partial=accept)
        assert as_chosen(found) == plainly_chosen(
            wanted,
            points,
            moment,
            read,
            tolerance=tolerance,
            accept_partial=accept,
            most_read=choosing.MOST_READ,
        )
