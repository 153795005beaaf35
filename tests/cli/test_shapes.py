"""What is printed: the same facts in every form, and JSON that stays as it is."""

from __future__ import annotations

import pytest
import yaml

from slackwater.cli.points import holds
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Contents, HeldVolume, PointId, RecoveryPoint
from slackwater.model.workload import Scope

from ..client.stage import Stage
from .terminal import Terminal

POINT = {
    "id", "phase", "scope", "begin", "end", "origin", "contents", "places", "expires",
    "immutable_until", "stamp", "made_by", "tool_phase", "findings", "data",
}  # fmt: skip
PLAN = {
    "digest", "version", "made_at", "moment", "zone", "mark", "spread", "policy", "mapping",
    "replace", "pins", "standing", "choices", "steps", "findings",
}  # fmt: skip
FINDING = {"severity", "code", "subject", "message", "way_out", "cluster", "tool"}
RUN = {
    "id", "kind", "title", "state", "asked", "began", "ended", "cancelling", "message", "labels",
    "pins", "steps",
}  # fmt: skip
TOOL = {
    "cluster", "tool", "available", "reason", "version", "tested", "capabilities", "limits",
    "homes",
}  # fmt: skip


def test_json_keeps_its_keys(terminal: Terminal, saved: Stage) -> None:
    points = terminal("points list -o json").json
    assert points.keys() == {"points", "sources"}
    assert points["points"][0].keys() == POINT
    assert points["sources"][0].keys() == {"cluster", "tool", "as_of", "answered"}
    assert terminal("points show -o json", points["points"][0]["id"]["name"]).json.keys() == POINT
    plan = terminal("plan --at now --policy gold -o json").json
    assert plan.keys() == PLAN
    assert plan["findings"][0].keys() >= FINDING
    doctor = terminal("doctor -o json").json
    assert doctor.keys() == {"as_of", "clusters", "tools", "findings"}
    assert doctor["tools"][0].keys() == TOOL
    (run,) = terminal("runs list -o json").json
    assert run.keys() == RUN
    assert terminal("runs show -o json", run["id"]).json == run
    assert terminal("check -o json").json == []
    plugins = terminal("plugin list -o json").json
    assert plugins.keys() == {"plugins", "findings"}


@pytest.mark.parametrize("line", ["points list", "runs list", "plan --at now --policy gold"])
def test_yaml_says_what_json_says(terminal: Terminal, saved: Stage, line: str) -> None:
    def without_time(value: object) -> object:
        kept = value if isinstance(value, list) else [value]
        return [sorted(each) for each in kept]

    from_yaml = yaml.safe_load(terminal(f"{line} -o yaml").out)
    assert without_time(from_yaml) == without_time(terminal(f"{line} -o json").json)


@pytest.mark.parametrize(
    ("objects", "claims", "said"),
    [
        (0, (), "0 objects, no volumes"),
        (1, ("a",), "1 object, 1 of 1 volume, none off-cluster"),
        (2, ("a", "b"), "2 objects, 2 of 2 volumes, none off-cluster"),
    ],
)
def test_one_is_one_and_none_is_none(objects: int, claims: tuple[str, ...], said: str) -> None:
    volumes = tuple(HeldVolume(namespace="shop", claim=claim, held=True) for claim in claims)
    point = RecoveryPoint(
        id=PointId(tool="memory", store="s", name="p"),
        phase=Phase.SUCCEEDED,
        scope=Scope(namespaces=("shop",)),
        contents=Contents(objects={"shop": objects}, volumes=volumes),
    )
    assert holds(point) == said


def test_names_can_be_pasted_into_the_next_command(terminal: Terminal, saved: Stage) -> None:
    (point,) = terminal("points list -o name").out.split()
    assert terminal("points show -o name", point).out.strip() == point
    (run,) = terminal("runs list -o name").out.split()
    assert terminal("runs show -o name", run).out.strip() == run


def test_the_plan_s_table_says_what_its_json_says(terminal: Terminal, saved: Stage) -> None:
    line = "plan --at now --policy gold --to dr --map shop=drill"
    plan, shown = terminal(f"{line} -o json").json, terminal(line).out
    for choice in plan["choices"]:
        assert choice["point"]["id"]["name"] in shown
        assert f"{choice['target']['cluster']}/{choice['target']['namespace']}" in shown
    for step in plan["steps"]:
        assert f"{step['id']:>3}  " in shown
        assert step["act"]["title"] in shown
    assert "nothing there now" in shown
    assert "no history yet" in shown


def test_the_conflict_stands_at_its_step_and_at_the_end(terminal: Terminal, saved: Stage) -> None:
    shown = terminal("plan --at now --policy gold").out
    (step,) = [line for line in shown.splitlines() if line.startswith("   2")]
    assert "✗ shop exists with 4 objects: refused" in step
    assert shown.rstrip().endswith("Blocked by 1 conflict (step 2)")


def test_steps_side_by_side_are_joined(terminal: Terminal, saved: Stage) -> None:
    saved.put("eu", "crm", tier="gold")
    assert terminal("backup gold").code == 0
    shown = terminal("plan --at now --policy gold --to dr").out.splitlines()
    assert [line[0] for line in shown if "restore eu/" in line] == ["├", "└"]


def test_wide_says_more(terminal: Terminal, saved: Stage) -> None:
    narrow, wide = terminal("points list").out, terminal("points list -o wide").out
    assert "MARK" not in narrow
    assert "MARK" in wide
    assert "noon" in wide
    assert "3 objects, 1 of 1 volume" in wide


def test_no_line_ends_in_blanks(terminal: Terminal, saved: Stage) -> None:
    for line in ("points list", "runs list", "plan --at now --policy gold", "doctor"):
        shown = terminal(line).out.splitlines()
        assert [each for each in shown if each != each.rstrip()] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("points list", "No recovery points match. Clusters asked: eu, dr."),
        ("runs list", "slackwater backup POLICY makes one"),
    ],
)
def test_an_empty_list_says_why_and_what_to_try(terminal: Terminal, line, words) -> None:
    said = terminal(line)
    assert (said.code, said.out) == (0, "")
    assert words in said.err


def test_what_could_not_be_asked_is_named_beside_the_list(terminal: Terminal, saved: Stage) -> None:
    saved.stop("dr")
    said = terminal("points list")
    assert said.code == 4
    assert "1 silent (dr)" in said.err
    assert len(said.out.splitlines()) == 2


def test_runs_show_tells_the_tool_s_own_words_and_where_to_look(
    terminal: Terminal, stage: Stage
) -> None:
    from slackwater.testing.memory import Outcome, Word

    stage.put("eu", "shop", tier="gold")
    stage.world.end_next("eu", Outcome(word=Word.BROKEN, message="quota", retryable=False))
    terminal("backup gold")
    (run,) = terminal("runs list -o name").out.split()
    said = terminal("runs show", run)
    assert said.code == 0
    assert "quota" in said.out
    assert "look further: memory show operation" in said.out
    assert f"runs show {run}" not in said.all, "that is where the reader is"
