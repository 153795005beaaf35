"""Where the story is played: three clusters, emulated or real. Found by entry points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from slackwater.errors import ConfigurationError, Problem

GROUP = "slackwater.stages"
"""Entry point group: a name and a ``Stage`` class. The stage ``emulated`` is built in."""


@dataclass(frozen=True)
class ControlPlanes:
    """What a fleet file says so that control planes are backed up, and can be turned back.

    ``backends`` has, by cluster, what stands under its ``backends``; ``stores`` is what stands
    under ``stores``.
    """

    stores: Mapping[str, object]
    backends: Mapping[str, Mapping[str, object]]


class Stage(ABC):
    """A fleet of three clusters named ``prod-eu``, ``prod-us`` and ``dr-eu``, for a while."""

    @abstractmethod
    def open(self, folder: Path) -> Path:
        """Start the clusters, keep what they need in the folder; return a kubeconfig for all."""

    def control_planes(self) -> ControlPlanes | None:
        """Return how control planes are reached; None where there are none to turn back."""
        return None

    @abstractmethod
    def stop_cluster(self, name: str) -> None:
        """Take a cluster away for good: the accident."""

    @abstractmethod
    def close(self) -> None:
        """End everything that was started. Twice is fine."""

    @property
    @abstractmethod
    def introduction(self) -> str:
        """Say plainly what is real here and what is emulated."""


def find_stage(name: str) -> Stage:
    """Return a stage by its name. Raises ``ConfigurationError`` with those that there are."""
    if name == "emulated":
        from slackwater.demo.emulated import EmulatedStage  # needs the extra [demo]

        return EmulatedStage()
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(["emulated", *sorted(found)])
        raise ConfigurationError(Problem(f'no stage "{name}" (known: {known})', field="--stage"))
    kind = found[name].load()
    stage: Stage = kind()
    return stage
