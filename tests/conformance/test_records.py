"""The table promise × backend says what test runs have seen, and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from slackwater.testing.conformance.records import (
    Column,
    Outcome,
    Result,
    differences,
    parse_column,
    read_columns,
    write_columns,
)
from slackwater.testing.conformance.suite import promises
from slackwater.testing.conformance.table import render

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "conformance" / "recorded"
PAGE = ROOT / "core" / "docs" / "reference" / "conformance.md"
CLOSING, STAMP = "test_closing_twice_is_fine", "test_a_stamp_can_be_written_later"
NO_STAMP = Result(Outcome.NOT_OFFERED, "stamping afterwards")


def column(**results):
    return Column("tool, emulated", results=results)


# The records in the repository


def test_the_page_is_made_of_the_records():
    assert PAGE.read_text() == render(read_columns(RECORDED)), "run make docs"


def conformance_classes(tree):
    """Test classes that take promises in: from the suite, or from a part of it."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            if any(b == "BackendConformance" or b.endswith("Promises") for b in bases):
                yield node


def column_of(node):
    for each in node.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "column":
            return ast.literal_eval(each.value)
    return ""


def columns_in_tests():
    """Every conformance test class of the repository, by file and name, with its column."""
    found = (
        ROOT.glob(p) for p in ("tests/**/*.py", "plugins/*/tests/**/*.py", "core/docs/**/*.py")
    )
    files = [path for paths in found for path in paths]
    texts = {path: path.read_text() for path in files}
    return {
        f"{path.relative_to(ROOT)}::{node.name}": column_of(node)
        for path, text in texts.items()
        if "Conformance" in text or "Promises" in text
        for node in conformance_classes(ast.parse(text))
    }


def test_every_conformance_test_class_has_a_column_and_none_is_made_up():
    found = columns_in_tests()
    assert [where for where, named in found.items() if not named] == []
    assert set(found.values()) == {column.name for column in read_columns(RECORDED)}


def test_a_class_that_names_no_column_is_seen():
    tree = ast.parse("class TestOurs(suite.BackendConformance):\n    pass")
    assert [column_of(node) for node in conformance_classes(tree)] == [""]


def test_records_name_promises_of_the_kit_only():
    known = set(promises())
    assert [c.name for c in read_columns(RECORDED) if set(c.results) - known] == []


def test_what_is_emulated_was_run_in_whole():
    """What is real may be not run, and then says so."""
    left_out = [
        (c.name, promise)
        for c in read_columns(RECORDED)
        for promise in promises()
        if not c.real and c.of(promise).outcome in (Outcome.NOT_RUN, Outcome.BROKEN)
    ]
    assert left_out == []


# Recording and showing


def test_a_column_goes_through_its_file(tmp_path):
    made = Column("Tool, real", real=True, day=date(2026, 11, 28))
    made.add(CLOSING, Result(Outcome.KEPT))
    made.add(STAMP, NO_STAMP)
    assert parse_column(made.dump()) == made
    assert f'"{STAMP}": ["not offered", "stamping afterwards"]' in made.dump()
    write_columns(tmp_path, [made])
    assert read_columns(tmp_path) == [made]
    assert [path.name for path in tmp_path.iterdir()] == ["tool-real.json"]


def test_what_did_not_run_keeps_what_was_recorded(tmp_path):
    write_columns(tmp_path, [column(**{CLOSING: Result(Outcome.KEPT), STAMP: NO_STAMP})])
    write_columns(tmp_path, [column(**{STAMP: Result(Outcome.KEPT)})])
    (whole,) = read_columns(tmp_path)
    assert whole.of(CLOSING) == whole.of(STAMP) == Result(Outcome.KEPT)


def test_of_two_results_a_failure_counts_first_and_a_skip_last():
    both = column()
    both.add(CLOSING, NO_STAMP)
    both.add(CLOSING, Result(Outcome.KEPT))
    both.add(CLOSING, NO_STAMP)
    assert both.of(CLOSING).outcome is Outcome.KEPT
    both.add(CLOSING, Result(Outcome.BROKEN))
    both.add(CLOSING, Result(Outcome.KEPT))
    assert both.of(CLOSING).outcome is Outcome.BROKEN


def test_a_promise_that_was_not_run_is_never_shown_as_kept():
    page = render([Column("Tool, real", real=True)])
    rows = [line for line in page.splitlines() if "(`test_" in line]
    assert len(rows) == len(promises())
    assert all(row.endswith("| not run |") for row in rows)
    assert "| Tool, real | never |" in page


def test_every_outcome_is_told_with_its_reason():
    excused = Result(Outcome.EXCUSED, "it forgets")
    page = render([column(**{CLOSING: excused, STAMP: NO_STAMP})])
    assert f"- ✗ it forgets: `{CLOSING}`" in page
    assert "- – stamping afterwards: 1 promise" in page


def test_a_promise_that_is_silently_no_longer_offered_is_a_difference():
    recorded = [column(**{STAMP: Result(Outcome.KEPT)})]
    (line,) = differences(recorded, [column(**{STAMP: NO_STAMP})])
    assert line == (f"tool, emulated: {STAMP} not offered (stamping afterwards), recorded: passed")
    assert differences(recorded, [column(**{STAMP: Result(Outcome.BROKEN)})]) == []
    assert differences([], [column(**{STAMP: NO_STAMP})])


def test_a_real_run_may_be_the_first_one():
    ran = Column("tool, real", real=True, results={STAMP: Result(Outcome.KEPT)})
    assert differences([Column("tool, real", real=True)], [ran]) == []
    before = Column("tool, real", real=True, results={STAMP: NO_STAMP})
    assert len(differences([before], [ran])) == 1


SUITE = """
import pytest
from slackwater.testing.conformance.suite import BackendConformance
from slackwater.testing.memory.subject import ArchiveSubject

class TestConformance(BackendConformance):
    column = "archive"

    @pytest.fixture
    def subject(self, tmp_path):
        with ArchiveSubject(tmp_path) as subject:
            yield subject

    @pytest.mark.xfail(reason="it may not")
    def test_closing_twice_is_fine(self, subject):
        raise AssertionError

    def test_something_of_its_own(self):
        pass
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_run_records_what_it_saw_and_the_next_one_compares(tmp_path, workers):
    (tmp_path / "test_tool.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nrecorded_promises = kept\n")
    chosen = "closing_twice or written_later or names_the_tool or acts_operated or of_its_own"
    without = ["-p", "no:cacheprovider", "-p", "no:respx", "-p", "no:anyio"]  # slow to load
    command = [sys.executable, "-m", "pytest", "-q", *without, "-k", chosen]

    def run(*more):
        words = [*command, "-n", workers, *more, str(tmp_path)]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    first = run("--record-promises", "kept")
    assert first.returncode == 0, first.stdout
    (kept,) = read_columns(tmp_path / "kept")
    assert {promise: kept.of(promise) for promise in kept.results} == {
        CLOSING: Result(Outcome.EXCUSED, "it may not"),
        "test_describe_names_the_tool": Result(Outcome.KEPT),
        STAMP: Result(Outcome.KEPT),
    }
    kept.results[STAMP] = NO_STAMP
    (tmp_path / "kept" / "archive.json").write_text(kept.dump())
    second = run()
    assert second.returncode == 1
    assert f"archive: {STAMP} passed, recorded: not offered" in second.stdout
    assert "--record-promises" in second.stdout
