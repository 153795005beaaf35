"""Looking points up by workload gives what comparing all of them gives."""

from __future__ import annotations

from hypothesis import example, given
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


SHOP = Workload(cluster="eu", namespace="shop")
TWICE = point("p").model_copy(update={"scope": Scope(namespaces=("shop", "shop"))})
POINTS = st.lists(
    st.tuples(SCOPES, st.sampled_from(["eu", "us", ""]), st.sampled_from(list(Phase))), max_size=6
).map(
    lambda drawn: [
        point(f"p{n}", at=n, origin=origin, phase=phase).model_copy(update={"scope": scope})
        for n, (scope, origin, phase) in enumerate(drawn)
    ]
)


@example([TWICE], SHOP)
@given(POINTS, WORKLOADS)
def test_what_is_found_is_what_covers_newest_first(known: list, workload: Workload) -> None:
    plain = [p for p in known if p.usable and p.covers(workload)]
    assert list(Covering(known).of(workload)) == sorted(plain, key=lambda p: p.begin, reverse=True)
