"""Core names no tool, and the words that the glossary avoids name nothing of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from .source import PLUGINS, Module, all_modules, core_modules, plugin_modules

TOOLS = frozenset(
    {"velero", "kasten", "k10", "etcdctl", "csi", "trilio", "portworx", "commvault", "metallic"}
) | {plugin.folder.name for plugin in PLUGINS}

AVOIDED = {"job", "task", "provider", "snapshot", "driver", "helper", "util", "manager"}
# Fields of Kubernetes and of the tools, where their language is spoken: in plugins and here.
OTHERS_OWN = {"provider", "snapshot", "driver"}
SPEAK_KUBERNETES = ("slackwater.clusters", "slackwater.testing.kubernetes_api")
# An interface of Kubernetes, whose name stands in its objects, before it is a tool of ours.
KUBERNETES_OWN = {"csi"}
SAY_NOTHING = {"util", "helper", "manager", "base", "common", "misc"}


def tools_named(module: Module) -> set[str]:
    """Tools that appear anywhere in the text, in comments and parts of names too."""
    text = module.text.lower()
    others = KUBERNETES_OWN if module.lies_in(*SPEAK_KUBERNETES) else set()
    # A short name may be a part of some other word; a long one is never there by chance.
    return {
        tool
        for tool in TOOLS - others
        if re.search(rf"(?<![a-z0-9]){tool}(?![a-z0-9])" if len(tool) < 5 else tool, text)
    }


def words(identifier: str) -> Iterator[str]:
    """``BackupJobs`` and ``backup_jobs`` both → backup, job."""
    for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier):
        yield word.lower().removesuffix("s")


def names_given(module: Module) -> Iterator[str]:
    """The names that a module gives: to classes, functions, arguments and variables.

    Names that it only uses, such as attributes of others' objects, are others' choice.
    """
    for node in module.nodes:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def avoided_names(module: Module) -> list[str]:
    ours = module.lies_in("slackwater") and not module.lies_in(*SPEAK_KUBERNETES)
    avoided = AVOIDED if ours else AVOIDED - OTHERS_OWN
    return [name for name in names_given(module) if avoided & set(words(name))]


def says_nothing(module: Module) -> bool:
    return any(SAY_NOTHING & set(words(part)) for part in module.name.split("."))


def test_core_names_no_tool():
    named = {module.name: tools_named(module) for module in core_modules()}
    assert {name: tools for name, tools in named.items() if tools} == {}


@pytest.mark.parametrize(
    "text",
    ["if tool == 'velero': ...", "class VeleroPoint: ...", "# as Kasten does", "k10_name = 1"],
)
def test_a_tool_named_in_core_is_seen(text):
    assert tools_named(Module("slackwater.planning", text))


def test_a_word_that_only_resembles_a_tool_is_let_through():
    assert tools_named(Module("slackwater.planning", "mask10 = network[:k100]")) == set()


def test_a_word_of_kubernetes_is_a_tools_name_where_kubernetes_is_not_spoken():
    text = "driver = volume.spec['csi']"
    assert tools_named(Module("slackwater.clusters.inventory", text)) == set()
    assert tools_named(Module("slackwater.planning", text)) == {"csi"}


def test_our_names_avoid_the_words_that_mean_something_else():
    ours = (*core_modules(), *plugin_modules())
    named = {module.name: avoided_names(module) for module in ours}
    assert {name: avoided for name, avoided in named.items() if avoided} == {}


@pytest.mark.parametrize(
    "text",
    [
        "class BackupJob: ...",
        "def list_snapshots(): ...",
        "def f(provider): ...",
        "async def run_task(): ...",
        "for driver in []: ...",
    ],
)
def test_an_avoided_word_is_seen(text):
    assert avoided_names(Module("slackwater.planning", text))


def test_an_avoided_word_is_seen_in_a_plugin_too():
    assert avoided_names(Module("slackwater_velero.backend", "def run_task(): ..."))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("slackwater.planning", "x = spec.provider"),
        ("slackwater.planning", "multitasking = 1"),
        ("slackwater.planning", "'snapshot'"),
        ("slackwater_velero.backend", "provider = spec['provider']"),
        ("slackwater.clusters.inventory", "driver = source['csi']['driver']"),
    ],
)
def test_a_word_that_is_not_ours_is_let_through(name, text):
    assert avoided_names(Module(name, text)) == []


def test_module_names_say_something():
    assert [module.name for module in all_modules() if says_nothing(module)] == []


@pytest.mark.parametrize(
    "name", ["slackwater.utils", "slackwater.runs.helpers", "slackwater.cli.base_command"]
)
def test_a_module_name_that_says_nothing_is_seen(name):
    assert says_nothing(Module(name, ""))
