"""Who protects what: the tool chosen for each workload.

Configuration and capability choose, health does not. Else an outage of one tool would turn
backups that leave the cluster into snapshots on the same disks, without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slackwater.model.capability import Capability, Description, Level
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import Requirement
from slackwater.model.workload import Workload, WorkloadKind

_KIND_NEEDS = {
    WorkloadKind.CONTROL_PLANE: (Capability.CONTROL_PLANE,),
    WorkloadKind.CLUSTER_OBJECTS: (Capability.CLUSTER_OBJECTS,),
    WorkloadKind.VOLUME: (Capability.VOLUMES,),
}
_REQUIREMENT_NEEDS = {
    Requirement.OBJECTS: Capability.OBJECTS,
    Requirement.VOLUMES: Capability.VOLUMES,
    Requirement.OFF_CLUSTER: Capability.OFF_CLUSTER,
}


@dataclass(frozen=True)
class Assignment:
    """The tool that protects a workload, or none with the reason.

    ``instead_of`` names the preferred tool that a fallback stands in for.
    """

    workload: Workload
    require: tuple[Requirement, ...]
    tool: str = ""
    instead_of: str = ""
    findings: tuple[Finding, ...] = ()


def assign(
    workload: Workload,
    require: tuple[Requirement, ...],
    tools: Mapping[str, Description],
    *,
    prefer: Sequence[str] = (),
    fallback: bool = False,
    optional: bool = False,
) -> Assignment:
    """Choose the tool for a workload: the first preferred one that is capable of all it requires.

    ``prefer`` is only an order; every tool of the cluster is eligible. ``optional`` makes "no tool
    can" a warning instead of an error (``if-possible`` in a policy).
    """
    needs = _needs(workload, require)
    order = sorted(tools, key=lambda name: _rank(name, prefer))
    capable = [name for name in order if not _missing(tools[name], needs)]
    if not capable:
        return _second_best(workload, require, tools, order, needs, optional=optional)
    first = capable[0]
    if tools[first].available or not fallback:
        return Assignment(workload, require, first, findings=_unhealthy(workload, tools[first]))
    standing_in = next((name for name in capable if tools[name].available), first)
    if standing_in == first:
        return Assignment(workload, require, first, findings=_unhealthy(workload, tools[first]))
    warning = _stands_in(workload, tools[first], standing_in)
    return Assignment(workload, require, standing_in, instead_of=first, findings=(warning,))


def asked_of_tools(require: tuple[Requirement, ...], *, volumes: bool) -> tuple[Requirement, ...]:
    """Return what a tool must be capable of: where there is no volume, none must be held."""
    if volumes:
        return require
    return tuple(item for item in require if item is not Requirement.VOLUMES)


def _second_best(
    workload: Workload,
    require: tuple[Requirement, ...],
    tools: Mapping[str, Description],
    order: Sequence[str],
    needs: tuple[Capability, ...],
    *,
    optional: bool,
) -> Assignment:
    """Let a tool take what it can of a namespace, and say what it cannot.

    Objects without volumes are better than nothing; that it is not all is an error finding now,
    and the recovery point will not be good.
    """
    able = [name for name in order if not _missing(tools[name], (Capability.OBJECTS,))]
    if (
        workload.kind is not WorkloadKind.NAMESPACE
        or Requirement.OBJECTS not in require
        or not able
    ):
        finding = _nobody(workload, tools, needs, optional=optional)
        return Assignment(workload, require, findings=(finding,))
    best = min(able, key=lambda name: len(_missing(tools[name], needs)))
    lacking = "; ".join(_missing(tools[best], needs))
    finding = Finding(
        severity=Severity.ERROR,
        code="not-all-of-it",
        subject=str(workload),
        message=f"no tool here serves all that is required; {best} lacks {lacking}",
        way_out="configure a capable backend for this cluster, or require less in the policy",
        cluster=workload.cluster,
        tool=best,
    )
    ill = _unhealthy(workload, tools[best])
    return Assignment(workload, require, best, findings=(finding, *ill))


def _needs(workload: Workload, require: tuple[Requirement, ...]) -> tuple[Capability, ...]:
    by_kind = _KIND_NEEDS.get(workload.kind)
    required = tuple(_REQUIREMENT_NEEDS[item] for item in require)
    if by_kind is None:
        return required
    return (*by_kind, *(need for need in required if need is Capability.OFF_CLUSTER))


def _rank(name: str, prefer: Sequence[str]) -> tuple[int, str]:
    return (prefer.index(name) if name in prefer else len(prefer), name)


def _missing(tool: Description, needs: tuple[Capability, ...]) -> tuple[str, ...]:
    """Return what the tool lacks, in words.

    A tool that is down is judged by what it would be capable of: only a known "no" rules it out.
    """
    lacking = []
    for need in needs:
        support = tool.capabilities.get(need)
        level = support.level if support else Level.UNKNOWN
        if level is Level.UNSUPPORTED or (tool.available and level is not Level.SUPPORTED):
            reason = support.reason if support and support.reason else level.value
            lacking.append(f"{need}: {reason}")
    return tuple(lacking)


def _nobody(
    workload: Workload,
    tools: Mapping[str, Description],
    needs: tuple[Capability, ...],
    *,
    optional: bool,
) -> Finding:
    reasons = [f"{name} ({'; '.join(_missing(tools[name], needs))})" for name in tools]
    why = "no tool is configured" if not reasons else "not capable: " + ", ".join(reasons)
    return Finding(
        severity=Severity.WARNING if optional else Severity.ERROR,
        code="nobody-protects",
        subject=str(workload),
        message=f"no tool in {workload.cluster} can back it up; {why}",
        way_out="configure a capable backend for this cluster, or require less in the policy",
        cluster=workload.cluster,
    )


def _unhealthy(workload: Workload, tool: Description) -> tuple[Finding, ...]:
    if tool.available:
        return ()
    return (
        Finding(
            severity=Severity.ERROR,
            code="tool-unavailable",
            subject=str(workload),
            message=f"{tool.tool} protects it and is not available: {tool.reason}",
            way_out="repair it (slackwater doctor says how), or allow fallback in the policy",
            cluster=workload.cluster,
            tool=tool.tool,
        ),
    )


def _stands_in(workload: Workload, first: Description, second: str) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="fallback",
        subject=str(workload),
        message=f"{second} stands in for {first.tool}, which is not available: {first.reason}",
        way_out="slackwater doctor says how to repair it",
        cluster=workload.cluster,
        tool=second,
    )
