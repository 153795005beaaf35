"""Emulated clusters with emulated Velero, and what must be true of them after a round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from slackwater.clusters import utc_now
from slackwater.model.run import Run
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.kubernetes_api.workloads import contents, seed
from slackwater_velero.emulator.cloud import backup_files
from slackwater_velero.emulator.installing import Installation, install, location

from .scenario import green
from .verdict import Verdict

_KEY = "slackwater.dev/key"
_PACE = 0.02


class VeleroSide:
    """East with a shop, west with nothing, and Velero in both over one object storage."""

    def __init__(
        self, folder: Path, stack: ExitStack, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.apis = {
            "east": KubernetesApi("east", clock=clock),
            "west": KubernetesApi("west"),
        }
        for name, api in self.apis.items():
            stack.enter_context(serve(api)).kubeconfig(folder / "kubeconfig", context=name)
        seed(self.apis["east"])
        self.velero: Installation = stack.enter_context(install(self.apis, pace=_PACE))
        self.shop = contents(self.apis["east"], "shop")

    def clusters(self) -> dict[str, Any]:
        """Return what stands in the fleet file."""
        return {
            name: {
                "kubeconfig": "file:kubeconfig",
                "context": name,
                "backends": {"velero": dict(self.velero.settings)},
            }
            for name in self.apis
        }

    def of_run(self, kind: str, cluster: str, run: str = "") -> list[Mapping[str, Any]]:
        """Return Velero's objects of a kind that a run has made, or any run."""
        found = self.apis[cluster].list(f"{kind}.velero.io", "velero")
        return [each for each in found if _key(each).startswith(f"{run}/" if run else "r-")]

    def judge_backup(self, run: Run, verdict: Verdict) -> None:
        """One Backup for the run, one folder in the store, and in it all of the shop."""
        made = self.of_run("backups", "east", run.id)
        done = [each for each in made if each.get("status", {}).get("phase") == "Completed"]
        folder = self.velero.cloud.folder(location("default", "east"))
        kept = folder.folders("backups")
        if not done or not kept:
            verdict.lost.append(f"{len(done)} Backups are complete, {len(kept)} in the store")
        if len(made) > 1 or len(kept) > 1:
            verdict.doubled.append(f"{len(made)} Backups, {len(kept)} in the store")
        for name in kept:
            held = folder.get(backup_files(name)["BackupContents"])
            missing = _missing(self.apis["east"], "shop", held)
            if missing and green(run):
                verdict.false_green.append(f"{name} lacks {', '.join(missing)}")

    def judge_restore(self, run: Run, verdict: Verdict) -> None:
        """One Restore for each act, the shop as it was, nothing shown any more."""
        made = [_key(each) for each in self.of_run("restores", "west", run.id)]
        steps = [key.rsplit("/", 1)[0] for key in made]
        if len(steps) > len(set(steps)):
            verdict.doubled.append(f"Restores {made}")
        standing = contents(self.apis["west"], "shop")
        if not standing:
            verdict.lost.append("nothing stands in west/shop")
        if standing != self.shop and green(run):
            verdict.false_green.append(f"west/shop is {standing}")
        shown = self.apis["west"].list("backupstoragelocations.velero.io", "velero")
        left = [each["metadata"]["name"] for each in shown if each["metadata"]["name"] != "default"]
        verdict.orphans += [f"location {name} in west" for name in left]


def _key(found: Mapping[str, Any]) -> str:
    return str((found["metadata"].get("annotations") or {}).get(_KEY, ""))


def _missing(api: KubernetesApi, namespace_: str, held: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the objects of a namespace that a backup does not hold, or not as they stand."""
    specs = {(each["kind"], each["metadata"]["name"]): _content(each) for each in held}
    standing = [
        each
        for kind in ("configmaps", "secrets", "deployments.apps", "persistentvolumeclaims")
        for each in api.list(kind, namespace_)
    ]
    return [
        f"{each['kind']}/{each['metadata']['name']}"
        for each in standing
        if specs.get((each["kind"], each["metadata"]["name"])) != _content(each)
    ]


def _content(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in found.items() if key not in ("metadata", "status")}
