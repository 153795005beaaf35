"""What must be done in one place only is done there: printing, waiting, working types out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from .source import Module, core_modules, plugin_modules

# The worker of the conformance kit is a program of its own: its answer goes down a pipe.
MAY_PRINT = ("slackwater.cli", "slackwater.demo", "slackwater.testing.conformance.worker")
# Where types are worked out one at a time, and a program that has one thread.
MAY_WORK_OUT = ("slackwater.clusters.decoding", "slackwater.testing")
# Backends ask again shortly in one place, within a call (decision 0003).
MAY_SLEEP = (
    "slackwater.backend.polling",
    "slackwater.runs",
    "slackwater.testing",
    "slackwater.demo",
)


def as_program(tree: ast.Module) -> set[ast.AST]:
    """What stands under ``if __name__ == "__main__"``: there a module is its own command line."""
    entrances = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
    )
    return {inner for entrance in entrances for inner in ast.walk(entrance)}


def prints(module: Module) -> Iterator[int]:
    """Lines that call ``print`` or take hold of the standard streams."""
    tree = module.tree
    for node in set(module.nodes) - as_program(tree):
        match node:
            case ast.Call(func=ast.Name(id="print")):
                yield node.lineno
            case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
                yield node.lineno


def sleeps(module: Module) -> Iterator[int]:
    """Lines that take hold of a function that sleeps."""
    for node in module.nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep"):
                yield node.lineno
            case ast.ImportFrom(module="time" | "asyncio", names=names):
                yield from (node.lineno for alias in names if alias.name == "sleep")


def works_types_out(module: Module) -> Iterator[int]:
    """Lines within functions that make msgspec meet a type: in two threads at once it crashes.

    While a module is imported there is one thread in it.
    """
    functions = (n for n in module.nodes if isinstance(n, ast.FunctionDef))
    for node in (inner for function in functions for inner in ast.walk(function)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="msgspec"), attr="convert")):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="decode"), keywords=[ast.keyword(arg="type")]):
                yield node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="json"), attr="Decoder")):
                yield node.lineno


def is_emulator(module: Module) -> bool:
    return module.name.split(".")[1:2] == ["emulator"]


def plays_a_program(module: Module) -> bool:
    """Stand-ins for a tool's own programs answer as those do, on the standard streams."""
    return module.name.split(".")[1:3] == ["emulator", "programs"]


def test_nothing_prints_outside_the_command_line():
    modules = (m for m in (*core_modules(), *plugin_modules()) if not m.lies_in(*MAY_PRINT))
    judged = (m for m in modules if not plays_a_program(m))
    assert [(m.name, line) for m in judged for line in prints(m)] == []


def test_nothing_sleeps_outside_the_runs():
    modules = (m for m in (*core_modules(), *plugin_modules()) if not m.lies_in(*MAY_SLEEP))
    judged = (m for m in modules if not is_emulator(m))
    assert [(m.name, line) for m in judged for line in sleeps(m)] == []


def test_types_of_answers_are_worked_out_in_one_place():
    modules = (m for m in (*core_modules(), *plugin_modules()) if not m.lies_in(*MAY_WORK_OUT))
    judged = (m for m in modules if not is_emulator(m))
    assert [(m.name, line) for m in judged for line in works_types_out(m)] == []


@pytest.mark.parametrize(
    "call",
    ["msgspec.convert(x, T)", "msgspec.json.decode(x, type=T)", "msgspec.json.Decoder(T)"],
)
def test_working_a_type_out_is_seen(call):
    assert list(works_types_out(Module("slackwater.client", f"def f(x):\n    return {call}")))


def test_a_type_worked_out_while_a_module_is_imported_is_let_through():
    text = "READ = msgspec.json.Decoder(T)\ndef f(x):\n    return READ.decode(x)"
    assert list(works_types_out(Module("slackwater.client", text))) == []


@pytest.mark.parametrize("text", ["print('done')", "import sys\nsys.stderr.write('done')"])
def test_printing_is_seen(text):
    assert list(prints(Module("slackwater.client", text)))


def test_a_module_that_is_run_as_a_program_may_print():
    text = "if __name__ == '__main__':\n    print(1)"
    assert list(prints(Module("slackwater_tool.rights", text))) == []


@pytest.mark.parametrize(
    "text", ["import time\ntime.sleep(1)", "from time import sleep", "f(wait=time.sleep)"]
)
def test_sleeping_is_seen(text):
    assert list(sleeps(Module("slackwater.client", text)))


def test_speaking_of_either_is_let_through():
    module = Module("slackwater.client", '"""print, time.sleep"""\nlog.print(time.time())')
    assert [*prints(module), *sleeps(module)] == []
