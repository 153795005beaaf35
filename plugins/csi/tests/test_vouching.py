"""What the cluster says of a published point's snapshots when points are listed: nothing that
nobody vouches for is called good.
"""

from __future__ import annotations

import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Whereabouts, shortfalls
from slackwater.testing.kubernetes_api import Rule
from slackwater_csi import labels
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.rights import needs


@pytest.fixture
def made(stage):
    """The point of the shop, one of its contents, and how to look at the point again."""
    point = stage.back_up()
    (content, *_) = [
        each for each in stage.api.list(CONTENTS) if each["spec"]["source"]["volumeHandle"]
        == "vol-shop-data"
    ]  # fmt: skip
    return point, content


def seen(stage, point):
    """The point as it is listed and as it is read: both say the same."""
    listed, read = stage.point(point.name), stage.backend().get_recovery_point(point.id)
    assert (listed.phase, listed.contents) == (read.phase, read.contents)
    return listed


def reason(stage, point):
    found = seen(stage, point)
    assert found.phase is Phase.PARTIAL
    (lost,) = [volume for volume in found.contents.volumes if not volume.held]
    assert lost.claim == "data"
    assert any("data" in gap for gap in shortfalls(found, stage.request().workload, ()))
    return lost.reason


def test_what_stands_is_good_and_says_that_the_storage_was_not_asked(stage, made):
    point, _ = made
    found = seen(stage, point)
    assert found.phase is Phase.SUCCEEDED
    assert found.data.whereabouts is Whereabouts.NEVER_ASKED


def test_a_namespace_that_is_gone_takes_nothing_with_it(stage, made):
    point, _ = made
    stage.wreck()
    stage.csi.tick()
    assert stage.api.list(SNAPSHOTS, "shop") == []
    assert seen(stage, point).phase is Phase.SUCCEEDED


def forget(stage, content):
    stage.csi.world.change(CONTENTS, content, {"metadata": {"finalizers": None}})
    stage.api.delete(CONTENTS, content["metadata"]["name"])


def test_a_content_that_is_gone_vouches_for_nothing(stage, made):
    point, content = made
    forget(stage, content)
    assert f"{content['metadata']['name']} is gone from the cluster" in reason(stage, point)


def test_another_content_for_the_same_snapshot_vouches_for_it(stage, made):
    point, content = made
    forget(stage, content)
    source = {"snapshotHandle": content["status"]["snapshotHandle"]}
    ref = {"name": "by-hand", "namespace": "shop"}
    about = {"name": "by-hand"}
    spec = {**content["spec"], "source": source, "volumeSnapshotRef": ref}
    stage.csi.world.create({**content, "metadata": about, "spec": spec, "status": {}})
    assert "is gone from the cluster" in reason(stage, point), "nobody has asked its driver yet"
    stage.csi.tick(2)
    assert seen(stage, point).phase is Phase.SUCCEEDED


def test_a_content_that_complains_says_why(stage, made):
    point, content = made
    stage.csi.world.status(CONTENTS, content, {"error": {"message": "the pool is gone"}})
    assert reason(stage, point).endswith("is not ready: the pool is gone")


def test_a_content_that_is_being_deleted_is_as_good_as_gone(stage, made):
    point, content = made
    mark = {"metadata": {"finalizers": [labels.CONTENT_PROTECTION, "example.org/slow"]}}
    stage.csi.world.change(CONTENTS, content, mark)
    stage.api.delete(CONTENTS, content["metadata"]["name"])
    assert "is being deleted" in reason(stage, point)


def test_a_content_of_something_else_vouches_for_nothing(stage, made):
    point, content = made
    bound = content["spec"]["volumeSnapshotRef"]
    other = {"spec": {"volumeSnapshotRef": {**bound, "uid": "another"}}}
    stage.csi.world.change(CONTENTS, content, other)
    assert "belongs to another snapshot" in reason(stage, point)
    stage.csi.world.change(CONTENTS, content, {"spec": {"volumeSnapshotRef": bound}})
    stage.csi.world.status(CONTENTS, content, {"snapshotHandle": "another"})
    assert "stands for another snapshot" in reason(stage, point)


def test_where_contents_may_not_be_read_nothing_is_called_good(stage, made):
    point, _ = made
    few = [
        Rule(need.verbs, (need.kind.plural,), (need.kind.group,))
        for need in needs(objects=True, groups=True)
        if str(need) != CONTENTS and str(need) != "any kind"
    ]
    stage.server.rights("few", *few, user="few")
    backend = stage.backend(token="few")
    read = backend.get_recovery_point(point.id)
    assert read.phase is Phase.PARTIAL
    assert all("may not be read here" in v.reason for v in read.contents.volumes if not v.held)
