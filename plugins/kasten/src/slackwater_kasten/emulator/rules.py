"""What K10 does at the moment of a request: what it refuses, fills in, binds and removes.

Documented: exports on demand only in K10's namespace; a receive string in the spec right at the
creation; binding by a RestorePoint, release by its deletion; retirement by deletion of a content.
Observed: the namespace of a RunAction is its policy's (8.x). Guessed: codes and words; that a
RestorePoint for a content that is bound already is refused; that a running action may be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from slackwater.testing.kubernetes_api import ApiError
from slackwater_kasten import labels
from slackwater_kasten.emulator.catalog import Catalog, Object, label_of, place_of, state_of
from slackwater_kasten.emulator.faults import Guesses
from slackwater_kasten.emulator.kinds import KINDS, Kind
from slackwater_kasten.emulator.vault import Export, Vault
from slackwater_kasten.emulator.world import World

ENDED = frozenset(("Complete", "Failed", "Skipped", "Cancelled"))


@dataclass(frozen=True)
class Rules:
    """The rules of one K10. ``home`` is its namespace; ``imports`` are what import actions bring,
    by their names.
    """

    catalog: Catalog
    world: World
    vault: Vault
    home: str
    guesses: Guesses
    imports: dict[str, Export] = field(default_factory=dict)

    def require(self, kind: Kind, content: Object) -> None:
        """Raise ``ApiError`` for what is refused at once."""
        metadata, spec = content["metadata"], content.get("spec") or {}
        if kind.namespaced:
            self._require_namespace(kind, metadata["namespace"])
        subject = spec.get("subject") or {}
        match kind.kind:
            case "BackupAction" if self.guesses.strict_labels:
                missing = [each for each in (labels.APP_NAME, labels.APP_NAMESPACE)
                           if not label_of(content, each)]  # fmt: skip
                if missing:
                    raise _refused(f"metadata.labels: {', '.join(missing)} required")
            case "ExportAction" if metadata["namespace"] != self.home:
                raise _refused(f"an ExportAction must be created in namespace {self.home}")
            case "RestoreAction" if spec.get("targetNamespace") != metadata["namespace"]:
                raise _refused("spec.targetNamespace must be metadata.namespace")
            case "RunAction" if subject.get("namespace") != metadata["namespace"]:
                raise _refused("a RunAction must be created in the namespace of its policy")
            case "RestorePoint":
                self._require_free(spec)
            case "CancelAction":
                self._target(subject)

    def create(self, kind: Kind, content: Object) -> Object:
        """Take an object; what comes back is as K10 keeps it."""
        match kind.kind:
            case "RestorePoint":
                return self._bind(content)
            case "CancelAction":
                self._cancel(content["spec"]["subject"])
                return content
            case "ExportAction":
                self._hand_out(content)
            case "RestoreAction" if not self.guesses.knows_filters:
                content["spec"].pop("filters", None)
        return self.catalog.add(kind.plural, {**content, "status": {"state": "Pending"}})

    def delete(self, kind: Kind, found: Object) -> None:
        """Remove an object: of an action nothing but the record, of a content everything."""
        namespace, name = place_of(found)
        if kind.kind == "RestorePointContent":
            self.retire(found)
        self.catalog.remove(kind.plural, name, namespace)
        if kind.kind == "RestorePoint":
            self._release(found)

    def retire(self, content: Object) -> None:
        """Begin to delete what a content holds; the RestorePoint that shows it goes at once."""
        name = content["metadata"]["name"]
        reference = (content.get("status") or {}).get("restorePointRef") or {}
        if reference.get("name"):
            self.catalog.remove("restorepoints", reference["name"], reference["namespace"])
        self.catalog.remove("restorepointcontents", name)
        subject = {"kind": "RestorePointContent", "name": name}
        action = {
            "metadata": {"name": f"retire-{content['metadata']['uid'][:13]}"},
            "spec": {"subject": subject},
            "status": {"state": "Pending"},
        }
        self.catalog.add("retireactions", action)

    def namespace_gone(self, namespace: str) -> None:
        """A namespace was deleted: its objects go, contents stay and are unbound (documented for
        RestorePoints; guessed for actions).
        """
        with self.catalog.held():
            for kind in KINDS.values():
                for found in self.catalog.all(kind.plural, namespace) if kind.namespaced else ():
                    self.delete(kind, found)

    def _require_namespace(self, kind: Kind, name: str) -> None:
        found = self.world.find("namespaces", name)
        if found is None:
            raise ApiError(404, "NotFound", f'namespaces "{name}" not found')
        if "deletionTimestamp" in found["metadata"]:
            said = f"unable to create new content in namespace {name}: it is being terminated"
            raise ApiError(403, "Forbidden", f"{kind.named} is forbidden: {said}")

    def _require_free(self, spec: Object) -> None:
        name = (spec.get("restorePointContentRef") or {}).get("name", "")
        content = self.catalog.find("restorepointcontents", name)
        if content is None:
            raise ApiError(404, "NotFound", f'restorepointcontents.apps.kio.kasten.io "{name}" '
                           "not found")  # fmt: skip
        if content["status"]["state"] == "Bound":
            raise _refused(f"RestorePointContent {name} is bound already")

    def _bind(self, point: Object) -> Object:
        name = point["spec"]["restorePointContentRef"]["name"]
        content = self.catalog.find("restorepointcontents", name) or {}
        namespace, own = place_of(point)
        self.catalog.change("restorepointcontents", content, state="Bound",
                            restorePointRef={"name": own, "namespace": namespace})  # fmt: skip
        told = {
            **(content["metadata"].get("labels") or {}),
            **(point["metadata"].get("labels") or {}),
        }
        point["metadata"]["labels"] = told
        times = {k: v for k, v in content["status"].items() if k.endswith("Time")}
        return self.catalog.add("restorepoints", {**point, "status": times})

    def _release(self, point: Object) -> None:
        name = point["spec"]["restorePointContentRef"]["name"]
        content = self.catalog.find("restorepointcontents", name)
        if content is not None:
            self.catalog.change(
                "restorepointcontents", content, state="Unbound", restorePointRef=None
            )

    def _hand_out(self, export: Object) -> None:
        """The receive string is there at once, and so is the Secret with the migration token."""
        export["spec"]["receiveString"] = self.vault.new_string()
        name = f"{export['metadata']['name']}-migration-token"
        self.world.put(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": self.home},
                "data": {"migrationToken": "ZW11bGF0ZWQ="},
            }
        )

    def _target(self, subject: Object) -> tuple[str, Object]:
        kind = next((k for k in KINDS.values() if k.kind == subject.get("kind")), None)
        name, namespace = subject.get("name", ""), subject.get("namespace", "")
        found = self.catalog.find(kind.plural, name, namespace) if kind else None
        if kind is None or found is None:
            raise ApiError(404, "NotFound", f'{subject.get("kind")} "{name}" not found')
        return kind.plural, found

    def _cancel(self, subject: Object) -> None:
        plural, found = self._target(subject)
        if state_of(found) not in ENDED:
            self.catalog.change(plural, found, state="Cancelled", endTime=self.catalog.now())


def _refused(said: str) -> ApiError:
    return ApiError(422, "Invalid", said)
