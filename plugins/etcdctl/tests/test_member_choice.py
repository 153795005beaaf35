"""Which member is saved, and when none is."""

from __future__ import annotations

import pytest

from slackwater.errors import BackendUnavailable, PermissionDenied
from slackwater.model.operation import Phase
from slackwater_etcdctl.answers import Header, Status
from slackwater_etcdctl.emulator import EtcdWorld
from slackwater_etcdctl.emulator.api import namespace
from slackwater_etcdctl.errors import NoFitMember, TwoClusters
from slackwater_etcdctl.members import Seen, rank

LEADER = 1


def seen(member, *, applied=100, leader=LEADER, cluster=7, **more):
    status = Status(
        header=Header(cluster_id=cluster, member_id=member, revision=applied),
        leader=leader,
        raft_applied_index=applied,
        **more,
    )
    return Seen(f"https://m{member}:2379", status)


def best(*members, max_lag=10):
    return rank(members, max_lag, "home")[0]


def test_a_follower_is_preferred_to_the_leader():
    assert best(seen(1), seen(2)).endpoint == "https://m2:2379"


def test_of_the_followers_the_furthest_is_taken():
    assert best(seen(1), seen(2, applied=95), seen(3, applied=98)).endpoint == "https://m3:2379"


def test_a_learner_is_never_taken():
    assert best(seen(1), seen(2, is_learner=True)).endpoint == "https://m1:2379"


def test_a_member_that_lags_is_not_taken():
    assert best(seen(1), seen(2, applied=50)).endpoint == "https://m1:2379"
    assert best(seen(1), seen(2, applied=50), max_lag=60).endpoint == "https://m2:2379"


def test_a_member_without_a_leader_is_not_taken():
    alone = seen(2, leader=0, errors=["etcdserver: no leader"])
    assert best(seen(1), alone).endpoint == "https://m1:2379"


def test_a_corrupt_member_is_never_taken_whoever_tells():
    alarm = ["memberID:2 alarm:CORRUPT"]
    chosen = rank((seen(1, errors=alarm), seen(2), seen(3)), 10, "home")
    assert chosen[0].endpoint == "https://m3:2379"
    assert chosen[-1].hopeless


def test_a_full_database_is_no_reason_against_a_backup():
    alarm = ["memberID:1 alarm:NOSPACE"]
    assert not best(seen(1, errors=alarm), seen(2, errors=alarm)).unfit


def test_two_endpoints_of_one_member_are_one():
    assert len(rank((seen(1), seen(1)), 10, "home")) == 1


def test_members_of_two_clusters_are_refused():
    with pytest.raises(TwoClusters, match=r"7.*8"):
        rank((seen(1), seen(2, cluster=8)), 10, "home")


def test_where_all_are_silent_a_refusal_says_most():
    silent = Seen("https://m1:2379", error=BackendUnavailable("no answer"))
    denied = Seen("https://m2:2379", error=PermissionDenied("not you"))
    with pytest.raises(PermissionDenied):
        rank((silent, denied), 10, "home")


def test_a_member_that_is_stopped_or_behind_is_not_saved(stage):
    stage = stage(members=3)
    stage.world.put({"/registry/late": "x"}, except_for=["m1"])
    stage.world.stop("m2")

    point = stage.back_up(stage.backend(max_lag=0))

    assert point.phase is Phase.SUCCEEDED
    assert point.made_by.endswith("from m3")
    assert point.contents.objects == {"": 3}


def test_without_a_majority_nothing_is_saved(stage):
    stage = stage(members=3)
    stage.world.stop("m2")
    stage.world.stop("m3")

    with pytest.raises(NoFitMember, match="no leader") as raised:
        stage.back_up(stage.backend())

    assert "without_quorum" in raised.value.hint
    assert stage.stored() == []


def test_a_member_that_is_cut_off_from_the_others_is_not_saved(stage):
    stage = stage(members=3)
    cut_off = stage.world.member("m2").id
    stage.world.folder.change("troubles", **{"cut off": [cut_off]})

    assert not stage.back_up(stage.backend()).made_by.endswith("from m2")


def test_an_old_state_is_saved_where_the_settings_prefer_it_to_none(stage):
    stage = stage(members=3)
    stage.world.stop("m2")
    stage.world.stop("m3")

    point = stage.back_up(stage.backend(without_quorum=True))

    assert point.phase is Phase.PARTIAL
    assert "newest writes may be missing" in point.findings[0].message


def test_another_clusters_etcd_is_never_saved(stage, tmp_path):
    stage = stage(api=True)
    another = EtcdWorld(tmp_path / "another")
    another.put(dict([namespace("kube-system", "uid-of-another")]))

    with pytest.raises(TwoClusters, match="not that of home"):
        stage.back_up(stage.backend(**another.programs))

    assert stage.stored() == []


def test_the_uid_of_the_request_counts_where_the_api_is_silent(stage):
    stage = stage()

    with pytest.raises(TwoClusters, match="uid-of-another"):
        stage.back_up(stage.backend(), cluster_uid="uid-of-another")


def test_members_that_differ_make_a_point_partial(stage):
    stage = stage(members=3)
    stage.world.corrupt("m2", "/registry/namespaces/shop")

    point = stage.back_up(stage.backend())

    assert point.phase is Phase.PARTIAL
    assert "do not hold the same" in point.findings[0].message


def test_members_are_not_compared_where_the_settings_say_so(stage):
    stage = stage(members=3)
    stage.world.corrupt("m2", "/registry/namespaces/shop")

    assert stage.back_up(stage.backend(compare_members=False)).phase is Phase.SUCCEEDED
