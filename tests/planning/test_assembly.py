"""Acts of many requests in one graph of steps."""

from __future__ import annotations

from slackwater.model.act import Act, ActKind
from slackwater.model.step import OwnAct, Step
from slackwater.planning.assembly import Assembly, making_step


def acts(namespace: str) -> list[Act]:
    return [
        Act(id="show", kind=ActKind.PERFORMED, title="show the store"),
        Act(
            id="restore",
            kind=ActKind.OPERATED,
            title=f"restore {namespace}",
            needs=("show",),
            writes=(namespace,),
            payload={"namespace": namespace},
        ),
        Act(
            id="hide",
            kind=ActKind.PERFORMED,
            title="hide the store",
            needs=("restore",),
            always=True,
        ),
    ]


def by_title(steps: tuple[Step, ...]) -> dict[str, Step]:
    return {step.act.title: step for step in steps}


def two_requests() -> dict[str, Step]:
    assembly = Assembly()
    check = assembly.add_own(OwnAct.CHECK_TARGET, "dr", "check dr")
    assembly.add_acts("dr", "tide", acts("shop"), after=[check])
    assembly.add_acts("dr", "tide", acts("crm"), after=[check], before_writing=[])
    return by_title(assembly.finished())


def test_acts_that_requests_share_become_one_step() -> None:
    steps = two_requests()
    assert len(steps) == 5
    assert steps["restore shop"].needs == steps["restore crm"].needs


def test_shared_clean_up_waits_for_all_that_use_it_and_comes_last() -> None:
    steps = two_requests()
    hide = steps["hide the store"]
    assert set(hide.needs) == {steps["restore shop"].id, steps["restore crm"].id}
    assert hide.id == "5"


def test_clean_up_does_not_need_what_comes_before_everything() -> None:
    steps = two_requests()
    assert steps["check dr"].id not in steps["hide the store"].needs


def test_only_what_writes_waits_for_what_is_cleared_out_of_the_way() -> None:
    assembly = Assembly()
    cleared = assembly.add_own(OwnAct.DELETE_NAMESPACE, "dr", "delete dr/shop")
    assembly.add_acts("dr", "tide", acts("shop"), before_writing=[cleared])
    steps = by_title(assembly.finished())
    assert steps["delete dr/shop"].id in steps["restore shop"].needs
    assert steps["delete dr/shop"].id not in steps["show the store"].needs


def test_places_that_are_written_to_carry_their_cluster() -> None:
    assert two_requests()["restore crm"].writes == ("dr/crm",)


def test_the_same_acts_in_two_clusters_stay_two() -> None:
    assembly = Assembly()
    assembly.add_acts("dr", "tide", acts("shop"))
    assembly.add_acts("eu", "tide", acts("shop"))
    assert len(assembly.finished()) == 6


def test_what_an_own_act_works_on_follows_the_numbering() -> None:
    assembly = Assembly()
    first = assembly.add_own(OwnAct.STAMP_MARK, "", "mark", always=True)
    made = assembly.add_acts("eu", "tide", acts("shop"))["restore"]
    assembly.add_own(OwnAct.READ_BACK, "eu", "read back", of=made, needs=[made])
    steps = by_title(assembly.finished())
    assert first == "1"
    assert steps["read back"].of == steps["restore shop"].id


def test_what_is_shared_does_not_wait_for_what_waits_for_it() -> None:
    assembly = Assembly()
    check = assembly.add_own(OwnAct.CHECK_TARGET, "dr", "check dr")
    first = assembly.add_acts("dr", "tide", acts("shop"), after=[check])
    assembly.add_acts("dr", "tide", acts("crm"), after=[check, first["restore"]])
    steps = by_title(assembly.finished())
    assert steps["show the store"].needs == (steps["check dr"].id,)
    assert steps["restore shop"].id in steps["restore crm"].needs


def test_the_point_is_made_by_the_last_act_that_is_no_clean_up() -> None:
    steps = Assembly().add_acts("dr", "tide", acts("shop"))
    assert making_step(acts("shop"), steps) == steps["restore"]
