"""The commands that need no clusters, and how mistakes at the keyboard are answered."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml

from slackwater.version import VERSION

from ..client.stage import Stage
from .terminal import Terminal


def test_version(terminal: Terminal) -> None:
    assert terminal("--version").out == f"slackwater {VERSION}\n"


MISTAKES = [
    ("pints list", 'did you mean "points"?'),
    ("backup", "name a policy, or --cluster, --namespace, --selector, --control-plane"),
    ("plan --at now --map shop", '--map takes OLD=NEW, not "shop"'),
    ("plan --at now --map a=b --map a=c", "--map maps a twice"),
    ("plan --at now --to eu --to dr", "--to takes OLD=NEW"),
    ("plan --at now --replace --update", "exclude each other"),
    ("plan --at tomorrow", '"tomorrow" is no moment'),
    ("points list -o xml", "'xml' is not one of"),
    ("runs", "Usage"),
]


def test_a_mistake_is_answered_with_the_way_out(terminal: Terminal) -> None:
    for line, words in MISTAKES:
        said = terminal(line)
        assert said.code == 2, line
        assert words in said.all


def test_mistakes_in_the_fleet_file_are_told_with_line_and_column(
    terminal: Terminal, stage: Stage
) -> None:
    stage.content["policies"]["gold"]["protect"][0]["requires"] = ["objects"]
    stage.content["policies"]["gold"]["prefer"] = ["memry"]
    stage.change()
    said = terminal("check")
    assert said.code == 2
    lines = said.err.splitlines()
    assert all(line.startswith(f"{stage.path}:") for line in lines)
    assert any('did you mean "memory"?' in line for line in lines)
    assert any("policies.gold.protect[0].requires" in line for line in lines)


def test_check_says_what_cannot_hold(terminal: Terminal, stage: Stage) -> None:
    stage.change(policies={"none": {"clusters": "env=test", "protect": [{"namespaces": ["a"]}]}})
    said = terminal("check")
    assert said.code == 0
    assert '"env=test" matches no cluster' in said.out
    assert "2 clusters, 2 policies; 1 warning" in said.err
    assert terminal("check -o name").out == "selects-no-cluster/policies.none.clusters\n"


def test_a_missing_fleet_file_says_how_to_make_one(terminal: Terminal, stage: Stage) -> None:
    stage.path.unlink()
    said = terminal("doctor")
    assert said.code == 2
    assert str(stage.path) in said.err


def test_init_writes_a_file_that_loads_and_writes_over_none(
    terminal: Terminal, stage: Stage
) -> None:
    there = terminal("init --kubeconfig", stage.kubeconfig)
    assert (there.code, "--force" in there.err) == (2, True)
    stage.path.unlink()
    said = terminal("init --kubeconfig", stage.kubeconfig)
    assert said.code == 0, said.err
    assert "eu: no tool found" in said.err
    written = yaml.safe_load(stage.path.read_text())
    assert list(written["clusters"]) == ["eu", "dr"]
    assert written["clusters"]["eu"]["context"] == "eu"
    assert "token-of-eu" not in stage.path.read_text()
    assert terminal("check").code in (0, 3)
    forced = terminal("init --force --context dr --kubeconfig", stage.kubeconfig)
    assert forced.code == 0
    assert list(yaml.safe_load(stage.path.read_text())["clusters"]) == ["dr"]


def test_init_writes_a_silent_cluster_down_too(terminal: Terminal, stage: Stage) -> None:
    stage.path.unlink()
    stage.stop("dr")
    said = terminal("init --kubeconfig", stage.kubeconfig)
    assert said.code == 0
    assert "dr: " in said.err
    assert "no answer" in said.err


def test_init_changes_nothing_in_any_cluster(terminal: Terminal, stage: Stage) -> None:
    stage.path.unlink()
    terminal("init --kubeconfig", stage.kubeconfig)
    assert {call.verb for s in stage.servers.values() for call in s.calls} <= {"get", "list"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_that_shell(terminal: Terminal, shell: str) -> None:
    said = terminal(f"completion {shell}")
    assert said.code == 0
    assert "_SLACKWATER_COMPLETE" in said.out
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=said.out, text=True, check=False)
        assert checked.returncode == 0


def test_plugins_are_listed_and_the_memory_s_come_by_the_same_door(terminal: Terminal) -> None:
    assert "memory" in terminal("plugin list -o name").out.split()


def test_the_schema_judges_the_stage_s_own_file(terminal: Terminal, stage: Stage) -> None:
    import jsonschema

    jsonschema.validate(stage.content, terminal("schema").json)


def test_doctor_shows_each_cluster_with_what_is_wrong_and_the_way_out(
    terminal: Terminal, stage: Stage
) -> None:
    stage.put("eu", "shop")
    stage.world.show_store("dr", "eu-store", "of-eu", writable=False)
    stage.world.show_store("eu", "dr-store", "of-dr", writable=False)
    said = terminal("doctor")
    well, wrong, way_out, other = said.out.splitlines()
    assert (well.split()[:3], other.split()[:3]) == (["eu", "✓", "memory"], ["dr", "✓", "memory"])
    assert wrong.split(maxsplit=2) == ["✗", "coverage", "shop: in no recovery point"]
    assert "slackwater backup --cluster eu --namespace shop" in way_out
    assert "1 error in 2 clusters" in said.err
    assert terminal("doctor --cluster dr").code == 0
    assert "namespace-unprotected/shop" in terminal("doctor -o name").out
