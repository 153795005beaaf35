"""What the fleet file may say of restores."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from slackwater_etcdctl.restore_settings import HostCommand, MemberCommands, RestoreSettings

STOP = {"stop": ["systemctl", "stop", "etcd"], "start": ["systemctl", "start", "etcd"]}
MEMBER: dict[str, Any] = {"name": "m1", "peer_url": "https://10.0.0.11:2380", "commands": STOP}
API = {"host": "cp1", "stop": ["true"], "start": ["true"]}
SWAP = ["ssh", "cp1", "swap", "{prepared}", "{data_dir}", "{aside}"]


def test_a_list_is_a_command_that_may_be_repeated():
    assert HostCommand.model_validate(["true", "x"]) == HostCommand(run=("true", "x"))


def test_places_are_filled_in_everywhere():
    command = HostCommand(run=tuple(SWAP), done=("ssh", "cp1", "test", "-e", "{aside}"))
    filled = command.naming(prepared="/p", data_dir="/d", aside="/d/a b")
    assert filled.run == ("ssh", "cp1", "swap", "/p", "/d", "/d/a b")
    assert filled.done[-1] == "/d/a b"


def test_commands_with_all_that_they_need_are_taken():
    read = RestoreSettings.model_validate(
        {"mode": "commands", "members": [MEMBER], "api_servers": [API]}
    )
    assert read.members[0].data_dir == "/var/lib/etcd"
    assert read.bump_revision == 1_000_000_000


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mode": "commands"}, "needs members"),
        ({"mode": "commands", "members": [{**MEMBER, "commands": None}]}, "needs members"),
        ({"mode": "commands", "members": [MEMBER]}, "needs api_servers"),
        ({"members": [MEMBER, MEMBER]}, "same name"),
        ({"members": [MEMBER, {**MEMBER, "name": "m2"}]}, "same peer_url"),
        ({"members": [{**MEMBER, "data_dir": "data"}]}, "absolute"),
        ({"members": [{**MEMBER, "data_dir": "/var/lib/../x"}]}, "absolute"),
        ({"prepare_in": "here"}, "absolute"),
        ({"restart": [[]]}, "a program"),
        ({"restart": [["", "x"]]}, "a program"),
        ({"bump_revision": -1}, "greater than"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(settings, said):
    with pytest.raises(ValidationError, match=said):
        RestoreSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("swap", "said"),
    [
        ({"run": ["mv", "{prepared}", "{data_dir}"], "done": ["true"]}, r"has no \{aside\}"),
        ({"run": SWAP}, "needs done"),
        (SWAP, "needs done"),
    ],
)
def test_a_command_to_swap_must_be_safe_to_repeat(swap, said):
    with pytest.raises(ValidationError, match=said):
        MemberCommands.model_validate({**STOP, "swap": swap})
