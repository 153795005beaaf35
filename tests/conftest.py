"""What holds for all tests."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

# A test says what is right, never how fast: the machine may have other work.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")


def pytest_collection_finish() -> None:
    """Leave what collection made, half a million objects, out of each later garbage collection."""
    gc.collect()
    gc.freeze()
