"""Who plays: the namespaces of the story, and the policies that protect them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

LABELS = {
    "prod-eu": {"env": "prod"},
    "prod-us": {"env": "prod"},
    "edge": {"env": "edge"},
    "dr-eu": {"env": "dr"},
}
"""What the fleet file says of the clusters of a stage."""


@dataclass(frozen=True)
class Part:
    """A namespace: where it stands, what is in it, and where it comes back.

    ``claim`` names the claim of its volume, where the cluster has disks.
    """

    cluster: str
    namespace: str
    tier: str
    orders: int
    claim: str
    target: str

    @property
    def name(self) -> str:
        """Cluster and namespace."""
        return f"{self.cluster}/{self.namespace}"

    @property
    def data(self) -> bytes:
        """What is on its volume."""
        lines = (f"{self.namespace} {n:04}: {n * 7919 % 100_003}" for n in range(400))
        return "\n".join(lines).encode()


SHOP = Part("prod-eu", "shop", "gold", 40, "pictures", "dr-eu")
CRM = Part("prod-us", "crm", "gold", 25, "letters", "prod-us")
LEDGER = Part("prod-us", "ledger", "silver", 10, "books", "prod-us")
TILLS = Part("edge", "tills", "edge", 12, "receipts", "edge")
PARTS = (SHOP, CRM, LEDGER, TILLS)
POLICIES = ("gold", "silver", "edge")

ARCHIVE = Part("prod-eu", "archive", "none", 5, "scans", "")
"""In no policy, and its volume is on a node's own disk."""

_TEXT = """\
policies:
  gold:
    clusters: "env=prod"
    protect:
      - namespaces: "tier=gold"
        require: [objects, volumes, off-cluster]   # a copy on the cluster's own disks is none
    keep: {last: 3, daily: 7, weekly: 4}
    objectives: {rpo: 4h, rto: 30m}
  silver:
    clusters: "env=prod"
    protect:
      - namespaces: "tier=silver"
        require: [objects, volumes]
    prefer: PREFER
    keep: {last: 3}
  edge:
    clusters: "env=edge"
    protect:
      - namespaces: "tier=edge"
        require: [objects, volumes]
"""
_WHOLE = "      - control-plane: required\n"
_WHOLE_IF = "      - control-plane: if-possible\n"
_KEEP = """\
    keep: {last: 3}
"""


def policies(tools: Collection[str], *, control_planes: bool) -> str:
    """Return the policies as they stand in the fleet file; ``tools`` is every tool that is there.

    ``control_planes``: those are protected too, where a tool can.
    """
    text = _TEXT.replace("PREFER", f"[{', '.join(sorted(tools))}]")
    if not control_planes:
        return text + _KEEP
    first = "    keep: {last: 3, daily: 7"
    return text.replace(first, _WHOLE_IF + first) + _WHOLE + _KEEP
