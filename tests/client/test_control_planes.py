"""Plans and runs that turn a whole cluster back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from slackwater.errors import PlanChanged, TargetBusy
from slackwater.model.act import ActKind
from slackwater.model.run import RunState
from slackwater.model.step import OwnAct
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.memory import Mishap, Refusal

from .stage import Stage, drive
from .turning_back import GUIDED, acts, begin, chosen, codes, go_on, said, waiting


def test_a_mark_spans_both_tools(kept: Stage) -> None:
    with kept.open() as fleet:
        (mark,) = fleet.ledger.marks("noon")
        stamps = [p.stamp for p in fleet.points().points]
        plan = fleet.plan(at="now", policy="whole", control_plane="eu", to={"eu": "dr"})
    assert mark.complete
    assert {str(part.workload) for part in mark.parts} == {
        "eu/shop",
        "eu/crm",
        "eu (control-plane)",
        "eu (cluster-objects)",
    }
    assert {(s.mark, s.mark_parts, s.spread) for s in stamps if s} == {
        ("noon", 4, round(mark.spread or 0, 3))
    }
    assert plan.mark == "noon", "chosen over both tools"


def test_a_policy_alone_turns_no_cluster_back(kept: Stage) -> None:
    with kept.open() as fleet:
        plan = fleet.plan(at="now", policy="whole", to="dr")
    assert chosen(plan).keys() == {"eu/shop", "eu/crm"}
    assert "--control-plane eu brings it back" in said(plan, "left-out")
    assert "--cluster-objects eu brings it back" in said(plan, "left-out")
    assert not plan.blocked


def test_a_control_plane_alone(kept: Stage) -> None:
    with kept.open() as fleet:
        plan = fleet.plan(at="now", control_plane="eu", to="dr")
    assert chosen(plan) == {
        "eu (control-plane)": ("eu (control-plane)", "memory-archive", False)
    }, "it goes back where it was, whatever --to says"
    assert acts(plan) == [OwnAct.CHECK_TARGET, *GUIDED]
    assert [step.id for step in plan.steps if step.writes == ("eu",)] == ["4"]
    assert plan.steps[-1].needs == ("2", "3", "4", "5")
    assert [p.control_plane for p in plan.pins] == ["store of eu"]
    assert "every namespace, is undone" in said(plan, "turns-back")
    assert "1 volume keeps today's data" in said(plan, "volumes-stay")
    assert "shop/data" in said(plan, "volumes-stay")
    assert not plan.blocked


def test_what_is_newer_than_the_control_plane_is_told(kept: Stage) -> None:
    with kept.open() as fleet:
        moment = fleet.clock()
        drive(fleet.backup(namespace="shop"))
        plan = fleet.plan(at=moment, control_plane="eu")
    newer = said(plan, "newer-records")
    assert re.match("[1-4] recovery points? of memory newer than sw-eu-control-plane", newer)


def test_what_goes_back_to_its_place_is_covered_by_the_control_plane(kept: Stage) -> None:
    with kept.open() as fleet:
        plan = fleet.plan(
            at="now", policy="whole", control_plane="eu", cluster_objects="eu", map={"crm": "crm2"}
        )
    assert chosen(plan) == {
        "eu (control-plane)": ("eu (control-plane)", "memory-archive", False),
        "eu (cluster-objects)": ("eu (cluster-objects)", "memory-archive", True),
        "eu/shop": ("eu/shop", "memory-archive", True),
        "eu/crm": ("eu/crm2", "memory", False),
    }
    assert acts(plan) == [OwnAct.CHECK_TARGET, *GUIDED, OwnAct.LOOK_AGAIN, "restore"]
    assert not codes(plan) & {"left-out", "exists"}


def test_volumes_follow_their_control_plane_where_what_stands_may_change(kept: Stage) -> None:
    """It holds no data; the tool that does exchanges the volumes once their claims are back."""
    with kept.open() as fleet:
        plan = fleet.plan(at="now", policy="whole", control_plane="eu", update=True)
        kept.apis["eu"].delete("persistentvolumeclaims", "data", "shop")
        without = fleet.plan(at="now", policy="whole", control_plane="eu", update=True)

    assert chosen(plan) == {
        "eu (control-plane)": ("eu (control-plane)", "memory-archive", False),
        "eu/shop": ("eu/shop", "memory", False),
        "eu/crm": ("eu/crm", "memory-archive", True),
    }
    assert acts(plan) == [OwnAct.CHECK_TARGET, *GUIDED, OwnAct.LOOK_AGAIN, "restore"]
    assert "volumes-stay" not in codes(plan), "the only volume there is follows"
    assert (plan.mark, plan.blocked) == ("noon", False)
    # What does not stand now, but will again, nobody could plan to exchange.
    assert chosen(without)["eu/shop"] == ("eu/shop", "memory-archive", True)


def test_cluster_objects_come_before_the_namespaces_and_from_no_control_plane(kept: Stage) -> None:
    with kept.open() as fleet:
        plan = fleet.plan(at="now", cluster="eu", namespace="shop", cluster_objects="eu", to="dr")
    assert chosen(plan) == {
        "eu (cluster-objects)": ("dr (cluster-objects)", "memory", False),
        "eu/shop": ("dr/shop", "memory", False),
    }
    whole, part = (step for step in plan.steps if step.act.id == "restore")
    assert (whole.writes, part.writes) == ((), ("dr/shop",))
    assert whole.id in part.needs


def test_only_control_planes_serve_control_planes(stage: Stage) -> None:
    stage.keep_control_plane("eu")
    stage.put("eu", "shop")
    with stage.open() as fleet:
        drive(fleet.backup(control_plane="eu"))
        whole, part = (
            fleet.plan(at="now", cluster_objects="eu", to="dr"),
            fleet.plan(at="now", namespace="shop", cluster="eu", to="dr"),
        )
    assert (codes(whole), codes(part)) == ({"no-good-point"}, {"no-good-point"})


def test_a_guided_restore_goes_on_the_next_day_in_another_process(kept: Stage) -> None:
    with kept.open() as fleet:
        plan = fleet.plan(at="now", control_plane="eu")
        handle = begin(fleet, plan)
        assert handle.now.state is RunState.WAITING
        assert "later" in kept.world.namespaces("eu"), "nothing was touched before somebody said so"
    kept.silence("eu")  # a person stops the API servers
    with kept.open() as fleet:
        run = go_on(fleet.run(handle.id))
        assert waiting(run) == "5"
        assert "later" not in kept.world.namespaces("eu")
        assert kept.held("eu", "shop") is not None
    kept.come_back("eu")
    with kept.open() as fleet:
        run = go_on(fleet.run(handle.id))
    assert run.state is RunState.SUCCEEDED
    assert [r.attempt for r in run.steps][3] == 1, "put in place once"


def test_it_waits_for_the_api_server_as_long_as_runs_have_patience(kept: Stage) -> None:
    with kept.open() as fleet:
        handle = begin(fleet, fleet.plan(at="now", control_plane="eu"))
        go_on(handle)
        kept.silence("eu")
        run = go_on(handle)
    assert run.state is RunState.PARTIAL, "it was put in place, and is not known to be well"
    assert "503" in run.steps[-1].message
    assert "given up after 1 s" in run.steps[-1].message


def test_a_silent_cluster_is_taken_for_the_one_the_point_says(kept: Stage) -> None:
    kept.silence("eu")
    with kept.open() as fleet:
        plan = fleet.plan(at="now", control_plane="eu")
        (pin,) = plan.pins
        uid = next(p.stamp.cluster_uid for p in fleet.points().points if p.stamp)
        assert (pin.seen, pin.uid, pin.control_plane) == (False, uid, "store of eu")
        assert "is compared before each step" in said(plan, "not-seen")
        assert "is not known, it does not answer" in said(plan, "volumes-stay")
        assert not plan.blocked
        handle = begin(fleet, plan)
        go_on(handle)
        kept.come_back("eu")
        assert go_on(handle).state is RunState.SUCCEEDED


def test_where_nothing_answers_a_person_says_that_these_are_the_hosts(kept: Stage) -> None:
    kept.silence("eu")
    unheard = Mishap(refusal=Refusal.UNAVAILABLE, requests=("read control plane",), times=None)
    kept.world.misbehave("eu", unheard)
    with kept.open() as fleet:
        plan = fleet.plan(at="now", control_plane="eu")
        assert plan.pins[0].control_plane == ""
        assert acts(plan) == ["confirm-hosts", *GUIDED]
        assert plan.steps[0].act.kind is ActKind.PERSON
        assert plan.pins[0].uid in plan.steps[0].act.instructions
        handle = begin(fleet, plan)
        assert waiting(handle.now) == "1", "nothing is begun before that"
        run = go_on(handle)
        assert waiting(run) == "3"
        kept.come_back("eu")
        go_on(handle)
        assert go_on(handle).state is RunState.SUCCEEDED


def another_store(stage: Stage) -> None:
    with stage.world.open() as shelves:
        shelves.write("control-plane", "eu", "somebody else's")


def another_cluster(stage: Stage) -> None:
    server = stage.keep(serve(KubernetesApi("other"), token="token-of-eu"))
    text = stage.kubeconfig.read_text().replace(stage.servers["eu"].url, server.url)
    stage.kubeconfig.write_text(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (another_store, "another control plane now: its store was store of eu"),
        (another_cluster, "eu is another cluster now"),
    ],
)
@pytest.mark.parametrize("silent", [False, True])
def test_nothing_is_done_to_another_cluster_of_that_name(
    kept: Stage, change: Callable[[Stage], None], words: str, silent: bool
) -> None:
    if silent:
        kept.silence("eu")
    with kept.open() as fleet:
        plan = fleet.plan(at="now", control_plane="eu")
        handle = begin(fleet, plan)
        again = fleet.plan(at="now", control_plane="eu")
    change(kept)
    with kept.open() as fleet:
        with pytest.raises(PlanChanged, match=words):
            fleet.restore(again, confirm=again.digest)
        run = go_on(fleet.run(handle.id))
    assert run.state is RunState.FAILED
    assert words in run.message
    assert "later" in kept.world.namespaces("eu")


def test_two_restores_never_hold_one_cluster(kept: Stage) -> None:
    with kept.open() as fleet:
        whole = fleet.plan(at="now", control_plane="eu")
        part = fleet.plan(at="now", namespace="shop", cluster="eu", map={"shop": "shop2"})
        begin(fleet, whole)
        with pytest.raises(TargetBusy, match="is writing into eu"):
            fleet.restore(part, confirm=part.digest)
