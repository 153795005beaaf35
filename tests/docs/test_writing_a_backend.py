"""What the page for authors of backends shows is so: its code runs, or is quoted from what does."""

from __future__ import annotations

import tomllib

import pytest

from slackwater.cli.new_plugin import SKELETON
from slackwater.testing.conformance import Subject

from .pages import DOCS, blocks

PAGE = DOCS / "writing-a-backend.md"
CHECKED = blocks(PAGE, "python checked")
SOURCES = [*(DOCS / "examples").glob("*.py"), *SKELETON.glob("src/*/*.py")]


@pytest.mark.parametrize("text", CHECKED, ids=lambda text: text.split("\n", 1)[0])
def test_a_checked_block_runs_by_itself(text):
    exec(compile(text, PAGE.name, "exec"), {"__name__": "page"})  # noqa: S102  ours


def test_every_other_block_is_quoted_but_for_the_ten_lines_of_the_kit():
    sources = [path.read_text() for path in SOURCES]
    made_up = [b for b in blocks(PAGE, "python") if not any(b in source for source in sources)]
    assert len(made_up) == 1
    assert "class TestConformance(BackendConformance)" in made_up[0]


def test_there_are_checked_blocks_for_each_idea():
    assert len(CHECKED) >= 6


def test_the_entry_points_of_the_page_can_be_read():
    (text,) = blocks(PAGE, "toml")
    assert set(tomllib.loads(text)["project"]["entry-points"]) == {
        "slackwater",
        "slackwater.emulators",
    }


def test_the_page_names_what_a_subject_is_asked_for_in_particular():
    page = PAGE.read_text()
    rows = ("recipe", "make_points", "fingerprint", "requests", "holds")
    assert all(hasattr(Subject, name) and f"| `{name}` |" in page for name in rows)
