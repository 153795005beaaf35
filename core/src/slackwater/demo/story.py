"""The story: backups and a mark, an accident, a plan, a restore killed and resumed, a proof.

Where the stage has control planes, one of them is wrecked and turned back in the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from slackwater.clusters import Cluster
from slackwater.demo.cast import ARCHIVE, PARTS, POLICIES, SHOP, Part
from slackwater.demo.fleet_file import complete
from slackwater.demo.harbour import NAMESPACE, build_harbour, look_at_harbour, wreck_harbour
from slackwater.demo.stage import Said, Stage
from slackwater.demo.terminal import StoryFailed, Terminal
from slackwater.demo.things import (
    Object,
    add_forgotten_volume,
    furnish,
    make_namespace,
    photograph,
    spoil,
)

__all__ = ["Story", "StoryFailed"]

MARK = "before-migration"


@dataclass
class Story:
    """Plays on a stage, in a folder of its own, by the real command line."""

    stage: Stage
    folder: Path
    quiet: bool = False
    photographs: dict[Part, dict[str, Object]] = field(default_factory=dict)
    volumes: dict[Part, bytes] = field(default_factory=dict)
    harbour: dict[str, Object | None] = field(default_factory=dict)
    kubeconfig: Path = Path("kubeconfig")
    said: Said = field(default_factory=Said)

    def __post_init__(self) -> None:
        self.terminal = Terminal(self.folder, self.quiet)

    def play(self) -> None:
        """Play all of it. Raises ``StoryFailed`` at the first thing that is not as it should be."""
        self.begin()
        self.back_up()
        moment = datetime.now(UTC)
        self.have_the_accident()
        plan = self.plan(moment)
        self.restore(plan)
        self.prove()

    def begin(self) -> None:
        """Start the stage, furnish it, write the fleet file, and look what nobody covers."""
        self.terminal.head("A fleet of unlike tools, and nothing but a kubeconfig")
        self.kubeconfig = self.stage.open(self.folder)
        self.said = self.stage.said()
        self.terminal.say(self.stage.introduction)
        self._furnish()
        self.terminal.run("init", "--kubeconfig", str(self.kubeconfig))
        text = complete(self.folder / "fleet.yaml", self.said)
        self.terminal.say(
            "(labels, a store and these policies written into fleet.yaml; no policy names a tool",
            " for what it protects: what is required chooses)",
            "",
            text.rstrip(),
        )
        self.terminal.run("check")
        self.terminal.head("What is not protected? Nothing is assumed, everything is looked at")
        self.terminal.run("doctor", expect=3)

    def _furnish(self) -> None:
        for part in PARTS:
            if build(part, self._cluster(part.cluster), self.stage):
                self.volumes[part] = part.data
        archive = self._cluster(ARCHIVE.cluster)
        furnish(archive, ARCHIVE.namespace, ARCHIVE.tier, orders=ARCHIVE.orders)
        add_forgotten_volume(archive, ARCHIVE.namespace, ARCHIVE.claim)
        for name in self.said.control_planes:
            build_harbour(self._cluster(name))
            self.harbour |= look_at_harbour(self._cluster(name))
        for part in PARTS:
            self.photographs[part] = photograph(self._cluster(part.cluster), part.namespace)

    def back_up(self) -> None:
        """Back all of it up under one mark, and one namespace that cannot be whole."""
        self.terminal.head("One mark over all: each policy by the tools that can keep it")
        self.terminal.run("backup", *POLICIES, "--mark", MARK)
        self.terminal.head("A backup that its tool calls complete, and that lacks a volume")
        self.terminal.run(
            *("backup", "--cluster", ARCHIVE.cluster, "--namespace", ARCHIVE.namespace), expect=4
        )
        self.terminal.run("points", "list")

    def have_the_accident(self) -> None:
        """Spoil what stands, wreck control planes, and take a cluster away."""
        self.terminal.head("The accident")
        for part in PARTS:
            if part.cluster != SHOP.cluster:
                spoil(self._cluster(part.cluster), part.namespace)
                self.stage.write(part.cluster, part.namespace, part.claim, b"migrated")
        for name in self.said.control_planes:
            wreck_harbour(self._cluster(name))
            self.terminal.say(
                f"{name}: a script has deleted the kind Tide with all its objects and the"
                f" namespace {NAMESPACE};\n  a ClusterRole now lets anybody do anything."
            )
        self.stage.stop_cluster(SHOP.cluster)
        self.terminal.say(
            "prod-us and edge: a bad migration. Orders deleted, prices wrong, volumes overwritten.",
            "prod-eu: gone altogether, its API server answers nobody.",
        )

    def plan(self, moment: datetime) -> Path:
        """Plan the way back to a moment; return the saved plan."""
        self.terminal.head(
            "What can be brought back to that moment? prod-eu is dead; its store is not"
        )
        at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        self.terminal.run("points", "list", "--at", at, expect=4)
        plan = self.folder / "friday.yaml"
        whole = [word for name in self.said.control_planes for word in ("--control-plane", name)]
        self.terminal.run(
            *("plan", "--at", at, *(word for name in POLICIES for word in ("--policy", name))),
            *(*whole, "--to", f"{SHOP.cluster}={SHOP.target}", "--update", "--save", str(plan)),
        )
        return plan

    def restore(self, plan: Path) -> None:
        """Carry the plan out, killed half-way and resumed."""
        self.terminal.head(
            "Restore, with consent to this very plan; our own process is killed half-way"
        )
        run = self.terminal.run_and_kill("restore", str(plan), "--confirm", _digest(plan))
        self.terminal.run("runs", "list")
        self.terminal.head("Nothing is lost: the run is resumed, what had begun is found again")
        self.terminal.run("runs", "resume", run)

    def prove(self) -> None:
        """Compare every object and every byte; ``StoryFailed`` where one is not as it was."""
        self.terminal.head("The proof: every object and every byte, as before the accident")
        for part in PARTS:
            self._compare(part)
        for name in self.said.control_planes:
            self._compare_harbour(name)

    def _compare(self, part: Part) -> None:
        before, place = self.photographs[part], f"{part.target}/{part.namespace}"
        now = photograph(self._cluster(part.target), part.namespace)
        different = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if different:
            raise StoryFailed(f"{place} is not {part.name} as it was: {different}")
        bytes_too = ""
        if part in self.volumes:
            data = self.stage.read(part.target, part.namespace, part.claim)
            if data != self.volumes[part]:
                raise StoryFailed(f"the volume {part.claim} of {place} is not as it was")
            bytes_too = f", and {len(data)} bytes of its volume {part.claim}"
        self.terminal.say(
            f"✓ {len(before)} objects of {part.name} stand in {place}{bytes_too}: all equal"
        )

    def _compare_harbour(self, name: str) -> None:
        now = look_at_harbour(self._cluster(name))
        different = [path for path in now if self.harbour[path] != now[path]]
        if different:
            raise StoryFailed(f"{name} is not as it was: {different}")
        here = sum(1 for found in now.values() if found)
        self.terminal.say(f"✓ {here} objects of {name}, kind and role among them, are as they were")

    def _cluster(self, name: str) -> Cluster:
        return Cluster(name, kubeconfig=self.kubeconfig, context=name)


def build(part: Part, cluster: Cluster, stage: Stage) -> bool:
    """Put a namespace with what is in it; return whether it has a volume with data."""
    make_namespace(cluster, part.namespace, part.tier)
    has_disk = stage.put_volume(part.cluster, part.namespace, part.claim, part.data)
    claim = part.claim if has_disk else ""
    furnish(cluster, part.namespace, part.tier, orders=part.orders, claim=claim)
    return has_disk


def _digest(plan: Path) -> str:
    """Return the digest of a saved plan, to which consent is given."""
    return str(yaml.safe_load(plan.read_text())["digest"])
