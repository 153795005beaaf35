"""The conformance kit: every promise of the contract as a test.

A backend's tests take part with ten lines::

    import pytest
    from slackwater.testing.conformance.suite import BackendConformance
    from slackwater_tarballs.emulator import TarballSubject

    class TestConformance(BackendConformance):
        @pytest.fixture
        def subject(self, tmp_path):
            with TarballSubject(tmp_path) as subject:
                yield subject

The subject supplies what is particular to the tool; pytest itself is imported in the modules that
declare tests and nowhere else, so that an emulator may bring its subject along.
"""

from slackwater.testing.conformance.recipe import Recipe
from slackwater.testing.conformance.subject import Subject, Trouble

__all__ = ["Recipe", "Subject", "Trouble"]
