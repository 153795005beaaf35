"""How often is looked, how long is waited. All in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """The pace of runs; tests make it quicker."""

    poll_first: float = 1.0
    """Between two looks at a tool's operations, as long as something changes."""
    poll_longest: float = 5.0
    """Between two looks when nothing has changed for a while."""
    follow: float = 0.5
    """Between two looks into the ledger, of those who follow and of the holder."""
    again_first: float = 1.0
    """Before the second try of what failed in passing; each further wait is twice as long."""
    again_longest: float = 60.0
    """The longest wait between two tries."""
    patience: float = 1800.0
    """How long failures in passing are borne, one after the other, before the step fails."""
    appear: float = 60.0
    """How long a started operation may be invisible before it counts as gone."""
    untold: float = 120.0
    """How long contents that a tool cannot tell yet are asked for, before a backup is judged
    without them."""
    longest: float = 86400.0
    """How long an act may take that names no time-out itself."""
    identity: float = 5.0
    """How long a cluster's identity is believed without asking again."""
    progress: float = 1.0
    """Between two records of how far a performed act is."""
    generations: int = 3
    """How often an act that failed is tried anew under another name, the first included."""

    def before(self, generation: int) -> float:
        """Return how long is waited before a failed act is tried anew.

        The second time at once: it may have been chance. Then as long as a store or a server may
        well be away, or all generations would be used up within one short outage.
        """
        return self.again_first if generation <= 2 else self.again_longest
