"""A restore plan in the making."""

from __future__ import annotations

from dataclasses import dataclass, field

from slackwater.backend.connections import Connections
from slackwater.catalogue.gathering import Catalogue
from slackwater.model.finding import Finding
from slackwater.model.request import Store
from slackwater.model.restore_plan import Pin
from slackwater.planning.assembly import Assembly
from slackwater.planning.choosing import Selection
from slackwater.planning.standing import Stand
from slackwater.planning.wish import Wish


@dataclass
class Draft:
    """What is known and planned so far.

    ``gates`` are, for each target, the steps that come before everything that is still to be
    added there: its check at first, then what brings back its control plane and its cluster-scoped
    objects. ``turned_back`` are the clusters whose control plane is restored, with its recovery
    point; ``following`` are places in them whose volumes another tool exchanges afterwards.
    """

    wish: Wish
    connections: Connections
    catalogue: Catalogue
    stores: tuple[Store, ...]
    findings: list[Finding] = field(default_factory=list)
    assembly: Assembly = field(default_factory=Assembly)
    pins: dict[str, Pin] = field(default_factory=dict)
    gates: dict[str, list[str]] = field(default_factory=dict)
    stands: dict[str, Stand] = field(default_factory=dict)
    turned_back: dict[str, Selection] = field(default_factory=dict)
    following: set[str] = field(default_factory=set)
