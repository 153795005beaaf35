"""One recovery point, however many clusters show it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slackwater.catalogue.merging import merge
from slackwater.model.request import Store

from ..planning.points import point


def store(cluster: str, *, writable: bool, identity: str = "s3/bucket") -> Store:
    return Store(
        tool="tide",
        identity=identity,
        cluster=cluster,
        name="main",
        writable=writable,
        available=True,
    )


def test_a_point_that_two_clusters_show_is_one_with_two_places() -> None:
    merged = merge([[point("p", places=("eu",))], [point("p", places=("us",))]], [])
    assert [[place.cluster for place in found.places] for found in merged] == [["eu", "us"]]


def test_equal_names_in_two_stores_are_two_points() -> None:
    assert len(merge([[point("p", store="a"), point("p", store="b")]], [])) == 2


def test_the_newest_comes_first() -> None:
    merged = merge([[point("old", at=50)], [point("new", at=5), point("mid", at=20)]], [])
    assert [found.name for found in merged] == ["new", "mid", "old"]


def test_the_only_cluster_that_may_write_is_the_origin() -> None:
    stores = [store("eu", writable=True), store("us", writable=False)]
    assert merge([[point("p", origin="")]], stores)[0].origin == "eu"


def test_with_two_writers_the_origin_stays_unknown() -> None:
    stores = [store("eu", writable=True), store("us", writable=True)]
    assert merge([[point("p", origin="")]], stores)[0].origin == ""


def test_without_a_writer_the_origin_stays_unknown() -> None:
    assert merge([[point("p", origin="")]], [store("us", writable=False)])[0].origin == ""


def test_a_stamp_is_believed_before_the_stores() -> None:
    assert merge([[point("p", origin="dead")]], [store("eu", writable=True)])[0].origin == "dead"


def test_the_account_that_knows_the_contents_is_kept() -> None:
    unread, read = point("p", objects=None, places=("us",)), point("p", places=("eu",))
    for order in ([unread, read], [read, unread]):
        found = merge([[one] for one in order], [])[0]
        assert found.contents is not None
        assert {place.cluster for place in found.places} == {"eu", "us"}


@given(st.lists(st.lists(st.sampled_from("abcde"), unique=True), max_size=5))
def test_each_point_appears_exactly_once_whoever_shows_it(shown: list[list[str]]) -> None:
    listings = [
        [point(name, places=(f"c{number}",)) for name in names]
        for number, names in enumerate(shown)
    ]
    merged = merge(listings, [])
    assert sorted(found.name for found in merged) == sorted({n for names in shown for n in names})
    for found in merged:
        assert len(found.places) == sum(found.name in names for names in shown)
