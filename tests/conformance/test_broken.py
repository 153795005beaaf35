"""The kit turns red: for each promise there is a backend that breaks it, and the test fails."""

from __future__ import annotations

import pytest

from slackwater.errors import BackendError
from slackwater.testing.conformance.suite import BackendConformance, promises

from .broken import BROKEN, subject_for

# What a promise that is not kept looks like; a slip in the broken backend looks different.
RED = (AssertionError, pytest.fail.Exception, BackendError)


def test_every_promise_has_a_backend_that_breaks_it():
    assert set(BROKEN) == set(promises())


@pytest.mark.parametrize("promise", promises())
def test_a_broken_promise_is_noticed(promise, tmp_path):
    with subject_for(promise, tmp_path) as subject, pytest.raises(RED):
        getattr(BackendConformance(), promise)(subject)


@pytest.mark.parametrize("promise", promises())
def test_every_promise_is_stated(promise):
    assert getattr(BackendConformance, promise).__doc__
