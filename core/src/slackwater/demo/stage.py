"""Where the story is played: four clusters, emulated or real. Found by entry points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

from slackwater.errors import ConfigurationError, Problem

GROUP = "slackwater.stages"
"""Entry point group: a name and a ``Stage`` class. The stage ``emulated`` is built in."""

NAMES = ("prod-eu", "prod-us", "edge", "dr-eu")
"""The clusters of every stage. Nothing of ours stands in the last one: it waits for its day."""


@dataclass(frozen=True)
class Said:
    """What a fleet file says and no cluster tells: only who runs it knows.

    ``backends`` has, by cluster and tool, settings beside those that are found; ``stores`` is what
    stands under ``stores``. ``control_planes`` are clusters whose control plane can be turned back.
    """

    stores: Mapping[str, object] = field(default_factory=dict)
    backends: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    control_planes: tuple[str, ...] = ()


class Stage(ABC):
    """A fleet of the clusters in ``NAMES``, each with tools of its own, for a while."""

    @abstractmethod
    def open(self, folder: Path) -> Path:
        """Start the clusters, keep what they need in the folder; return a kubeconfig for all."""

    @abstractmethod
    def said(self) -> Said:
        """Return what is to be said in the fleet file, once the stage is open."""

    @abstractmethod
    def put_volume(self, cluster: str, namespace: str, claim: str, data: bytes) -> bool:
        """Put a volume with data; False where the cluster has no disks."""

    @abstractmethod
    def write(self, cluster: str, namespace: str, claim: str, data: bytes) -> None:
        """Write other data on the volume of a claim, as an application would."""

    @abstractmethod
    def read(self, cluster: str, namespace: str, claim: str) -> bytes | None:
        """Return the data on the volume of a claim; None where there is none."""

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
