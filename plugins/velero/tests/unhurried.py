"""A report that nobody reads and that asks nobody to stop."""

from __future__ import annotations


class Unhurried:
    """For the performed acts of tests."""

    stopping = False

    def progress(self, progress):
        pass
