"""K10's own work: actions get on by one state with every step.

Documented: the states, that a failed attempt is tried again, contents and their copies, receive
strings, unbound contents after an import, RetireActions. Observed: names of contents, labels, the
chain of causes in ``error``. Guessed: one step instead of minutes; that the action time of a copy
is that of its original; names and labels of what was imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from slackwater_kasten import labels
from slackwater_kasten.emulator.bringing_back import BringingBack, NotRestored
from slackwater_kasten.emulator.catalog import (
    Catalog,
    Inside,
    Object,
    label_of,
    place_of,
    state_of,
)
from slackwater_kasten.emulator.collecting import collect, exported
from slackwater_kasten.emulator.faults import Faults
from slackwater_kasten.emulator.rules import ENDED, Rules
from slackwater_kasten.emulator.runs import Runs
from slackwater_kasten.emulator.validating import PROFILES, Validation
from slackwater_kasten.emulator.vault import Export, Vault, bucket_of
from slackwater_kasten.emulator.world import World


class ActionFailed(Exception):
    """An action fails, in these words."""


@dataclass(frozen=True)
class Work:
    """Everything that one K10 does by itself."""

    catalog: Catalog
    world: World
    vault: Vault
    rules: Rules
    faults: Faults
    validation: Validation

    def tick(self) -> None:
        """Take everything one step further."""
        self.validation.tick()
        doing: Mapping[str, Callable[[Object], None]] = {
            "backupactions": self._back_up,
            "exportactions": self._export,
            "importactions": self._import,
            "restoreactions": self._restore,
            "retireactions": self._retire,
        }
        for plural, do in doing.items():
            for action in self.catalog.all(plural):
                if state_of(action) not in ENDED:
                    self._advance(plural, action, do)
        if not self.faults.stalled:
            Runs(self.catalog, self.world, self.validation, self.rules, self.faults).tick()
            self._expire()

    def begin(self) -> None:
        """Take what is pending up: stalled work has begun, and does not get on."""
        for plural in ("backupactions", "exportactions", "restoreactions"):
            for action in self.catalog.all(plural):
                if state_of(action) == "Pending":
                    self._start(plural, action)

    def _advance(self, plural: str, action: Object, do: Callable[[Object], None]) -> None:
        if state_of(action) == "Pending":
            self._start(plural, action)
            return
        if self.faults.stalled or state_of(action) not in ("Running", "AttemptFailed"):
            return
        if self.faults.take_retry():
            self.catalog.change(plural, action, state="AttemptFailed",
                                error=_chain("a snapshot was not ready yet"))  # fmt: skip
            return
        words = self.faults.take("fail_next")
        if plural == "exportactions" and not label_of(action, labels.METADATA_EXPORT):
            words = words or self.faults.fail_exports
        try:
            if not words:
                do(action)
        except (ActionFailed, NotRestored) as failure:
            words = str(failure)
        if words:
            error = {} if self.faults.silent else {"error": _chain(words)}
            self._end(plural, action, "Failed", **error)

    def _start(self, plural: str, action: Object) -> None:
        self.catalog.change(
            plural, action, state="Running", startTime=self.catalog.now(), progress=0
        )

    def _end(self, plural: str, action: Object, state: str, **more: object) -> None:
        ended = {"endTime": self.catalog.now(), "progress": 100, **more}
        if state == "Complete":
            ended.setdefault("error", None)
        self.catalog.change(plural, action, state=state, **ended)

    def _back_up(self, action: Object) -> None:
        namespace, name = place_of(action)
        spec = action["spec"]
        app = (spec.get("subject") or {}).get("namespace") or namespace
        if self.world.find("namespaces", app) is None:
            raise ActionFailed(f'namespaces "{app}" not found')
        inside = collect(self.world, app, spec.get("filters") or {})
        kept = {**_application(app), **_made_by(action)}
        self._add_point(action, name, kept, inside, spec.get("expiresAt"))
        self._note_phases("backupactions", action, "Snapshotting Application Components")
        self._end("backupactions", action, "Complete",
                  restorePoint={"name": name, "namespace": app})  # fmt: skip

    def _export(self, action: Object) -> None:
        if label_of(action, labels.METADATA_EXPORT):
            self._end("exportactions", action, "Complete")
            return
        spec, subject = action["spec"], action["spec"].get("subject") or {}
        point = self.catalog.find("restorepoints", subject["name"], subject["namespace"])
        if point is None:
            raise ActionFailed(f'restorepoints "{subject["name"]}" not found')
        source = point["spec"]["restorePointContentRef"]["name"]
        inside = self.catalog.inside.get(source, Inside())
        if not inside.artifacts:
            raise ActionFailed("No artifacts provided.")
        profile = (spec.get("profile") or {}).get("name", "")
        bucket = self._bucket(profile)
        kept = {**_own(point), **_made_by(action), labels.EXPORT_PROFILE: profile}
        kept[labels.EXPORT_TYPE] = "portableAppData" if inside.data else "appConfigOnly"
        copy = exported(inside, profile)
        name = place_of(action)[1]
        content = self._add_point(action, name, kept, copy, spec.get("expiresAt"), of=point)
        self.vault.put(
            spec["receiveString"],
            Export(bucket, content, kept, point["status"]["actionTime"], copy),
        )
        self._note_phases("exportactions", action, "Exporting Volumes")
        self._end("exportactions", action, "Complete")

    def _bucket(self, profile: str) -> str:
        found = self.world.find(PROFILES, profile, self.rules.home)
        if found is None or (found.get("status") or {}).get("validation") != "Success":
            raise ActionFailed(f"profile {profile} is not valid")
        return bucket_of(found)

    def _import(self, action: Object) -> None:
        """Brings one export in; its content has a name of its own, and no RestorePoint."""
        export = self.rules.imports.get(place_of(action)[1])
        if export is None:
            raise ActionFailed("failed to decode the receive string")
        app = export.labels[labels.APP_NAMESPACE]
        kept = {
            key: value
            for key, value in export.labels.items()
            if key in (labels.APP_NAME, labels.APP_NAMESPACE, labels.APP_TYPE, labels.EXPORT_TYPE)
        }
        kept |= {**_made_by(action), labels.EXPORT_PROFILE: action["spec"]["profile"]["name"]}
        name = f"{app}-{place_of(action)[1]}"
        self.catalog.inside[name] = export.inside
        self.catalog.add(
            "restorepointcontents",
            {
                "metadata": {"name": name, "labels": kept},
                "status": {"state": "Unbound", "actionTime": export.action_time,
                           "scheduledTime": None, "restorePointRef": None},
            },
        )  # fmt: skip
        self._end("importactions", action, "Complete")

    def _restore(self, action: Object) -> None:
        namespace, _ = place_of(action)
        subject = action["spec"]["subject"]
        point = self.catalog.find("restorepoints", subject["name"], subject["namespace"])
        if point is None:
            raise ActionFailed(f'restorepoints "{subject["name"]}" not found')
        if self.world.find("namespaces", namespace) is None:
            raise ActionFailed(f'namespaces "{namespace}" not found')
        content = point["spec"]["restorePointContentRef"]["name"]
        work = BringingBack(self.world, action["spec"], namespace)
        work.run(self.catalog.inside.get(content, Inside()))
        self._note_phases("restoreactions", action, "Restoring Application")
        self._end("restoreactions", action, "Complete")

    def _retire(self, action: Object) -> None:
        name = action["spec"]["subject"]["name"]
        self.catalog.inside.pop(name, None)
        self.vault.take_out(name)
        self._forget_backups(name)
        self._end("retireactions", action, "Complete")

    def _forget_backups(self, content: str) -> None:
        """BackupActions go with the point that they made (observed)."""
        for action in self.catalog.all("backupactions"):
            namespace, name = place_of(action)
            if content == content_name(namespace, name):
                self.catalog.remove("backupactions", name, namespace)

    def _expire(self) -> None:
        now = self.catalog.clock()
        for content in self.catalog.all("restorepointcontents"):
            said = label_of(content, labels.EXPIRES_AT)
            if said and datetime.strptime(f"{said}+0000", "%Y-%m-%dT%H-%M-%SZ%z") <= now:
                self.rules.retire(content)

    def _add_point(
        self,
        action: Object,
        name: str,
        kept: dict[str, str],
        inside: Inside,
        expires: str | None,
        *,
        of: Object | None = None,
    ) -> str:
        """Add a content, and the RestorePoint that shows it; return the content's name."""
        app = kept[labels.APP_NAMESPACE]
        if expires:
            kept[labels.EXPIRES_AT] = str(expires).replace(":", "-")
        began = (action.get("status") or {}).get("startTime")
        times = {
            "actionTime": of["status"]["actionTime"] if of else began,
            "scheduledTime": action["spec"].get("scheduledTime"),
        }
        content = content_name(app, name)
        self.catalog.inside[content] = inside
        self.catalog.add(
            "restorepointcontents",
            {
                "metadata": {"name": content, "labels": kept},
                "status": {
                    **times,
                    "state": "Bound",
                    "restorePointRef": {"name": name, "namespace": app},
                },
            },
        )
        self.catalog.add(
            "restorepoints",
            {
                "metadata": {"name": name, "namespace": app, "labels": kept},
                "spec": {"restorePointContentRef": {"name": content}},
                "status": times,
            },
        )
        return content

    def _note_phases(self, plural: str, action: Object, name: str) -> None:
        words = self.faults.take("lose_phase") if plural == "backupactions" else ""
        phases: list[Object] = [{"name": name, "state": "succeeded"}]
        if words:
            phases.append({"name": "Exporting Metadata", "state": "Failed", "error": _chain(words)})
        self.catalog.phases[plural, place_of(action)] = phases


def content_name(namespace: str, action: str) -> str:
    """Return the name of a content: ``<namespace>-<action>`` (observed)."""
    return f"{namespace}-{action}"


def _application(namespace: str) -> dict[str, str]:
    return {
        labels.APP_NAME: namespace,
        labels.APP_NAMESPACE: namespace,
        labels.APP_TYPE: "namespace",
    }


def _made_by(action: Object) -> dict[str, str]:
    """K10's own labels go on; whether a client's do is not known, so they do not."""
    passed_on = (labels.POLICY_NAME, labels.POLICY_NAMESPACE, labels.RUN_ACTION)
    return {name: value for name in passed_on if (value := label_of(action, name))}


def _own(point: Object) -> dict[str, str]:
    kept = (labels.APP_NAME, labels.APP_NAMESPACE, labels.APP_TYPE)
    return {name: label_of(point, name) for name in kept}


def _chain(words: str) -> Object:
    """The message that matters lies deepest, as JSON in a string (observed)."""
    inner = json.dumps({"message": words, "cause": None})
    middle = json.dumps({"message": "Failed to execute phase", "cause": inner})
    return {"message": "Job failed to be executed", "cause": middle}
