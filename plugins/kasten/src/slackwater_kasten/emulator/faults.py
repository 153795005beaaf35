"""What can be made to go wrong in an emulated K10, and what about it is only guessed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Faults:
    """``fail_next``: the next action fails with these words, deep in its chain of causes.
    ``retry_next``: the next action fails once, is tried again, and ends well. ``lose_phase``: the
    next backup is Complete though a phase of it failed, in these words. ``stalled``: work begins,
    and does not get on. ``down``: the aggregated API is not available (503). ``silent``: failures
    come without ``status.error``. ``fail_exports``: every export fails in these words.
    ``never_export``: runs of policies end after their backups.
    """

    fail_next: str = ""
    retry_next: bool = False
    lose_phase: str = ""
    stalled: bool = False
    down: bool = False
    silent: bool = False
    fail_exports: str = ""
    never_export: bool = False

    def take(self, name: str) -> str:
        """Return the words of a fault that is due, once."""
        words = str(getattr(self, name))
        setattr(self, name, "")
        return words

    def take_retry(self) -> bool:
        """Return whether a retry is due, once."""
        due, self.retry_next = self.retry_next, False
        return due

    def clear(self) -> None:
        """Let everything go well again."""
        self.__init__()  # type: ignore[misc]  # back to the defaults, whatever they are


@dataclass(frozen=True)
class Guesses:
    """Behaviour that no document confirms, to be switched.

    ``strict_labels``: a BackupAction without the labels of its application is refused.
    ``run_fails_with_part``: a RunAction is Failed when one of its parts is.
    ``pages``: lists come in pages. ``knows_filters``: a RestoreAction takes filters; where not,
    they are dropped without a word, as unknown fields of specs are.
    """

    strict_labels: bool = True
    run_fails_with_part: bool = True
    pages: bool = True
    knows_filters: bool = True
