"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import sys

from hypothesis import HealthCheck, settings

# Without bytecode on the disk each worker, and each of the hundreds of processes that tests start,
# would compile all that it imports, every time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A test says what is right, never how fast: the machine may have other work. Each property is tried
# on forty examples here, and on a thousand by make test-long.
settings.register_profile(
    "any-machine",
    max_examples=int(os.environ.get("SLACKWATER_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any-machine")

gc.disable()  # until all is collected: each look for garbage would walk over what is there to stay


def pytest_collection_finish() -> None:
    """Leave what collection made, half a million objects, out of each later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.enable()
