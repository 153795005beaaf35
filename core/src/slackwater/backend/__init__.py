"""The contract between core and the tools, and how plugins are found."""

from slackwater.backend.contract import (
    CONTRACT_VERSION,
    Backend,
    BackendType,
    Context,
    Report,
    Stopped,
)
from slackwater.backend.hookspecs import hookimpl
from slackwater.backend.performing import PerformsOnly
from slackwater.backend.roles import (
    ControlPlane,
    NativeSchedule,
    NativeSchedules,
    Posture,
    Role,
    SharedStores,
    Stamping,
    Verification,
)

__all__ = [
    "CONTRACT_VERSION",
    "Backend",
    "BackendType",
    "Context",
    "ControlPlane",
    "NativeSchedule",
    "NativeSchedules",
    "PerformsOnly",
    "Posture",
    "Report",
    "Role",
    "SharedStores",
    "Stamping",
    "Stopped",
    "Verification",
    "hookimpl",
]
