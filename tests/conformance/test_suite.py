"""The suite cannot be weakened in silence: no override without an excuse, no skip uncounted."""

from __future__ import annotations

import subprocess
import sys

import pytest

from slackwater.testing.conformance import Recipe
from slackwater.testing.conformance.listing import ListingPromises
from slackwater.testing.conformance.operating import OperatingPromises
from slackwater.testing.conformance.performing import PerformingPromises
from slackwater.testing.conformance.suite import BackendConformance
from slackwater.testing.memory.subject import MemorySubject

PROMISE = "test_closing_twice_is_fine"

SUITE = """
import pytest
from slackwater.testing.conformance.suite import BackendConformance
from slackwater.testing.memory.subject import ArchiveSubject

class TestConformance(BackendConformance):
    @pytest.fixture
    def subject(self, tmp_path):
        with ArchiveSubject(tmp_path) as subject:
            yield subject
"""


def subclass(**overrides):
    return type("TestOurs", (BackendConformance,), overrides)


def do_nothing(self, subject): ...


@pytest.mark.parametrize("override", [do_nothing, None, pytest.mark.skip(do_nothing)])
def test_a_promise_cannot_be_overridden(override):
    with pytest.raises(TypeError, match=f"TestOurs overrides .*{PROMISE}"):
        subclass(**{PROMISE: override})


def test_an_xfail_without_a_reason_is_no_excuse():
    with pytest.raises(TypeError, match=PROMISE):
        subclass(**{PROMISE: pytest.mark.xfail(lambda self, subject: None)})


def test_an_xfail_with_a_reason_is_an_excuse():
    @pytest.mark.xfail(reason="the tool forgets")
    def excused(self, subject): ...

    assert subclass(**{PROMISE: excused})


def test_the_subject_and_further_tests_may_be_declared():
    assert subclass(subject=lambda self: None, test_something_more=do_nothing)


def test_a_subclass_of_a_subclass_is_held_to_the_same():
    class TestTheirs(BackendConformance):
        pass

    with pytest.raises(TypeError, match=PROMISE):
        type("TestOurs", (TestTheirs,), {PROMISE: do_nothing})


def test_skipped_promises_are_counted_at_the_end(tmp_path):
    (tmp_path / "test_tool.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "clean_up"]

    run = subprocess.run(
        [*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert "3 promises not offered by memory-archive: clean-up acts" in run.stdout


class Lucky(MemorySubject):
    """Its troubles never come."""

    def cause(self, trouble, ref=None):
        pass


@pytest.mark.parametrize(
    "promise",
    [
        ListingPromises.test_a_list_that_breaks_is_never_short,
        ListingPromises.test_a_slow_list_is_never_short,
        OperatingPromises.test_a_lost_answer_leads_to_one_operation,
        PerformingPromises.test_performing_after_a_lost_answer_leaves_one,
    ],
)
def test_a_trouble_that_never_came_shows_nothing(promise, tmp_path):
    with Lucky(tmp_path) as subject, pytest.raises(AssertionError, match="befell no request"):
        promise(None, subject)


def test_a_recipe_names_a_module_or_a_file(tmp_path):
    file = tmp_path / "factory.py"
    file.write_text("def build(**arguments):\n    return dict, arguments\n")

    assert Recipe(f"{file}:build", {"a": 1}).build() == (dict, {"a": 1})
    assert Recipe("builtins:dict", {"a": 1}).build() == {"a": 1}
