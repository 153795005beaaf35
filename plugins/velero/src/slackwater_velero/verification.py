"""Compares what was restored with the recovery point, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slackwater.errors import BackendError, ObjectNotFound
from slackwater.model.act import Act, Key
from slackwater.model.finding import Finding
from slackwater_velero import labels
from slackwater_velero.access import Velero
from slackwater_velero.acts import text
from slackwater_velero.cluster_objects import bring_back, is_restored, leading_to_programs
from slackwater_velero.contents import ObjectList, Unreadable, read_objects
from slackwater_velero.discovery import find_kind
from slackwater_velero.downloads import Downloads, Missing, Target
from slackwater_velero.locations import Location, read_locations
from slackwater_velero.objects import Named, Restore
from slackwater_velero.resources import GROUP, RESTORES
from slackwater_velero.results import read_results, result_findings, set_kept_apart
from slackwater_velero.voice import Voice
from slackwater_velero.volume_verification import verify_volumes

_PASSING = frozenset(
    (
        "Pod",
        "ReplicaSet",
        "Job",
        "ControllerRevision",
        "Event",
        "Endpoints",
        "EndpointSlice",
        "Lease",
        "PodMetrics",
    )
)
"""Kinds that others make anew, or that end: their names prove nothing after a restore."""

_NAMED = 50
"""Missing objects that are named one by one."""


@dataclass(frozen=True)
class Verifier:
    """Verifies one restore; changes nothing."""

    velero: Velero
    downloads: Downloads
    voice: Voice

    def verify(self, act: Act, key: Key) -> dict[str, object]:
        """Return how much was expected and found, what is missing, and findings, as plain JSON."""
        payload = act.payload
        location = read_locations(self.velero).get(text(payload, "location"))
        namespace, target = text(payload, "namespace"), text(payload, "target")
        restores = self._restores_of(text(payload, "restore"), key)
        findings = [*self._restore_findings(restores, location, namespace)]
        if namespace:
            findings = [*verify_volumes(self.velero, restores, target, self.voice), *findings]
        listed = self._listed(payload, location)
        if isinstance(listed, Finding):
            return _result(0, [], [listed, *findings])
        expected = in_namespace(listed, namespace) if namespace else of_cluster(listed)
        missing, unseen = self._missing(expected, target)
        if not namespace:
            unseen += self._left_out(text(payload, "backup"), listed)
        findings = [*self._missing_findings(missing, target), *unseen, *findings]
        return _result(sum(map(len, expected.values())), missing, findings)

    def _listed(
        self, payload: Mapping[str, object], location: Location | None
    ) -> ObjectList | Finding:
        """What the recovery point lists, or why that is not known."""
        backup = text(payload, "backup")
        if location is None:
            return self._not_verified(backup, f"location {text(payload, 'location')!r} is gone")
        file = self.downloads.read((Target.BACKUP_OBJECTS,), backup, location)
        listed = file[Target.BACKUP_OBJECTS]
        if isinstance(listed, Missing):
            return self._not_verified(backup, listed.reason)
        try:
            return read_objects(listed)
        except Unreadable as error:
            return self._not_verified(backup, str(error))

    def _left_out(self, backup: str, listed: ObjectList) -> list[Finding]:
        """Webhooks and API services that a person has to bring back, once their programs run."""
        missing, unseen = self._missing(leading_to_programs(listed), "")
        if missing:
            say = self.voice.warning(
                "left-out",
                backup,
                f"{named(missing)}: left out, because the programs that they lead to may not run",
                f"once those run: {bring_back(backup, self.voice)}",
            )
            unseen.append(say)
        return unseen

    def _missing(
        self, expected: Mapping[str, Sequence[str]], target: str
    ) -> tuple[list[str], list[Finding]]:
        missing: list[str] = []
        unseen: list[Finding] = []
        for kind, names in sorted(expected.items()):
            try:
                standing = self._standing(kind, target)
            except BackendError as error:
                unseen.append(self._not_verified(f"{target}: {kind}", str(error)))
                continue
            short = kind.rpartition("/")[2]
            missing += [f"{short}/{name}" for name in names if name not in standing]
        return missing, unseen

    def _standing(self, kind: str, target: str) -> set[str]:
        """Names of the objects of a kind that stand in the target now; none if it is not served."""
        resource = find_kind(self.velero, kind)
        if resource is None:
            return set()
        path = resource.path(namespace=target if resource.namespaced else "")
        try:
            found = self.velero.list_at(path, f"list {resource}", Named)
            return {each.metadata.name for each in found}
        except ObjectNotFound:
            return set()

    def _restore_findings(
        self, restores: Sequence[Restore], location: Location | None, namespace: str
    ) -> Iterator[Finding]:
        """What Velero itself had to say about this run's Restore.

        A cluster is full of cluster-scoped objects that stand already: those are only counted.
        """
        if not restores or location is None:
            return
        name = restores[-1].metadata.name
        file = self.downloads.read((Target.RESTORE_RESULTS,), name, location)
        said = file[Target.RESTORE_RESULTS]
        if isinstance(said, Missing):
            yield self.voice.warning(
                "results-unknown", name, f"Velero's own results could not be read: {said.reason}"
            )
            return
        results = read_results(said)
        if not namespace:
            results, kept = set_kept_apart(results)
            yield from self._kept(name, kept)
        yield from result_findings(results, name, self.voice, severe=True)

    def _kept(self, restore: str, kept: Sequence[str]) -> Iterator[Finding]:
        if kept:
            yield self.voice.info(
                "kept",
                restore,
                f"{len(kept)} objects stood there already, differ, and were kept: {named(kept)}",
            )

    def _restores_of(self, token: str, key: Key) -> list[Restore]:
        """The Restores of this run for this place, the newest last; there is one per generation."""
        ours = [
            each
            for each in self.velero.list(RESTORES, Restore, selector=f"{labels.RESTORE}={token}")
            if (each.metadata.annotations or {}).get(labels.KEY, "").startswith(f"{key.run}/")
        ]
        return sorted(ours, key=lambda each: str(each.metadata.creation_timestamp))

    def _missing_findings(self, missing: Sequence[str], target: str) -> Iterator[Finding]:
        if missing:
            yield self.voice.error(
                "objects-missing",
                target or "cluster-scoped objects",
                f"{len(missing)} objects of the recovery point are not there: {named(missing)}",
            )

    def _not_verified(self, subject: str, why: str) -> Finding:
        """Not verified is not well: a restore that nobody could look at is partial, not done."""
        return self.voice.error("not-verified", subject, f"it could not be verified: {why}")


def in_namespace(listed: ObjectList, namespace: str) -> dict[str, list[str]]:
    """Return what a resource list has of one namespace ("" is cluster-scoped), by kind.

    Kinds that do not outlive a restore are left out, and Velero's own, which it never restores.
    """
    found: dict[str, list[str]] = {}
    for kind, entries in listed.items():
        if kind.rpartition("/")[2] in _PASSING or kind.startswith(f"{GROUP}/"):
            continue
        names = [
            name for space, _, name in (e.rpartition("/") for e in entries) if space == namespace
        ]
        if names:
            found[kind] = names
    return found


def of_cluster(listed: ObjectList) -> dict[str, list[str]]:
    """Return what a resource list has of cluster-scoped objects that a restore brings back."""
    found = {
        kind: [name for name in names if is_restored(kind, name)]
        for kind, names in in_namespace(listed, "").items()
    }
    return {kind: names for kind, names in found.items() if names}


def named(names: Sequence[str]) -> str:
    """Return the first few of the names, in words."""
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _result(
    expected: int, missing: Sequence[str], findings: Sequence[Finding]
) -> dict[str, object]:
    return {
        "expected": expected,
        "found": expected - len(missing),
        "missing": list(missing[:_NAMED]),
        "findings": [finding.model_dump(mode="json") for finding in findings],
    }
