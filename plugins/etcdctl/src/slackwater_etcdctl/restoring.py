"""Performs the acts of a restore: finds what an act is, and does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from slackwater.backend import Report, Stopped
from slackwater.model.act import Act, Key
from slackwater_etcdctl.acts import not_ours, text
from slackwater_etcdctl.blueprint import Blueprint
from slackwater_etcdctl.healthy import require_control_plane, require_members, require_silence
from slackwater_etcdctl.host_commands import HostCommandRunner
from slackwater_etcdctl.preparing import fetch, prepare, remove_prepared
from slackwater_etcdctl.proving import prove
from slackwater_etcdctl.restore_acts import RestoreDo
from slackwater_etcdctl.restore_settings import HostCommand
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.swapping import swap, swap_command

_Perform = Callable[[Site, Blueprint, Key, Report], Mapping[str, object]]


def perform_restore(site: Site, act: Act, key: Key, report: Report) -> Mapping[str, object]:
    """Perform an act of a restore. Raises ``Unsupported`` for an act that is none."""
    perform = _PERFORMED.get(text(act, "do"))
    if perform is None:
        raise not_ours(act)
    if report.stopping:
        raise Stopped
    return perform(site, Blueprint.of(act), key, report)


def _stop_api_servers(site: Site, plan: Blueprint, _: Key, report: Report) -> Mapping[str, object]:
    return _one_by_one(site, report, [(f"API server {s.host}", s.stop) for s in plan.api_servers])


def _start_api_servers(site: Site, plan: Blueprint, _: Key, report: Report) -> Mapping[str, object]:
    return _one_by_one(site, report, [(f"API server {s.host}", s.start) for s in plan.api_servers])


def _stop_members(site: Site, plan: Blueprint, _: Key, report: Report) -> Mapping[str, object]:
    commands = [(m.label, m.commands.stop) for m in plan.members if m.commands]
    return _one_by_one(site, report, commands)


def _start_members(site: Site, plan: Blueprint, _: Key, report: Report) -> Mapping[str, object]:
    commands = [(m.label, m.commands.start) for m in plan.members if m.commands]
    return {"done": HostCommandRunner.of(site, report).run_together(commands)}


def _restart(site: Site, plan: Blueprint, _: Key, report: Report) -> Mapping[str, object]:
    return _one_by_one(site, report, [("restart", command) for command in plan.restart])


def _swap(site: Site, plan: Blueprint, _: Key, report: Report) -> Mapping[str, object]:
    """Member by member; a kill in between leaves each as it was or done."""
    for member in plan.members:
        if report.stopping:
            raise Stopped
        command = swap_command(plan, member)
        if command is None:
            swap(plan, member)
        else:
            HostCommandRunner.of(site, report).run(member.label, command)
    return {"aside": {member.name: plan.aside(member) for member in plan.members}}


def _one_by_one(
    site: Site, report: Report, commands: Sequence[tuple[str, HostCommand]]
) -> Mapping[str, object]:
    runner = HostCommandRunner.of(site, report)
    return {"done": sum(runner.run(subject.strip(), command) for subject, command in commands)}


_PERFORMED: Mapping[str, _Perform] = {
    RestoreDo.FETCH: fetch,
    RestoreDo.PREPARE: prepare,
    RestoreDo.PROVE: lambda site, plan, _, report: prove(site, plan, report),
    RestoreDo.STOP_API_SERVERS: _stop_api_servers,
    RestoreDo.STOP_MEMBERS: _stop_members,
    RestoreDo.REQUIRE_SILENCE: lambda site, plan, _, report: require_silence(site, plan, report),
    RestoreDo.SWAP: _swap,
    RestoreDo.START_MEMBERS: _start_members,
    RestoreDo.REQUIRE_MEMBERS: lambda site, plan, _, report: require_members(site, plan, report),
    RestoreDo.START_API_SERVERS: _start_api_servers,
    RestoreDo.REQUIRE_CONTROL_PLANE: lambda site, plan, _, report: require_control_plane(
        site, plan, report
    ),
    RestoreDo.RESTART: _restart,
    RestoreDo.REMOVE_PREPARED: lambda _, plan, key, __: remove_prepared(plan, key),
}
