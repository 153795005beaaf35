"""RunActions: one run of a policy, and the actions that it is made of.

Documented: every run is a RunAction; a run is Skipped while another of its policy is active; a
policy that is not valid fails before any child; every snapshot is exported where the export names
no frequency; since 9.0 a policy may export to two places. Observed: a run exports its own metadata
as well, in K10's namespace. Guessed: what the run is called when a part fails; that an export with
a frequency takes the first snapshot after each period.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slackwater_kasten import labels
from slackwater_kasten.emulator.catalog import Catalog, Object, label_of, place_of, state_of
from slackwater_kasten.emulator.faults import Faults
from slackwater_kasten.emulator.rules import ENDED, Rules
from slackwater_kasten.emulator.validating import POLICIES, PROFILES, Validation
from slackwater_kasten.emulator.vault import bucket_of
from slackwater_kasten.emulator.world import World

_PERIODS = {
    "@hourly": timedelta(hours=1),
    "@daily": timedelta(days=1),
    "@weekly": timedelta(weeks=1),
    "@monthly": timedelta(days=30),
}
_PARTS = ("backupactions", "exportactions", "importactions")


@dataclass(frozen=True)
class Runs:
    """All runs of one K10."""

    catalog: Catalog
    world: World
    validation: Validation
    rules: Rules
    faults: Faults

    def tick(self) -> None:
        """Take every run one step further."""
        for run in self.catalog.all("runactions"):
            match state_of(run):
                case "Pending":
                    self._begin(run)
                case "Running":
                    self._follow(run)

    def _begin(self, run: Object) -> None:
        subject = run["spec"]["subject"]
        policy = self.world.find(POLICIES, subject["name"], subject["namespace"])
        if self._another_runs(run):
            self._end(run, "Skipped")
        elif policy is None or not self.validation.is_good(policy):
            self._end(run, "Failed", error={"message": f"policy {subject['name']} is not valid"})
        else:
            self.catalog.change(
                "runactions", run, state="Running", startTime=self.catalog.now(),
                policySpec={"actions": [each["action"] for each in policy["spec"]["actions"]]},
            )  # fmt: skip
            try:
                self._add_parts(run, policy)
            except ValueError as failure:
                self._end(run, "Failed", error={"message": str(failure)})

    def _another_runs(self, run: Object) -> bool:
        name = run["spec"]["subject"]["name"]
        return any(
            other["spec"]["subject"]["name"] == name and state_of(other) == "Running"
            for other in self.catalog.all("runactions")
            if place_of(other) != place_of(run)
        )

    def _add_parts(self, run: Object, policy: Object) -> None:
        for action in policy["spec"]["actions"]:
            if action["action"] == "backup":
                for app in self._applications(policy):
                    self._add("backupactions", app, run, {"subject": _app(app)}, app)
            elif action["action"] == "import":
                self._add_imports(run, action["importParameters"])

    def _add_imports(self, run: Object, parameters: Object) -> None:
        """One for each export that was not imported before."""
        profile = self.world.find(PROFILES, parameters["profile"]["name"], self.rules.home)
        found = self.rules.vault.reach(parameters["receiveString"], bucket_of(profile))
        if found is None:
            raise ValueError("failed to decode the receive string")
        for export in found:
            if export.source not in {each.source for each in self.rules.imports.values()}:
                seed = f"{export.source}/{place_of(run)[1]}"
                spec = {"profile": parameters["profile"]}
                name = self._add("importactions", self.rules.home, run, spec, seed)
                self.rules.imports[name] = export

    def _follow(self, run: Object) -> None:
        parts = list(self._parts(run))
        if any(state_of(part) not in ENDED for part in parts):
            return
        if self._add_exports(run, parts):
            return
        failed = any(state_of(part) != "Complete" for part in parts)
        bad = failed and self.rules.guesses.run_fails_with_part
        self._end(run, "Failed" if bad else "Complete")

    def _add_exports(self, run: Object, parts: list[Object]) -> bool:
        """Exports follow backups; True where some were added."""
        subject = run["spec"]["subject"]
        policy = self.world.find(POLICIES, subject["name"], subject["namespace"])
        actions = ((policy or {}).get("spec") or {}).get("actions") or ()
        exports = [each for each in actions if each["action"] == "export"]
        begun = any(part["kind"] == "ExportAction" for part in parts)
        if policy is None or not exports or begun or self.faults.never_export:
            return False
        done = [p for p in parts if p["kind"] == "BackupAction" and state_of(p) == "Complete"]
        for export in exports:
            parameters = export["exportParameters"]
            receive = parameters.get("receiveString") or self._hand_out(policy, actions, export)
            for backup in (each for each in done if self._is_due(each, parameters)):
                self._add_export(run, backup, parameters, receive)
        if done:
            self._add_metadata_export(run)
        return bool(done)

    def _add_export(self, run: Object, backup: Object, parameters: Object, receive: str) -> None:
        app, profile = label_of(backup, labels.APP_NAMESPACE), parameters["profile"]
        subject = {"kind": "RestorePoint", **backup["status"]["restorePoint"]}
        spec = {"subject": subject, "profile": profile, "receiveString": receive}
        self._add("exportactions", app, run, spec, f"export/{app}/{profile['name']}")

    def _add_metadata_export(self, run: Object) -> None:
        marked = {labels.METADATA_EXPORT: "true"}
        self._add("exportactions", self.rules.home, run, {}, "export of metadata", **marked)

    def _is_due(self, backup: Object, parameters: Object) -> bool:
        period = _PERIODS.get(parameters.get("frequency") or "")
        if period is None:
            return True
        app, profile = label_of(backup, labels.APP_NAMESPACE), parameters["profile"]["name"]
        made = [
            datetime.fromisoformat(content["metadata"]["creationTimestamp"])
            for content in self.catalog.all("restorepointcontents")
            if label_of(content, labels.APP_NAMESPACE) == app
            and label_of(content, labels.EXPORT_PROFILE) == profile
        ]
        return not made or self.catalog.clock() >= max(made) + period

    def _hand_out(self, policy: Object, actions: Sequence[Object], export: Object) -> str:
        """K10 writes the receive string into the policy itself."""
        export["exportParameters"]["receiveString"] = self.rules.vault.new_string()
        change = {"spec": {"actions": list(actions)}}
        self.world.patch(POLICIES, policy["metadata"]["name"], change, self.rules.home)
        self.validation.tick()
        return str(export["exportParameters"]["receiveString"])

    def _parts(self, run: Object) -> Iterator[Object]:
        name = place_of(run)[1]
        for plural in _PARTS:
            for part in self.catalog.all(plural):
                if label_of(part, labels.RUN_ACTION) == name:
                    yield part

    def _applications(self, policy: Object) -> list[str]:
        """By name (``appNamespace``), by labels of namespaces, or all but K10's own."""
        selector = policy["spec"].get("selector") or {}
        spaces = [each["metadata"]["name"] for each in self.world.list("namespaces")]
        named = [
            value
            for each in selector.get("matchExpressions") or ()
            if each["key"] == labels.APP_NAMESPACE and each["operator"] == "In"
            for value in each["values"]
        ]
        wanted = set(named) or {each for each in spaces if not each.startswith(("kube-", "kasten"))}
        return sorted(wanted & set(spaces))

    def _add(
        self, plural: str, namespace: str, run: Object, spec: Object, seed: str, **more: str
    ) -> str:
        policy = run["spec"]["subject"]
        digest = hashlib.sha256(f"{place_of(run)}/{seed}".encode()).hexdigest()
        name = f"scheduled-{digest[: 5 if plural == 'backupactions' else 10]}"
        made = {
            labels.POLICY_NAME: policy["name"],
            labels.POLICY_NAMESPACE: policy["namespace"],
            labels.RUN_ACTION: place_of(run)[1],
            labels.APP_NAME: namespace,
            labels.APP_NAMESPACE: namespace,
            **more,
        }
        spec = {**spec, "expiresAt": run["spec"].get("expiresAt")}
        metadata = {"name": name, "namespace": namespace, "labels": made}
        content = {"metadata": metadata, "spec": spec, "status": {"state": "Pending"}}
        self.catalog.add(plural, content)
        return name

    def _end(self, run: Object, state: str, **more: object) -> None:
        ended = {"endTime": self.catalog.now(), "progress": 100, **more}
        self.catalog.change("runactions", run, state=state, **ended)


def _app(name: str) -> Object:
    return {"name": name, "namespace": name}
