"""Who protects what."""

from __future__ import annotations

from slackwater.model.capability import Capability, Description, Level, Support
from slackwater.model.finding import Severity
from slackwater.model.recovery_point import Requirement
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning.dispatch import assign

SHOP = Workload(cluster="eu", namespace="shop")
CONTROL_PLANE = Workload(cluster="eu", kind=WorkloadKind.CONTROL_PLANE)
BOTH = (Requirement.OBJECTS, Requirement.VOLUMES)
ALL = (*BOTH, Requirement.OFF_CLUSTER)


def tool(
    name: str, *can: Capability, available: bool = True, cannot: tuple[Capability, ...] = ()
) -> Description:
    levels = {c: Support(level=Level.SUPPORTED) for c in can}
    refused = {c: Support(level=Level.UNSUPPORTED, reason="not built for it") for c in cannot}
    reason = "" if available else "its server is down"
    return Description(
        tool=name, available=available, reason=reason, capabilities={**levels, **refused}
    )


WHOLE = (Capability.OBJECTS, Capability.VOLUMES, Capability.OFF_CLUSTER)


def test_every_capable_tool_is_eligible_and_preference_is_only_an_order() -> None:
    tools = {"a": tool("a", *WHOLE), "b": tool("b", *WHOLE)}
    assert assign(SHOP, BOTH, tools).tool == "a"
    assert assign(SHOP, BOTH, tools, prefer=["b"]).tool == "b"
    assert assign(SHOP, BOTH, tools, prefer=["elsewhere"]).tool == "a"


def test_the_first_preferred_tool_that_serves_all_that_is_required() -> None:
    tools = {"disks": tool("disks", Capability.VOLUMES), "whole": tool("whole", *WHOLE)}
    assert assign(SHOP, ALL, tools, prefer=["disks", "whole"]).tool == "whole"


def test_unknown_never_counts_as_supported() -> None:
    vague = Description(tool="vague", capabilities={})
    assigned = assign(SHOP, BOTH, {"vague": vague})
    assert assigned.tool == ""
    assert assigned.findings[0].code == "nobody-protects"


def test_health_does_not_choose_an_unhealthy_tool_keeps_its_workloads() -> None:
    tools = {"first": tool("first", *WHOLE, available=False), "second": tool("second", *WHOLE)}
    assigned = assign(SHOP, BOTH, tools, prefer=["first"])
    assert assigned.tool == "first"
    assert [f.severity for f in assigned.findings] == [Severity.ERROR]


def test_with_fallback_the_next_steps_in_and_a_warning_says_so() -> None:
    tools = {"first": tool("first", *WHOLE, available=False), "second": tool("second", *WHOLE)}
    assigned = assign(SHOP, BOTH, tools, prefer=["first"], fallback=True)
    assert (assigned.tool, assigned.instead_of) == ("second", "first")
    assert [f.severity for f in assigned.findings] == [Severity.WARNING]


def test_fallback_never_lowers_what_is_required() -> None:
    near = tool("near", *BOTH_CAN)
    tools = {"far": tool("far", *WHOLE, available=False), "near": near}
    assigned = assign(SHOP, ALL, tools, prefer=["far"], fallback=True)
    assert assigned.tool == "far"
    assert assigned.findings[0].severity is Severity.ERROR


BOTH_CAN = (Capability.OBJECTS, Capability.VOLUMES)


def test_a_tool_that_is_down_is_judged_by_what_it_is_known_not_to_do() -> None:
    down = tool("down", available=False, cannot=(Capability.CONTROL_PLANE,))
    assert assign(CONTROL_PLANE, (), {"down": down}).tool == ""


def test_where_nobody_can_the_reasons_are_named() -> None:
    tools = {"disks": tool("disks", Capability.VOLUMES, cannot=(Capability.OBJECTS,))}
    finding = assign(SHOP, BOTH, tools).findings[0]
    assert finding.severity is Severity.ERROR
    assert "disks (objects: not built for it)" in finding.message


def test_where_no_tool_serves_all_the_best_takes_what_it_can_and_an_error_says_what_not() -> None:
    tools = {"objects": tool("objects", Capability.OBJECTS), "both": tool("both", *BOTH_CAN)}
    assigned = assign(SHOP, ALL, tools, prefer=["objects"])
    assert assigned.tool == "both"
    assert [(f.code, f.severity) for f in assigned.findings] == [("not-all-of-it", Severity.ERROR)]


def test_if_possible_makes_it_a_warning() -> None:
    assigned = assign(CONTROL_PLANE, (), {}, optional=True)
    assert [f.severity for f in assigned.findings] == [Severity.WARNING]
