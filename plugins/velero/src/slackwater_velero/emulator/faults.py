"""What can be made to go wrong in an emulated server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Faults:
    """``fail_next``: the next backup or restore fails with these words. ``warn_next``: the next
    backup ends well, with this warning. ``stalled``: work begins, and does not get on.
    """

    fail_next: str = ""
    warn_next: str = ""
    stalled: bool = False

    def take_failure(self) -> str:
        """Return the words of a failure that is due, once."""
        words, self.fail_next = self.fail_next, ""
        return words

    def take_warning(self) -> str:
        """Return a warning that is due, once."""
        words, self.warn_next = self.warn_next, ""
        return words

    def clear(self) -> None:
        """Let everything go well again."""
        self.fail_next, self.warn_next, self.stalled = "", "", False
