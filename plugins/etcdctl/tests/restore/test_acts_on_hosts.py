"""Acts on hosts, killed before each of their effects: what they are for comes about once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, Key
from slackwater_etcdctl.blueprint import Blueprint
from slackwater_etcdctl.restore_settings import HostCommand, HostCommands, MemberCommands

from .made import blueprint
from .stage import Recipe, Watching, perform_and_die

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
APPEND = "import sys; open(sys.argv[1], 'a').write('x')"


def noting(file: Path) -> HostCommand:
    """A command that must not be repeated, and that says when it is done."""
    return HostCommand(
        run=(sys.executable, "-c", APPEND, str(file)), done=("test", "-e", str(file))
    )


def plan_of(folder: Path) -> Blueprint:
    plan = blueprint(folder)
    commands = MemberCommands(stop=noting(folder / "stopped"), start=noting(folder / "started"))
    member = plan.members[0].model_copy(update={"commands": commands})
    server = HostCommands(
        host="cp1", stop=noting(folder / "api-stopped"), start=noting(folder / "api-started")
    )
    changes = {"members": (member,), "api_servers": (server,)}
    return plan.model_copy(update={**changes, "restart": (noting(folder / "restarted"),)})


def recipe_of(folder: Path) -> Recipe:
    return Recipe({}, {"url": folder.as_uri(), "encrypt_to": [RECIPIENT]}, str(folder))


def act_of(plan: Blueprint, do: str) -> Act:
    return Act(id=do, kind=ActKind.PERFORMED, title=do, payload=plan.payload(do))


@pytest.mark.parametrize(
    ("do", "effect"),
    [
        ("stop-members", "stopped"),
        *(
            pytest.param(do, effect, marks=pytest.mark.long)
            for do, effect in (
                ("stop-api-servers", "api-stopped"),
                ("start-members", "started"),
                ("start-api-servers", "api-started"),
                ("restart", "restarted"),
            )
        ),
    ],
)
def test_what_was_killed_is_done_once(tmp_path, do, effect):
    plan = plan_of(tmp_path)
    act, key, recipe = act_of(plan, do), Key(run="r-1", step=do), recipe_of(tmp_path)
    number = 1
    while perform_and_die(recipe, act, key, number):
        number += 1
    assert number > 1
    recipe.build().perform(act, key, Watching())
    assert (tmp_path / effect).read_text() == "x"


def test_an_act_of_another_tool_is_refused(tmp_path):
    act = Act(id="x", kind=ActKind.PERFORMED, title="x", payload={"do": "something-else"})
    with pytest.raises(Unsupported, match="no act of etcdctl"):
        recipe_of(tmp_path).build().perform(act, Key(run="r", step="x"), Watching())
