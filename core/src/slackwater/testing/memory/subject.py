"""The in-memory backends as subjects of the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slackwater.model.operation import OperationRef
from slackwater.model.request import RestoreMapping
from slackwater.model.workload import Scope, Workload, WorkloadKind
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater.testing.memory.operating import mapped
from slackwater.testing.memory.records import (
    CHANGES,
    Held,
    Mishap,
    Namespace,
    Outcome,
    Refusal,
    Volume,
    Word,
)
from slackwater.testing.memory.world import MemoryWorld

STORE = "mem://offsite/fleet"
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)

_SHOP = Namespace(
    objects={"ConfigMap/prices": {"tea": 3}, "Deployment/web": {"image": "registry.example/web:1"}},
    volumes=(Volume(claim="data", data="orders"),),
)
_CRM = Namespace(objects={"Secret/mail": {"user": "crm"}})
_GAP = Namespace(
    objects={"ConfigMap/books": {"pages": 12}},
    volumes=(
        Volume(claim="ledger", data="sums"),
        Volume(claim="scratch", data="notes", skipped="hostPath volumes cannot be copied"),
    ),
)
_MISHAPS = {
    Trouble.THROTTLED: Mishap(refusal=Refusal.THROTTLED, retry_after=7.0),
    Trouble.UNAVAILABLE: Mishap(refusal=Refusal.UNAVAILABLE, times=None),
    Trouble.DENIED: Mishap(refusal=Refusal.DENIED, times=None),
    Trouble.ANSWER_LOST: Mishap(refusal=Refusal.UNAVAILABLE, requests=CHANGES, answer_lost=True),
    Trouble.SLOW_LIST: Mishap(refusal=Refusal.TIMED_OUT, requests=("list points",)),
    Trouble.TORN_LIST: Mishap(refusal=Refusal.UNAVAILABLE, requests=("list points",), spared=1),
}


class MemorySubject(Subject):
    """The operated backend in a world of three clusters: home, neighbour, stranger.

    ``factory`` makes its backends; tests of the kit give another, which breaks a promise.
    """

    tool = "memory"
    home = "home"
    neighbour = "neighbour"
    stranger = "stranger"
    workload = Workload(cluster="home", namespace="shop")
    claims: tuple[str, ...] = ("data",)
    other_workload = Workload(cluster="home", namespace="crm")
    gap_workload: Workload | None = Workload(cluster="home", namespace="books")
    page = 3
    canaries = ("canary-5f1c-token",)
    right = "list stores"
    failure_words = "the disk is full"
    factory = "slackwater.testing.memory.plugin:build"

    def __init__(self, folder: Path, **arguments: str) -> None:
        self.spool = folder / "spool"
        self.world = MemoryWorld(folder / "world.sqlite")
        self._arguments = arguments
        self._caused = False
        self.world.set_time(START)
        self.world.require_token(self.canaries[0])
        self.world.show_store(self.home, STORE)
        for name, namespace in (("shop", _SHOP), ("crm", _CRM), ("books", _GAP)):
            self.world.put_namespace(self.home, name, namespace.objects, namespace.volumes)
        self._show_elsewhere()
        self._seeded = self.world.namespaces(self.home)

    def _show_elsewhere(self) -> None:
        self.world.show_store(self.neighbour, STORE, "of-home", writable=False)
        self.world.show_store(self.stranger, "mem://elsewhere")

    def recipe(self, cluster: str) -> Recipe:
        """Lead any process into the world."""
        arguments = {
            "tool": self.tool,
            "cluster": cluster,
            "spool": str(self.spool),
            "world": str(self.world.path),
            "page": self.page,
            "token": "env:MEMORY_TOKEN",
            "secrets": {"env:MEMORY_TOKEN": self.canaries[0]},
        }
        return Recipe(self.factory, {**arguments, **self._arguments})

    def make_points(self, count: int) -> tuple[str, ...]:
        """Lay them into the store, an hour old and a minute apart."""
        first = START - timedelta(hours=1)
        points = [self._point(n, first + timedelta(minutes=n)) for n in range(count)]
        self.world.put_points(points)
        return tuple(point.name for point in points)

    def _point(self, number: int, begin: datetime) -> Held:
        name = ("shop", "crm")[number % 2]
        return Held(
            tool=self.tool,
            store=STORE,
            name=f"nightly-{number:04}",
            scope=self._scope(name),
            begin=begin,
            end=begin + timedelta(seconds=5),
            made_by="schedule nightly",
            namespaces={name: self._seeded[name]},
        )

    def _scope(self, namespace: str) -> Scope:
        return Scope(namespaces=(namespace,))

    def cause(self, trouble: Trouble, ref: OperationRef | None = None) -> None:
        """Bring about the trouble."""
        self._caused = trouble in _MISHAPS
        if self._caused:
            for cluster in self._clusters():
                self.world.misbehave(cluster, _MISHAPS[trouble])
        match trouble:
            case Trouble.FAILS:
                outcome = Outcome(word=Word.BROKEN, message=self.failure_words)
                self.world.end_next(self.home, outcome)
            case Trouble.WARNS:
                outcome = Outcome(warnings=("ConfigMap/prices has no owner",))
                self.world.end_next(self.home, outcome)
            case Trouble.STALLS:
                self.world.stall()
            case Trouble.WAITS:
                self.world.idle()
        if ref is not None:
            self._disturb(trouble, ref.handle.partition("/")[2])

    def _clusters(self) -> Sequence[str]:
        return [each for each in (self.home, self.neighbour, self.stranger) if each]

    def _disturb(self, trouble: Trouble, operation: str) -> None:
        if trouble is Trouble.STRANGE_STATE:
            self.world.change_operation(self.home, operation, "Marinating")
        elif trouble is Trouble.GONE:
            self.world.remove_operation(self.home, operation)

    def struck(self) -> bool:
        """Whether a mishap was used up in one of the clusters."""
        left = [self.world.mishap(cluster) for cluster in self._clusters()]
        return self._caused and None in left

    def heal(self) -> None:
        """End every trouble."""
        self.world.heal()

    def fingerprint(self) -> str:
        """Hash everything real in the world."""
        return self.world.fingerprint()

    def requests(self) -> int:
        """Count the requests of all clusters."""
        return self.world.requests()

    def operations(self) -> int:
        """Count the operations at home."""
        return len(self.world.operations(self.home))

    def pass_time(self) -> None:
        """Set the clock forward."""
        self.world.advance(10)

    def now(self) -> datetime:
        """Return the world's time."""
        return self.world.now()

    def wreck(self, workload: Workload) -> None:
        """Remove the namespace."""
        self.world.remove_namespace(workload.cluster, workload.namespace)

    def holds(self, target: Workload, original: Workload) -> bool:
        """Compare objects and volumes with what was seeded."""
        there = self.world.namespaces(target.cluster).get(target.namespace)
        return there == mapped(self._seeded[original.namespace], RestoreMapping())

    def close(self) -> None:
        """Nothing was started."""


class ArchiveSubject(MemorySubject):
    """The performed backend: a control plane, in one cluster."""

    tool = "memory-archive"
    neighbour = ""
    stranger = ""
    workload = Workload(cluster="home", kind=WorkloadKind.CONTROL_PLANE)
    claims = ()
    gap_workload = None

    def _show_elsewhere(self) -> None:
        """No other cluster sees the store."""

    def _scope(self, namespace: str) -> Scope:
        del namespace
        return Scope(control_plane=True)

    def wreck(self, workload: Workload) -> None:
        """Remove every namespace."""
        for name in self._seeded:
            self.world.remove_namespace(workload.cluster, name)

    def holds(self, target: Workload, original: Workload) -> bool:
        """Compare the objects of all namespaces; volumes are none of its business."""
        del original
        there = self.world.namespaces(target.cluster)
        return {name: space.objects for name, space in there.items()} == {
            name: space.objects for name, space in self._seeded.items()
        }
