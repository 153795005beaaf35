from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from slackwater.clusters import Cluster, ContextInfo, list_contexts
from slackwater.errors import ConfigurationError

from .api_server import ApiServer


def config(
    *names: str, server: str = "https://{}.example.org", current: str = ""
) -> dict[str, Any]:
    return {
        "current-context": current,
        "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in names],
        "clusters": [{"name": n, "cluster": {"server": server.format(n)}} for n in names],
        "users": [{"name": n, "user": {"token": f"token-of-{n}"}} for n in names],
    }


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_contexts_are_listed_with_their_servers(tmp_path: Path) -> None:
    path = written(tmp_path / "config", config("eu", "us", current="us"))
    assert list_contexts(path) == [
        ContextInfo("eu", "https://eu.example.org"),
        ContextInfo("us", "https://us.example.org", current=True),
    ]


def test_without_a_path_the_usual_places_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / ".kube" / "config", config("home"))
    assert [context.name for context in list_contexts()] == ["home"]
    monkeypatch.setenv("KUBECONFIG", str(written(tmp_path / "other", config("other"))))
    assert [context.name for context in list_contexts()] == ["other"]


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "config", config("eu"))
    assert [context.name for context in list_contexts(path)] == ["eu"]
    written(path, config("eu", "us"))
    assert [context.name for context in list_contexts(path)] == ["eu", "us"]


def test_a_file_that_was_replaced_by_one_of_its_size_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "config", config("eu"))
    assert [context.name for context in list_contexts(path)] == ["eu"]
    written(tmp_path / "new", config("us")).replace(path)
    assert [context.name for context in list_contexts(path)] == ["us"]


def test_several_files_are_merged_and_the_first_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: ApiServer
) -> None:
    first = written(tmp_path / "a" / "config", config("eu", server=api.url, current="eu"))
    second = written(
        tmp_path / "b" / "config", config("eu", "us", server="http://127.0.0.1:1", current="us")
    )
    missing = tmp_path / "missing"
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (missing, first, second))))
    assert [(c.name, c.current) for c in list_contexts()] == [("eu", True), ("us", False)]
    with Cluster("eu") as cluster:
        cluster.get("/version")
    assert api.requests[0].token == "token-of-eu"


def test_a_context_spread_over_several_files_logs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: ApiServer
) -> None:
    whole = config("eu", server=api.url, current="eu")
    contexts = written(tmp_path / "a", {key: whole[key] for key in ("contexts", "current-context")})
    users = written(tmp_path / "b", {"users": whole["users"]})
    clusters = written(tmp_path / "c", {"clusters": whole["clusters"]})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (contexts, users, clusters))))
    with Cluster("eu") as cluster:
        cluster.get("/version")
    assert api.requests[0].token == "token-of-eu"


def test_paths_inside_start_at_their_file(tmp_path: Path, api: ApiServer) -> None:
    content = config("eu", server=api.url, current="eu")
    content["users"] = [{"name": "eu", "user": {"tokenFile": "token"}}]
    written(tmp_path / "deep" / "token", "from-file")
    with Cluster("eu", kubeconfig=written(tmp_path / "deep" / "config", content)) as cluster:
        cluster.get("/version")
    assert api.requests[0].token == "from-file"


def test_a_plugin_with_a_path_is_found_beside_its_kubeconfig(
    tmp_path: Path, api: ApiServer
) -> None:
    plugin = tmp_path / "deep" / "bin" / "plugin"
    version = "client.authentication.k8s.io/v1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "given"}}
    written(plugin, f"#!/bin/sh\necho '{json.dumps(answer)}'\n").chmod(0o700)
    content = config("eu", server=api.url, current="eu")
    user = {"exec": {"apiVersion": version, "command": "bin/plugin"}}
    content["users"] = [{"name": "eu", "user": user}]
    with Cluster("eu", kubeconfig=written(tmp_path / "deep" / "config", content)) as cluster:
        cluster.get("/version")
    assert api.requests[0].token == "given"


def test_a_context_can_be_chosen(tmp_path: Path, api: ApiServer) -> None:
    path = written(tmp_path / "config", config("eu", "us", server=api.url, current="eu"))
    with Cluster("mine", kubeconfig=path, context="us") as cluster:
        cluster.get("/version")
    assert api.requests[0].token == "token-of-us"


def said(path: Path, context: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as error:
        Cluster("eu", kubeconfig=path, context=context).get("/version")
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_missing_kubeconfig(tmp_path: Path) -> None:
    assert "there is no such kubeconfig" in said(tmp_path / "missing")
    with pytest.raises(ConfigurationError):
        list_contexts(tmp_path / "missing")


def test_an_unknown_context_names_the_nearest(tmp_path: Path) -> None:
    path = written(tmp_path / "config", config("prod-eu", "prod-us"))
    assert "no context 'prd-eu'; did you mean 'prod-eu'? (known here: prod-eu, prod-us)" in said(
        path, "prd-eu"
    )
    assert "no context 'zzz' (known here: prod-eu, prod-us)" in said(path, "zzz")


def test_no_context_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "config", config("eu"))
    assert "names no current context" in said(path)


def test_broken_yaml_is_pointed_at_without_quoting_it(tmp_path: Path) -> None:
    path = written(tmp_path / "config", "users:\n- name: a\n  user: {token: canary, [}\n")
    problem = said(path)
    assert f"{path}:3:" in problem
    assert "canary" not in problem


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "just text",
        "contexts: 5",
        "contexts: [5]",
        "contexts: [{context: {}}]",
        "contexts: [{name: a, context: []}, {name: b, context: text}]",
        "clusters: [{name: a, cluster: text}]",
        "\x00",
        "current-context: a\ncontexts: [{name: a}]",
        "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]",
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
            "clusters: [{name: b, cluster: {}}]"
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {server: 'http://127.0.0.1:1'}}]"
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
            "clusters: [{name: b, cluster: {server: 'gopher://x'}}]"
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
            "clusters: [{name: b, cluster: {server: 'http://[::1'}}]"
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
            "clusters: [{name: b, cluster: {server: 'example.org'}}]"
        ),
    ],
)
def test_kubeconfigs_that_cannot_work(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigurationError):
        Cluster("eu", kubeconfig=written(tmp_path / "config", content)).get("/version")


def test_a_kubeconfig_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.mkdir()
    assert "cannot be read: Is a directory" in said(path)


def test_importing_loads_no_kubernetes_client() -> None:
    code = (
        "import sys, slackwater.clusters, slackwater.clusters.inventory\n"
        "heavy = {'kubernetes', 'urllib3', 'requests', 'tenacity'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
