"""The in-memory backends and the world they work in: for tests, and to read as an example.

``backend.py`` is operated by the tool, ``archive.py`` performed by our worker and by a person.
"""

from slackwater.testing.memory.archive import ArchiveBackend
from slackwater.testing.memory.backend import MemoryBackend
from slackwater.testing.memory.records import (
    CHANGES,
    Held,
    Mishap,
    Namespace,
    NativeScheduleRecord,
    Outcome,
    Refusal,
    Volume,
    Word,
)
from slackwater.testing.memory.settings import MemorySettings
from slackwater.testing.memory.world import MemoryWorld

__all__ = [
    "CHANGES",
    "ArchiveBackend",
    "Held",
    "MemoryBackend",
    "MemorySettings",
    "MemoryWorld",
    "Mishap",
    "Namespace",
    "NativeScheduleRecord",
    "Outcome",
    "Refusal",
    "Volume",
    "Word",
]
