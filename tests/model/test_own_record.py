"""What tools keep for themselves: named narrowly enough never to hide what people made."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from slackwater.model.own_record import OwnRecord, OwnRecords

WHOLE = OwnRecord(kind="*.apps.tool.example", outlives=True)
ONE = OwnRecord(kind="images.storage.example.io", outlives=False)


def test_a_kind_is_own_by_its_name_or_by_its_group() -> None:
    own = OwnRecords([WHOLE, ONE])
    assert "points.apps.tool.example" in own
    assert "images.storage.example.io" in own
    for other in ("classes.storage.example.io", "apps.tool.example", "deployments.apps", "pods"):
        assert other not in own, other


def test_what_one_tool_says_may_go_may_go() -> None:
    sure = OwnRecord(kind=ONE.kind, outlives=True)
    for records in ([sure, ONE], [ONE, sure]):
        assert not OwnRecords(records).outlive(ONE.kind)
    assert OwnRecords([sure]).outlive(ONE.kind)


def test_only_a_group_that_is_whole_and_lasting_need_not_be_looked_at() -> None:
    mortal = OwnRecord(kind="*.books.tool.example", outlives=False)
    own = OwnRecords([WHOLE, ONE, mortal])
    assert own.fill("apps.tool.example")
    assert not own.fill("storage.example.io")
    assert not own.fill("books.tool.example")


@pytest.mark.parametrize(
    "kind",
    ["*", "*.apps", "pods", "configmaps", "deployments.apps", "jobs.batch", "*.networking.k8s.io"],
)
def test_what_hides_the_objects_of_people_is_no_own_record(kind: str) -> None:
    with pytest.raises(ValidationError):
        OwnRecord(kind=kind, outlives=True)
