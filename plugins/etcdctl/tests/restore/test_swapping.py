"""Data moved aside and exchanged: every kill leaves a state from which it goes on."""

from __future__ import annotations

import errno
import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slackwater.errors import PermanentBackendError
from slackwater.model.act import Act, ActKind, Key
from slackwater_etcdctl.blueprint import Blueprint
from slackwater_etcdctl.host_commands import HostCommandRunner
from slackwater_etcdctl.restore_settings import HostCommand, MemberCommands
from slackwater_etcdctl.swapping import refuse_repeated, swap

from .made import blueprint
from .stage import Recipe, perform_and_die

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def prepared(folder: Path, content: str = "new") -> Blueprint:
    plan = blueprint(folder)
    make_member(Path(plan.prepared(plan.members[0])), content)
    return plan


def make_member(data_dir: Path, content: str) -> None:
    (data_dir / "member" / "snap").mkdir(parents=True)
    (data_dir / "member" / "snap" / "db").write_text(content)


def member_of(plan: Blueprint, name: str = "current") -> Path:
    member = plan.members[0]
    return Path({"current": member.current, "aside": plan.aside(member)}[name])


def content(member: Path) -> str:
    return (member / "snap" / "db").read_text()


def exchange(plan: Blueprint) -> bool:
    return swap(plan, plan.members[0])


def test_the_old_is_aside_and_the_new_in_place(tmp_path):
    plan = prepared(tmp_path)
    make_member(tmp_path / "etcd", "old")
    assert exchange(plan)
    assert content(member_of(plan)) == "new"
    assert content(member_of(plan, "aside")) == "old"
    assert member_of(plan).stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in (tmp_path / "etcd").iterdir()) == [
        "member",
        "member.before-1a2b3c4d",
    ]


def test_doing_it_again_does_nothing(tmp_path):
    plan = prepared(tmp_path)
    make_member(tmp_path / "etcd", "old")
    exchange(plan)
    assert not exchange(plan)
    assert content(member_of(plan)) == "new"
    assert content(member_of(plan, "aside")) == "old"


@pytest.mark.parametrize("data_dir", [True, False])
def test_a_host_without_a_member_gets_one(tmp_path, data_dir):
    plan = prepared(tmp_path)
    if data_dir:
        (tmp_path / "etcd").mkdir()
    assert exchange(plan)
    assert not exchange(plan)
    assert content(member_of(plan)) == "new"


def test_data_that_an_etcd_works_on_is_not_moved(tmp_path):
    plan = prepared(tmp_path)
    make_member(tmp_path / "etcd", "old")
    with (tmp_path / "etcd" / "member" / "snap" / "db").open() as database:
        fcntl.flock(database, fcntl.LOCK_EX)
        with pytest.raises(PermanentBackendError, match="etcd still runs"):
            exchange(plan)
    assert content(member_of(plan)) == "old"
    assert exchange(plan)


def test_another_file_system_takes_a_copy(tmp_path, monkeypatch):
    plan = prepared(tmp_path)
    make_member(tmp_path / "etcd", "old")
    rename = Path.rename

    def crossing(source: Path, target: Path) -> Path:
        if ("prepared" in str(source)) != ("prepared" in str(target)):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", crossing)
    assert exchange(plan)
    assert not exchange(plan)
    assert content(member_of(plan)) == "new"
    assert content(member_of(plan, "aside")) == "old"


def test_what_was_not_prepared_is_not_exchanged(tmp_path):
    plan = blueprint(tmp_path)
    make_member(tmp_path / "etcd", "old")
    with pytest.raises(PermanentBackendError, match="is not there"):
        exchange(plan)
    assert content(member_of(plan)) == "old"


def test_another_run_of_the_same_plan_overwrites_nothing(tmp_path):
    plan = prepared(tmp_path)
    make_member(tmp_path / "etcd", "old")
    exchange(plan)
    make_member(Path(plan.prepared(plan.members[0])), "newer")
    with pytest.raises(PermanentBackendError, match="from an earlier run"):
        exchange(plan)
    assert content(member_of(plan)) == "new"
    assert content(member_of(plan, "aside")) == "old"


@pytest.mark.parametrize("far", [True, False])
def test_another_run_is_refused_before_anything_is_stopped(tmp_path, far):
    plan = prepared(tmp_path)
    make_member(tmp_path / "etcd", "old")
    member = plan.members[0]
    runner = HostCommandRunner("east", 20, lambda: False)
    if far:
        look = HostCommand(run=("mv", "{prepared}", "{data_dir}"), done=("test", "-e", "{aside}"))
        true = HostCommand(run=("true",))
        commands = MemberCommands.model_construct(stop=true, start=true, swap=look)
        member = member.model_copy(update={"commands": commands})
    refuse_repeated(plan, member, runner)
    exchange(plan)
    with pytest.raises(PermanentBackendError, match="from an earlier run"):
        refuse_repeated(plan, member, runner)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another file system than the tests' own."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        pytest.skip("no second file system that everybody may write to")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_whatever_a_kill_leaves_is_gone_on_with(tmp_path):
    assert survived_kills(tmp_path, tmp_path) >= 3


def test_whatever_a_kill_leaves_of_a_copy_is_gone_on_with(tmp_path, elsewhere):
    assert tmp_path.stat().st_dev != elsewhere.stat().st_dev
    assert survived_kills(tmp_path, elsewhere) >= 5


def survived_kills(folder: Path, prepare_in: Path) -> int:
    """Kill a swap before each of its effects in turn; return how many it had."""
    effect = 1
    while True:
        place = folder / str(effect)
        plan = blueprint(place, folder=str(prepare_in / f"prepared-{effect}"))
        make_member(Path(plan.prepared(plan.members[0])), "new")
        make_member(place / "etcd", "old")
        if not exchange_and_die(plan, place, effect):
            return effect - 1
        exchange(plan)
        assert not exchange(plan)
        assert content(member_of(plan)) == "new"
        assert content(member_of(plan, "aside")) == "old"
        assert len(list((place / "etcd").iterdir())) == 2
        effect += 1


def exchange_and_die(plan: Blueprint, folder: Path, effect: int) -> bool:
    payload = plan.payload("swap")
    act = Act(id="swap", kind=ActKind.PERFORMED, title="swap", payload=payload)
    recipe = Recipe({}, {"url": folder.as_uri(), "encrypt_to": [RECIPIENT]}, str(folder))
    return perform_and_die(recipe, act, Key(run="r-1", step="swap"), effect)
