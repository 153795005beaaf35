"""What a cluster offers for snapshots: the API, classes, groups; and which class is to be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.objects import Claim, SnapshotClass, Volume
from slackwater_csi.resources import (
    CLASSES,
    GROUP,
    GROUPS_GROUP,
    GROUPS_VERSIONS,
    VERSION,
    VOLUMES,
    GroupKinds,
)


@dataclass(frozen=True)
class Choice:
    """The class for a driver, or why there is none to be chosen."""

    name: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class Surroundings:
    """One look at a cluster; each part is read when it is first asked for."""

    here: Here
    named: Mapping[str, str]

    @cached_property
    def served(self) -> bool:
        """Whether the API has snapshots at all."""
        return self.here.served(f"{GROUP}/{VERSION}")

    @cached_property
    def classes(self) -> Sequence[SnapshotClass]:
        """Every VolumeSnapshotClass."""
        return self.here.list_if_served(CLASSES, SnapshotClass)

    @cached_property
    def groups(self) -> GroupKinds | None:
        """The API of group snapshots in its best version that we know."""
        for version in GROUPS_VERSIONS:
            if self.here.served(f"{GROUPS_GROUP}/{version}"):
                return GroupKinds(version)
        return None

    @cached_property
    def group_classes(self) -> Sequence[SnapshotClass]:
        """Every VolumeGroupSnapshotClass."""
        kinds = self.groups
        return self.here.list_if_served(kinds.classes, SnapshotClass) if kinds else ()

    def drivers(self) -> set[str]:
        """The drivers that some class is for."""
        return {each.driver for each in self.classes}

    def class_for(self, driver: str) -> Choice:
        """Choose as the controller would, but never between two."""
        own = [each for each in self.classes if each.driver == driver]
        wanted = self.named.get(driver)
        if wanted is not None:
            there = any(each.name == wanted for each in own)
            return Choice(wanted) if there else Choice(why_not=_not_there(wanted, driver))
        return _chosen(own, labels.DEFAULT_CLASS, driver)

    def group_class_for(self, driver: str) -> Choice:
        """Choose the class by which volumes of the driver are taken together."""
        own = [each for each in self.group_classes if each.driver == driver]
        return _chosen(own, labels.DEFAULT_GROUP_CLASS, driver)


def _chosen(own: Sequence[SnapshotClass], mark: str, driver: str) -> Choice:
    if not own:
        return Choice(why_not=f"no VolumeSnapshotClass is for the driver {driver}")
    default = [each for each in own if each.metadata.annotation(mark) == "true"]
    if len(default) == 1 or len(own) == 1:
        return Choice((default or own)[0].name)
    names = ", ".join(sorted(each.name for each in default or own))
    many = "default VolumeSnapshotClasses" if default else "VolumeSnapshotClasses, none a default"
    return Choice(why_not=f"the driver {driver} has {len(default or own)} {many}: {names}")


def _not_there(wanted: str, driver: str) -> str:
    return f"the VolumeSnapshotClass {wanted}, named for the driver {driver}, is not there"


@dataclass(frozen=True)
class Candidate:
    """A claim, and whether its volume can be snapshotted: ``why_not`` is empty if so."""

    claim: Claim
    driver: str = ""
    snapshot_class: str = ""
    why_not: str = ""


def look_at(claims: Sequence[Claim], seen: Surroundings) -> list[Candidate]:
    """Judge claims by what lies behind them."""
    behind = _volumes(seen.here, {claim.spec.volume_name for claim in claims if claim.bound})
    return [_judge(claim, behind.get(claim.spec.volume_name), seen) for claim in claims]


def _judge(claim: Claim, volume: Volume | None, seen: Surroundings) -> Candidate:
    if not claim.bound or volume is None:
        phase = claim.status.phase or "without a status"
        return Candidate(claim, why_not=f"it has no volume: the claim is {phase}")
    if not volume.driver:
        source = next((word for word in _SOURCES if word in volume.spec), "unknown")
        return Candidate(claim, why_not=f"its volume is no CSI volume (source: {source})")
    choice = seen.class_for(volume.driver)
    return Candidate(claim, volume.driver, choice.name, choice.why_not)


_SOURCES = ("hostPath", "local", "nfs", "iscsi", "fc", "awsElasticBlockStore", "gcePersistentDisk")
_FEW = 5


def _volumes(here: Here, names: set[str]) -> dict[str, Volume]:
    """A few by themselves, many in one list."""
    if len(names) <= _FEW:
        found = (here.find(VOLUMES, name, Volume) for name in sorted(names))
        return {each.name: each for each in found if each is not None}
    return {each.name: each for each in here.list(VOLUMES, Volume) if each.name in names}
