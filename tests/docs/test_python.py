"""The Python in the documents runs, and what it says is so."""

from __future__ import annotations

import textwrap

import pytest

from .pages import PAGES, blocks, name_of

RUNNABLE = [page for page in PAGES if blocks(page, "python runnable")]


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_the_examples_of_a_page_run_one_after_the_other(page, playground):
    assert (playground / "fleet.yaml").exists()
    names: dict[str, object] = {}
    for number, text in enumerate(blocks(page, "python runnable"), start=1):
        exec(compile(text, f"{name_of(page)}, block {number}", "exec"), names)  # noqa: S102  ours


def test_there_are_examples_to_run():
    assert RUNNABLE


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_other_python_in_a_page_is_at_least_python(page):
    for text in blocks(page, "python"):
        compile(textwrap.dedent(text), name_of(page), "exec")
