"""The glossary and the code use the same words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from .source import ROOT, Module, core_modules

GLOSSARY = (ROOT / "core" / "docs" / "glossary.md").read_text()


def classes(modules: Iterable[Module]) -> set[str]:
    """Public classes that are no errors: these are named for what happened, in ``errors``."""
    found = {
        node.name for module in modules for node in module.nodes if isinstance(node, ast.ClassDef)
    }
    return {name for name in found if not name.startswith("_") and not name.endswith("Error")}


def classes_named(glossary: str) -> set[str]:
    """Names in the column "In code", which is the third of every table that has it."""
    rows = re.findall(r"^\|[^|]*\|[^|]*\|([^|]*)\|", glossary, re.MULTILINE)
    return {name for cell in rows for name in re.findall(r"`([A-Z][A-Za-z]+)`", cell)}


def test_every_class_in_the_glossary_exists():
    assert classes_named(GLOSSARY) - classes(core_modules()) == set()


def test_every_class_of_the_model_is_in_the_glossary():
    model = (module for module in core_modules() if module.lies_in("slackwater.model"))
    assert classes(model) - classes_named(GLOSSARY) == set()


def test_a_word_on_one_side_only_is_seen():
    named = classes_named("| term | meaning | `Promised`, `Kept` | `VolumeSnapshot` |\n")
    given = classes([Module("slackwater.model.tiny", "class Kept: ...\nclass Forgotten: ...")])
    assert (named - given, given - named) == ({"Promised"}, {"Forgotten"})
