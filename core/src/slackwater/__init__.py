"""Slackwater: one policy, every backup tool, one point in time.

    import slackwater

    with slackwater.Fleet.load("fleet.yaml") as fleet:
        plan = fleet.plan(at="2h ago", to="dr-eu", map={"shop": "shop-drill"})
        run = fleet.restore(plan, confirm=plan.digest)
        for event in run.follow():
            print(event.kind, event.step, event.data)
        print(run.result().state)

Names are imported when they are first used: the command line starts quickly.
"""

from __future__ import annotations

import importlib
import typing

from slackwater import version

if typing.TYPE_CHECKING:
    from slackwater.catalogue import Catalogue
    from slackwater.client import Fleet, RunHandle
    from slackwater.errors import SlackwaterError
    from slackwater.model.finding import Finding, Severity
    from slackwater.model.recovery_point import RecoveryPoint
    from slackwater.model.restore_plan import RestorePlan
    from slackwater.model.run import Event, Run, RunState
    from slackwater.oversight import Diagnosis

__version__ = version.VERSION

_HOMES = {
    "Catalogue": "slackwater.catalogue",
    "Diagnosis": "slackwater.oversight",
    "Event": "slackwater.model.run",
    "Finding": "slackwater.model.finding",
    "Fleet": "slackwater.client",
    "RecoveryPoint": "slackwater.model.recovery_point",
    "RestorePlan": "slackwater.model.restore_plan",
    "Run": "slackwater.model.run",
    "RunHandle": "slackwater.client",
    "RunState": "slackwater.model.run",
    "Severity": "slackwater.model.finding",
    "SlackwaterError": "slackwater.errors",
}

__all__ = [
    "Catalogue",
    "Diagnosis",
    "Event",
    "Finding",
    "Fleet",
    "RecoveryPoint",
    "RestorePlan",
    "Run",
    "RunHandle",
    "RunState",
    "Severity",
    "SlackwaterError",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'slackwater' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
