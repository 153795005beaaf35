"""Plans of restores: the acts in order, exact words for people, and what is against it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.finding import Finding, Severity
from slackwater.model.request import Existing, RestoreMapping
from slackwater.model.workload import Workload
from slackwater_etcdctl.facts import SnapshotFacts
from slackwater_etcdctl.restore_planning import RestorePlanner
from slackwater_etcdctl.site import Site

from .made import CLUSTER, COMMANDS, FACTS, NOW, request, site

HOST = {"host": "cp1", "stop": ["true"], "start": ["true"]}


def planned(where: Site, facts: SnapshotFacts = FACTS, **changes: Any) -> ActPlan:
    return RestorePlanner(request(**changes), facts, where, NOW).plan()


def by_commands(folder: Path, **more: Any) -> Site:
    (folder / "etcd").mkdir(parents=True, exist_ok=True)
    member = {
        "name": "m1",
        "peer_url": "http://127.0.0.1:2380",
        "data_dir": str(folder / "etcd"),
        "commands": COMMANDS,
    }
    given = {"mode": "commands", "members": [member], "api_servers": [HOST], **more}
    return site(folder, **given)


def ids(acts: Sequence[Act]) -> list[str]:
    return [act.id for act in acts]


def codes(plan: ActPlan, *severities: Severity) -> set[str]:
    wanted = severities or (Severity.ERROR,)
    return {finding.code for finding in plan.findings if finding.severity in wanted}


def finding(plan: ActPlan, code: str) -> Finding:
    return next(finding for finding in plan.findings if finding.code == code)


def test_a_guided_restore_asks_a_person_on_each_host(tmp_path):
    plan = planned(site(tmp_path))
    assert codes(plan) == set()
    people = [act.id for act in plan.acts if act.kind is ActKind.PERSON]
    assert people == [
        "copy",
        "stop-api-servers",
        "stop-members",
        "swap",
        "start-members",
        "start-api-servers",
        "restart",
    ]
    assert ids(plan.acts) == [
        *("fetch", "prepare", "prove", "copy"),
        *("stop-api-servers", "stop-members", "require-silence", "swap"),
        *("start-members", "require-members", "start-api-servers", "require-control-plane"),
        *("restart", "remove-prepared"),
    ]


def test_commands_do_what_a_person_would(tmp_path):
    plan = planned(by_commands(tmp_path, restart=[["true"]]))
    assert codes(plan) == set()
    assert {act.kind for act in plan.acts} == {ActKind.PERFORMED}
    assert ids(plan.acts)[3:] == [
        *("stop-api-servers", "stop-members", "require-silence", "swap"),
        *("start-members", "require-members", "start-api-servers", "require-control-plane"),
        *("restart", "remove-prepared"),
    ]


@pytest.mark.parametrize("make", [site, by_commands])
def test_each_act_follows_the_one_before(tmp_path, make):
    *acts, clean_up = planned(make(tmp_path)).acts
    assert [act.needs for act in acts] == [(), *((act.id,) for act in acts[:-1])]
    assert clean_up.always
    assert clean_up.needs[-1] == ("copy" if make is site else "swap")


@pytest.mark.parametrize("make", [site, by_commands])
def test_what_is_done_while_the_api_is_down_says_so(tmp_path, make):
    acts = planned(make(tmp_path)).acts
    needing = {act.id for act in acts if not act.without_api}
    assert needing - {"restart"} == {"require-control-plane"}
    assert [act.id for act in acts if act.id == "swap" and act.writes == ("",)] == ["swap"]


def test_acts_survive_a_journal(tmp_path):
    for act in planned(by_commands(tmp_path)).acts:
        assert json.loads(json.dumps(act.payload)) == act.payload
        assert Act.model_validate_json(act.model_dump_json()) == act


def test_two_plans_of_one_point_share_no_name(tmp_path):
    where = site(tmp_path)
    one = RestorePlanner(request(), FACTS, where, NOW).plan().acts
    same = RestorePlanner(request(), FACTS, where, NOW).plan().acts
    later = RestorePlanner(request(), FACTS, where, NOW + timedelta(seconds=1)).plan().acts
    assert one == same
    for key in ("folder", "token", "digest"):
        assert one[0].payload["blueprint"][key] != later[0].payload["blueprint"][key]


def test_the_plan_says_what_is_moved_where_and_how_to_go_back(tmp_path):
    plan = planned(site(tmp_path))
    swap = next(act for act in plan.acts if act.id == "swap")
    digest = plan.acts[0].payload["blueprint"]["digest"]
    aside = f"/var/lib/etcd/member.before-{digest}"
    assert f"moves /var/lib/etcd/member to {aside} (cp1 on 10.0.0.11)" in swap.effects
    assert f"mv {aside} /var/lib/etcd/member" in swap.undo


def test_instructions_are_exact_for_each_host(tmp_path):
    acts = {act.id: act for act in planned(site(tmp_path)).acts}
    blueprint = acts["fetch"].payload["blueprint"]
    digest, folder = blueprint["digest"], blueprint["folder"]
    for number in (1, 2, 3):
        source, host = f"{folder}/cp{number}/member/", f"root@10.0.0.1{number}"
        target = f"{host}:/var/lib/etcd/member.coming-{digest}/"
        assert f"rsync -a {shlex.quote(source)} {target}" in acts["copy"].instructions
        assert f"# on cp{number} on 10.0.0.1{number}" in acts["swap"].instructions
    told = acts["stop-api-servers"].instructions
    assert (
        f"mv /etc/kubernetes/manifests/kube-apiserver.yaml /etc/kubernetes/stopped-{digest}" in told
    )
    assert "crictl ps --name kube-apiserver" in told


def test_the_words_follow_the_style(tmp_path):
    acts = {act.id: act for act in planned(site(tmp_path, style="systemd")).acts}
    assert "systemctl stop etcd" in acts["stop-members"].instructions
    assert "manifests" not in "".join(act.instructions for act in acts.values())
    other = {act.id: act for act in planned(site(tmp_path, style="other")).acts}
    assert "stop etcd (cp1)" in other["stop-members"].instructions


def test_pasting_the_instructions_twice_does_no_harm(tmp_path):
    where = site(tmp_path, members=[{**MEMBER, "data_dir": str(tmp_path / "etcd")}])
    acts = {act.id: act for act in planned(where).acts}
    blueprint = acts["fetch"].payload["blueprint"]
    for folder, said in ((tmp_path / "etcd", "old"), (Path(blueprint["folder"]) / "m1", "new")):
        (folder / "member" / "snap").mkdir(parents=True)
        (folder / "member" / "snap" / "db").write_text(said)
    copy = next(line for line in acts["copy"].instructions.splitlines() if line.startswith("cp "))
    swap = acts["swap"].instructions
    for script in (copy, swap, swap):
        subprocess.run(["sh", "-ec", script], check=True, capture_output=True)
    digest = blueprint["digest"]
    assert (tmp_path / "etcd" / "member" / "snap" / "db").read_text() == "new"
    aside = tmp_path / "etcd" / f"member.before-{digest}"
    assert (aside / "snap" / "db").read_text() == "old"
    subprocess.run(["sh", "-ec", copy], check=True)
    again = subprocess.run(["sh", "-ec", swap], check=False, capture_output=True)
    assert again.returncode != 0, "a second run of the same plan must not pass for done"
    assert (aside / "snap" / "db").read_text() == "old"


MEMBER = {"name": "m1", "peer_url": "http://127.0.0.1:2380"}


def test_members_come_from_the_snapshot_where_the_fleet_file_names_none(tmp_path):
    learner = FACTS.members[2].model_copy(update={"learner": True})
    facts = FACTS.model_copy(update={"members": (*FACTS.members[:2], learner)})
    members = planned(site(tmp_path), facts).acts[0].payload["blueprint"]["members"]
    assert [(m["name"], m["host"]) for m in members] == [
        ("cp1", "10.0.0.11"),
        ("cp2", "10.0.0.12"),
    ]
    assert "no-members" in codes(planned(site(tmp_path), FACTS.model_copy(update={"members": ()})))


def test_a_tool_without_the_bump_is_refused_with_a_way_out(tmp_path):
    plan = planned(site(tmp_path, version="3.6.0", flags="--data-dir"))
    assert codes(plan) == {"tool-too-old"}
    assert "bump_revision: 0" in finding(plan, "tool-too-old").way_out


def test_doing_without_the_bump_is_warned_of(tmp_path):
    plan = planned(site(tmp_path, flags="--data-dir", bump_revision=0))
    assert codes(plan) == set()
    assert "restart every API server" in finding(plan, "no-bump").way_out


def test_another_minor_version_is_refused_unless_allowed(tmp_path):
    assert codes(planned(site(tmp_path, version="3.5.27"))) == {"cross-minor"}
    allowed = planned(site(tmp_path, version="3.5.27", allow_cross_minor=True))
    assert codes(allowed) == set()
    assert "cross-minor" in codes(allowed, Severity.WARNING)


def test_without_an_etcd_nothing_is_proven_and_that_is_said(tmp_path):
    plan = planned(site(tmp_path, names=("etcdctl", "etcdutl")))
    assert codes(plan) == set()
    assert "not-proven" in codes(plan, Severity.WARNING)
    assert "prove" not in ids(plan.acts)


def test_a_missing_etcdutl_is_told_with_its_way_out(tmp_path):
    plan = planned(site(tmp_path, names=("etcdctl",)))
    assert "tool-missing" in codes(plan)
    assert finding(plan, "tool-missing").way_out


def test_there_must_be_a_place_to_prepare(tmp_path):
    assert "nowhere-to-prepare" in codes(planned(site(tmp_path, prepare_in=None)))


def test_there_must_be_room(tmp_path):
    plan = planned(site(tmp_path), FACTS.model_copy(update={"size": 10**18}))
    assert codes(plan) == {"no-room"}


def test_commands_need_the_data_on_this_machine(tmp_path):
    where = by_commands(tmp_path)
    (tmp_path / "etcd").rmdir()
    assert codes(planned(where)) == {"no-data-dir"}


def test_nobody_told_to_restart_is_warned_of(tmp_path):
    assert "not-restarted" in codes(planned(by_commands(tmp_path)), Severity.WARNING)
    restarting = planned(by_commands(tmp_path, restart=[["true"]]))
    assert "not-restarted" not in codes(restarting, Severity.WARNING)


@pytest.mark.parametrize(
    "changes",
    [
        {"workload": Workload(cluster=CLUSTER, namespace="shop")},
        {"target": "west"},
        {"mapping": RestoreMapping(namespaces={"a": "b"})},
        {"existing": Existing.UPDATE},
    ],
)
def test_anything_but_the_whole_in_its_own_place_is_unsupported(tmp_path, changes):
    with pytest.raises(Unsupported):
        planned(site(tmp_path), **changes)


def test_planning_writes_nothing(tmp_path):
    where = site(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    planned(where)
    assert sorted(tmp_path.rglob("*")) == before


def test_learners_are_not_made_again_and_named(tmp_path):
    assert "learners-left-out" not in codes(planned(site(tmp_path)), *Severity)
    *voters, third = FACTS.members
    learning = (*voters, third.model_copy(update={"learner": True}))
    plan = planned(site(tmp_path), FACTS.model_copy(update={"members": learning}))
    assert "cp3" in finding(plan, "learners-left-out").message
    names = [each["name"] for each in plan.acts[0].payload["blueprint"]["members"]]
    assert names == ["cp1", "cp2"]
