"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A test says what is right, never how fast: the machine may have other work.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")
