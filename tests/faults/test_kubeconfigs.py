"""Kubeconfigs that are missing, expired, lead nowhere, or lead to another cluster."""

from __future__ import annotations

import pytest

from slackwater.testing.kubernetes_api import KubernetesApi, serve

from ..cli.terminal import Terminal
from ..client.stage import Stage


def missing(stage: Stage) -> None:
    stage.kubeconfig.unlink()


def damaged(stage: Stage) -> None:
    stage.kubeconfig.write_text("clusters: [")


def without_context(stage: Stage) -> None:
    stage.content["clusters"]["dr"]["context"] = "elsewhere"
    stage.change()


def expired(stage: Stage) -> None:
    stage.servers["dr"].revoke("token-of-dr")


def nowhere(stage: Stage) -> None:
    stage.stop("dr")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (missing, "kubeconfig"),
        (damaged, "kubeconfig"),
        (without_context, "elsewhere"),
        (expired, "401 Unauthorized"),
        (nowhere, "Connection refused"),
    ],
)
@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("doctor", {3}),
        ("plan --at now --policy gold --to dr", {2, 6}),
        ("backup --cluster dr --namespace shop", {2, 5, 6}),
    ],
)
def test_harm_is_told_with_the_cluster_and_the_way_out(
    terminal: Terminal, saved: Stage, harm, words: str, line: str, codes: set[int]
) -> None:
    harm(saved)
    before = saved.world.fingerprint()
    said = terminal(line)
    assert said.code in codes, said.all
    assert words in said.all
    assert "→" in said.all or str(saved.kubeconfig) in said.all
    assert "token-of" not in said.all
    assert "Traceback" not in said.all
    assert saved.world.fingerprint() == before


def test_another_cluster_than_the_plan_s_is_refused(terminal: Terminal, saved: Stage) -> None:
    file, digest = terminal.plan("--policy gold --to dr")
    other = saved.keep(serve(KubernetesApi("other"), token="token-of-dr"))
    text = saved.kubeconfig.read_text().replace(saved.servers["dr"].url, other.url)
    saved.kubeconfig.write_text(text)
    said = terminal("restore", file, "--confirm", digest)
    assert said.code == 6
    assert "dr is another cluster now" in said.err
    assert saved.held("dr", "shop") is None


def test_a_cluster_that_dies_after_the_plan_is_refused_before_anything_is_begun(
    terminal: Terminal, saved: Stage
) -> None:
    file, digest = terminal.plan("--policy gold --to dr")
    saved.stop("dr")
    said = terminal("restore", file, "--confirm", digest)
    assert said.code == 5
    assert "no answer from" in said.err
    assert len(terminal("runs list -o name").out.split()) == 1


def test_an_api_that_is_down_behind_the_server_hides_only_its_own_kinds(
    terminal: Terminal, saved: Stage
) -> None:
    saved.put("dr", "shop")
    saved.servers["dr"].faults.add("*", "/apis/apps/", 503, times=None)
    said = terminal("plan --at now --policy gold --to dr --update")
    assert said.code == 0, said.all
    assert "may not list apps/v1" in said.out
