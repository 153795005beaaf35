"""``BackendConformance``: the class that a backend's tests inherit from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import pytest

from slackwater.testing.conformance.carrying import CarryingPromises
from slackwater.testing.conformance.conduct import ConductPromises
from slackwater.testing.conformance.listing import ListingPromises
from slackwater.testing.conformance.operating import OperatingPromises
from slackwater.testing.conformance.performing import PerformingPromises
from slackwater.testing.conformance.planning import PlanningPromises
from slackwater.testing.conformance.subject import Subject

_PARTS = {
    "Listing and reading": ListingPromises,
    "Planning": PlanningPromises,
    "Operated acts": OperatingPromises,
    "Performed acts": PerformingPromises,
    "Import": CarryingPromises,
    "Conduct": ConductPromises,
}


def parts() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the kit's chapters: a title, and the names of its tests."""
    return tuple(
        (title, tuple(name for name in vars(part) if name.startswith("test_")))
        for title, part in _PARTS.items()
    )


def promises() -> tuple[str, ...]:
    """Return the names of all tests of the kit."""
    return tuple(name for _, names in parts() for name in names)


class BackendConformance(
    ListingPromises,
    PlanningPromises,
    OperatingPromises,
    PerformingPromises,
    CarryingPromises,
    ConductPromises,
):
    """Every promise of the contract, as a test.

    Inherit and give the fixture ``subject``. A promise that a tool cannot keep is overridden by a
    test marked ``xfail`` with a reason; any other override is refused when the class is made.
    ``column`` is what its results are recorded under, see ``records``.
    """

    column: ClassVar[str] = ""

    @pytest.fixture
    def subject(self) -> Subject:
        """Return the subject, fresh for this test; to be overridden."""
        raise NotImplementedError("a conformance test class has a fixture called subject")

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        weakened = [
            name for name in promises() if name in vars(cls) and not _excused(vars(cls)[name])
        ]
        if weakened:
            raise TypeError(
                f"{cls.__name__} overrides promises of the contract: {', '.join(weakened)}; "
                'a promise that cannot be kept is marked @pytest.mark.xfail(reason="…")'
            )


def _excused(override: object) -> bool:
    marks: Iterable[pytest.Mark] = getattr(override, "pytestmark", ())
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
