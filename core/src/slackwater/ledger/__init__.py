"""Our record of what was asked, done and seen. Losing it loses history, never a backup."""

from slackwater.ledger.durations import Expected
from slackwater.ledger.ledger import Ledger, default_path
from slackwater.ledger.marks import Mark, MarkPart
from slackwater.ledger.sightings import ClusterSeen

__all__ = ["ClusterSeen", "Expected", "Ledger", "Mark", "MarkPart", "default_path"]
