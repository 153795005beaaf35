"""Looking points up by workload gives what comparing all of them gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slackwater.catalogue.covering import Covering
from slackwater.model.operation import Phase
from slackwater.model.workload import Scope, Workload, WorkloadKind

from ..planning.points import point

NAMES = st.sampled_from(["shop", "crm", "team-a"])
SCOPES = st.builds(
    Scope,
    control_plane=st.booleans(),
    cluster_objects=st.booleans(),
    namespaces=st.lists(NAMES | st.sampled_from(["*", "team-*", "?hop"]), max_size=2).map(tuple),
    excluded=st.lists(NAMES, max_size=1).map(tuple),
    limits=st.sampled_from(["", "app=web"]),
)
WORKLOADS = st.builds(Workload, cluster=st.sampled_from(["eu", "us"]), namespace=NAMES) | st.builds(
    Workload, cluster=st.just("eu"), kind=st.just(WorkloadKind.CONTROL_PLANE)
)


@st.composite
def points(draw: st.DrawFn) -> list:
    scopes = draw(st.lists(SCOPES, max_size=6))
    return [
        point(
            f"p{n}", at=n, origin=draw(st.sampled_from(["eu", "us", ""])), phase=phase
        ).model_copy(update={"scope": scope})
        for n, scope in enumerate(scopes)
        for phase in [draw(st.sampled_from([Phase.SUCCEEDED, Phase.FAILED]))]
    ]


@given(points(), WORKLOADS)
def test_what_is_found_is_what_covers_newest_first(known: list, workload: Workload) -> None:
    plain = [p for p in known if p.usable and p.covers(workload)]
    assert Covering(known).of(workload) == sorted(plain, key=lambda p: p.begin, reverse=True)
