"""Plans in files: what was shown is what runs, or nothing does."""

from __future__ import annotations

from pathlib import Path

import yaml

from ..client.stage import Stage
from .terminal import Terminal

TO_DR = "--policy gold --to dr"


def test_a_saved_plan_is_carried_out_with_consent_to_its_digest(
    terminal: Terminal, saved: Stage
) -> None:
    file, digest = terminal.plan(TO_DR)
    said = terminal("restore", file, "--confirm", digest)
    assert said.code == 0, said.all
    assert saved.held("dr", "shop") == saved.held("eu", "shop")
    again = terminal("restore", file, "--confirm", digest)
    assert again.code == 6
    assert "this plan was begun before, as run" in again.err
    assert "--again" in again.err


def test_nothing_is_asked_where_nobody_can_answer(terminal: Terminal, saved: Stage) -> None:
    file, digest = terminal.plan(TO_DR)
    said = terminal("restore", file)
    assert said.code == 2
    assert f"--confirm {digest}" in said.err
    assert saved.held("dr", "shop") is None


def test_a_bare_yes_is_refused(terminal: Terminal, saved: Stage) -> None:
    file, _ = terminal.plan(TO_DR)
    said = terminal("restore --yes", file)
    assert said.code == 2
    assert "--confirm DIGEST" in said.err


def test_the_wrong_digest_is_refused(terminal: Terminal, saved: Stage) -> None:
    file, _ = terminal.plan(TO_DR)
    assert terminal("restore --confirm 0000-0000", file).code == 6


def test_an_edited_plan_is_refused(terminal: Terminal, saved: Stage) -> None:
    file, digest = terminal.plan(TO_DR)
    text = Path(file).read_text().replace("namespace: shop", "namespace: kube-system")
    Path(file).write_text(text)
    said = terminal("restore --confirm", digest, file)
    assert said.code == 2
    assert "was changed after it was shown" in said.err
    assert saved.held("dr", "kube-system") is None


def test_a_plan_of_a_newer_slackwater_is_refused(terminal: Terminal, saved: Stage) -> None:
    file, digest = terminal.plan(TO_DR)
    content = yaml.safe_load(Path(file).read_text())
    content["plan"]["version"] = 2
    content["plan"]["what_is_new"] = True
    Path(file).write_text(yaml.safe_dump(content))
    said = terminal("restore --confirm", digest, file)
    assert said.code == 2
    assert "newer slackwater" in said.err


NO_PLANS = ["", "[]", "digest: x", "{", "digest: x\nplan: 3", "digest: x\nplan: {a: 1}", "\x00"]
NO_PLANS.append("[" * 100_000)


def test_what_is_no_plan_is_said_to_be_none(terminal: Terminal, stage: Stage) -> None:
    file = stage.folder / "plan.yaml"
    for text in NO_PLANS:
        file.write_text(text)
        said = terminal("restore --confirm x", file)
        assert said.code == 2, text
        assert str(file) in said.err
        assert "Traceback" not in said.err


def test_plans_are_their_owner_s_only(terminal: Terminal, saved: Stage) -> None:
    file, _ = terminal.plan(TO_DR)
    assert Path(file).stat().st_mode & 0o077 == 0


def test_a_plan_that_cannot_be_written_says_so(terminal: Terminal, saved: Stage) -> None:
    said = terminal("plan --at now --policy gold --to dr --save", saved.folder / "no" / "where")
    assert said.code == 2
    assert "cannot be written" in said.err


def test_a_plan_made_over_something_else_is_refused_when_it_is_run(
    terminal: Terminal, saved: Stage
) -> None:
    file, digest = terminal.plan(TO_DR)
    saved.put("dr", "shop")
    said = terminal("restore --confirm", digest, file)
    assert said.code == 6
    assert "dr/shop exists now" in said.err
