"""The story: backups and a mark, an accident, a plan, a restore killed and resumed, a proof.

Where the stage has control planes, one of them is wrecked and turned back too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from slackwater.clusters import Cluster
from slackwater.demo.harbour import NAMESPACE, build_harbour, look_at_harbour, wreck_harbour
from slackwater.demo.stage import ControlPlanes, Stage
from slackwater.demo.things import Object, add_forgotten_volume, furnish, photograph, spoil
from slackwater.errors import SlackwaterError
from slackwater.ledger import Ledger
from slackwater.model.run import RunState

_POLICIES = """\
policies:
  gold:
    clusters: ""
    protect:
      - namespaces: "tier=gold"
        require: [objects, volumes]
    tolerance: 15m
    keep: {last: 3, daily: 7, weekly: 4}
    objectives: {rpo: 4h, rto: 30m}
  silver:
    clusters: ""
    protect:
      - namespaces: "tier=silver"
    keep: {last: 3}
"""
_ALSO = "      - control-plane: if-possible\n"
_GOLD = (("prod-eu", "shop", "shop-drill"), ("prod-us", "crm", "crm-drill"))
_SECONDS_TO_KILL = 120


class StoryFailed(Exception):
    """The story did not go as told: the demo ends with an error and says where."""


@dataclass
class Story:
    """Plays on a stage, in a folder of its own, by the real command line."""

    stage: Stage
    folder: Path
    quiet: bool = False
    photographs: dict[str, dict[str, Object]] = field(default_factory=dict)
    kubeconfig: Path = Path("kubeconfig")
    planes: ControlPlanes | None = None

    def play(self) -> None:
        """Play all of it. Raises ``StoryFailed`` at the first thing that is not as it should be."""
        self._begin()
        self._back_up()
        moment = datetime.now(UTC)
        self._accident()
        plan = self._plan(moment)
        self._restore(plan)
        self._prove()
        if self.planes:
            self._turn_back(moment)

    # The acts

    def _begin(self) -> None:
        self._head("A fleet of three clusters, and nothing but a kubeconfig")
        self.kubeconfig = kubeconfig = self.stage.open(self.folder)
        self.planes = self.stage.control_planes()
        self._say(self.stage.introduction)
        self._furnish(kubeconfig)
        self._run("init", "--kubeconfig", str(kubeconfig))
        self._write_control_planes()
        self._write_policies()
        self._run("check")
        self._head("What is not protected? Nothing is assumed, everything is looked at")
        self._run("doctor", expect=3)

    def _furnish(self, kubeconfig: Path) -> None:
        clusters = {name: self._cluster(kubeconfig, name) for name in ("prod-eu", "prod-us")}
        furnish(clusters["prod-eu"], "shop", "gold", orders=40)
        furnish(clusters["prod-us"], "crm", "gold", orders=25)
        furnish(clusters["prod-us"], "ledger", "silver", orders=10)
        add_forgotten_volume(clusters["prod-us"], "ledger")
        if self.planes:
            build_harbour(clusters["prod-us"])
        for origin, namespace, _ in _GOLD:
            self.photographs[namespace] = photograph(clusters[origin], namespace)

    def _back_up(self) -> None:
        self._head("One policy over all clusters, one mark: parts started together")
        self._run("backup", "gold", "--mark", "before-migration")
        self._head("A backup that its tool calls complete, and that lacks a volume: found out")
        self._run("backup", "silver", expect=4)
        self._run("points", "list")

    def _accident(self) -> None:
        self._head("The accident: a bad migration in prod-us, and prod-eu is gone altogether")
        crm = self._cluster(self.kubeconfig, "prod-us")
        spoil(crm, "crm")
        self.stage.stop_cluster("prod-eu")
        self._say("prod-us/crm: orders deleted, prices wrong. prod-eu: its API server is stopped.")

    def _plan(self, moment: datetime) -> Path:
        self._head("What can be brought back to that moment? prod-eu is dead; its store is not")
        at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        self._run("points", "list", "--at", at, expect=4)
        plan = self.folder / "friday.yaml"
        mapped = [word for _, old, new in _GOLD for word in ("--map", f"{old}={new}")]
        self._run(
            *("plan", "--at", at, "--policy", "gold", "--to", "dr-eu"),
            *(*mapped, "--save", str(plan)),
        )
        return plan

    def _restore(self, plan: Path) -> None:
        self._head("Restore, with consent to this very plan; our own process is killed half-way")
        run = self._run_and_kill("restore", str(plan), "--confirm", _digest(plan))
        self._run("runs", "list")
        self._head("Nothing is lost: the run is resumed, what had begun is found again")
        self._run("runs", "resume", run)
        self._run("runs", "show", run)

    def _prove(self) -> None:
        self._head("The proof: every object, compared with how it was before the accident")
        target = self._cluster(self.kubeconfig, "dr-eu")
        for origin, old, new in _GOLD:
            self._compare(f"{origin}/{old}", self.photographs[old], f"dr-eu/{new}", target, new)

    def _turn_back(self, moment: datetime) -> None:
        self._head("One more accident: a script in prod-us that no backup of namespaces undoes")
        cluster = self._cluster(self.kubeconfig, "prod-us")
        before = look_at_harbour(cluster)
        wreck_harbour(cluster)
        self._say(
            f"prod-us: the kind Tide is gone with all its objects, namespace {NAMESPACE} too;"
            " a ClusterRole\nnow lets anybody do anything."
        )
        self._head("The whole control plane goes back: etcd is restored, proven and exchanged")
        plan = self.folder / "harbour.yaml"
        at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        self._run("plan", "--at", at, "--control-plane", "prod-us", "--save", str(plan))
        self._run("restore", str(plan), "--confirm", _digest(plan))
        now = look_at_harbour(cluster)
        if now != before:
            different = [path for path in before if before[path] != now[path]]
            raise StoryFailed(f"prod-us is not as it was: {different}")
        here = sum(1 for found in before.values() if found)
        self._say("", f"✓ {here} objects of prod-us, kind and role among them, are as they were")
        self._compare("prod-us/crm", self.photographs["crm"], "prod-us/crm", cluster, "crm")

    def _compare(
        self, origin: str, before: dict[str, Object], place: str, target: Cluster, namespace: str
    ) -> None:
        now = photograph(target, namespace)
        different = [name for name in before if before[name] != now.get(name)]
        extra = [name for name in now if name not in before]
        if different or extra:
            raise StoryFailed(f"{place} is not {origin} as it was: {different + extra}")
        self._say(f"✓ {len(before)} objects of {origin} stand in {place}, all equal")

    # The means

    def _cluster(self, kubeconfig: Path, name: str) -> Cluster:
        return Cluster(name, kubeconfig=kubeconfig, context=name)

    def _write_control_planes(self) -> None:
        """Say in the fleet file how control planes are reached: no kubeconfig tells that."""
        if self.planes is None:
            return
        file = self.folder / "fleet.yaml"
        fleet = yaml.safe_load(file.read_text())
        for name, backends in self.planes.backends.items():
            fleet["clusters"][name]["backends"].update(backends)
        policies = fleet.pop("policies")
        whole = {**fleet, "stores": dict(self.planes.stores), "policies": policies}
        file.write_text(yaml.safe_dump(whole, sort_keys=False))
        self._say("(each cluster's control plane and a store for it written into fleet.yaml)")

    def _write_policies(self) -> None:
        """Put the demo's own policies in place of the first one that ``init`` suggests."""
        fleet = self.folder / "fleet.yaml"
        head = fleet.read_text().split("\npolicies:", 1)[0]
        policies = _POLICIES
        if self.planes:
            policies = policies.replace("    tolerance", f"{_ALSO}    tolerance", 1)
        fleet.write_text(f"{head}\n{policies}")
        self._say("(policies gold and silver written into fleet.yaml)", "", policies.rstrip())

    def _command(self, arguments: Sequence[str]) -> list[str]:
        shown = " ".join(word if " " not in word else f'"{word}"' for word in arguments)
        self._say("", f"$ slackwater {shown.replace(str(self.folder) + '/', '')}")
        return [sys.executable, "-m", "slackwater", *arguments]

    def _environment(self) -> dict[str, str]:
        own = {"SLACKWATER_LEDGER": str(self._ledger)}
        return {**os.environ, **own, "COLUMNS": os.environ.get("COLUMNS", "150")}

    @property
    def _ledger(self) -> Path:
        return self.folder / "state" / "ledger.db"

    def _run(self, *arguments: str, expect: int = 0) -> None:
        command = self._command(arguments)
        out = subprocess.DEVNULL if self.quiet else None
        sys.stdout.flush()
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment(), stdout=out, stderr=out, check=False
        )
        if done.returncode != expect:
            raise StoryFailed(f"exit {done.returncode}, expected {expect}: {arguments[0]}")
        if expect:
            self._say(f"(exit {expect}, as it should be)")

    def _run_and_kill(self, *arguments: str) -> str:
        """Start a restore and kill it with SIGKILL as soon as the tool has begun to restore."""
        command = self._command(arguments)
        out = subprocess.DEVNULL if self.quiet else None
        sys.stdout.flush()
        process = subprocess.Popen(
            command, cwd=self.folder, env=self._environment(), stdout=out, stderr=out
        )
        try:
            run = self._wait_for_writing(process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self._say("", f"⚡ process {process.pid} killed with SIGKILL in the middle of {run}")
        return run

    def _wait_for_writing(self, process: subprocess.Popen[bytes]) -> str:
        deadline = time.monotonic() + _SECONDS_TO_KILL
        while process.poll() is None and time.monotonic() < deadline:
            run = self._writing_run()
            if run:
                return run
            time.sleep(0.05)
        raise StoryFailed("the restore ended before it could be killed")

    def _writing_run(self) -> str:
        try:
            with Ledger.open(self._ledger, clock=lambda: datetime.now(UTC), read_only=True) as own:
                for run in own.runs(unfinished=True):
                    writing = [r for r in run.steps if r.step.writes and r.ref]
                    if any(record.state is RunState.RUNNING for record in writing):
                        return run.id
        except SlackwaterError:
            pass  # the other process is just making it
        return ""

    def _head(self, text: str) -> None:
        self._say("", f"── {text} " + "─" * max(4, 96 - len(text)))

    def _say(self, *lines: str) -> None:
        for line in lines:
            print(line, flush=True)


def _digest(plan: Path) -> str:
    """Return the digest of a saved plan, to which consent is given."""
    return str(yaml.safe_load(plan.read_text())["digest"])
