"""Compares a restored namespace with the content it came from, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from slackwater.clusters import Resource
from slackwater.errors import BackendError
from slackwater.model.act import Act, Key
from slackwater.model.finding import Finding
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import text
from slackwater_kasten.binding import chosen_content
from slackwater_kasten.contents import artifacts_of, object_names, phase_findings
from slackwater_kasten.objects import Action, Content, Named
from slackwater_kasten.resources import CONTENTS, RESTORE_ACTIONS
from slackwater_kasten.starting import run_hash
from slackwater_kasten.voice import Voice

_PASSING = frozenset(
    (
        "pods",
        "replicasets.apps",
        "jobs.batch",
        "controllerrevisions.apps",
        "events",
        "events.events.k8s.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "leases.coordination.k8s.io",
        "namespaces",
    )
)
"""Kinds that others make anew, or that end: their names prove nothing after a restore."""
_NAMED = 50
"""Missing objects that are named one by one."""


class _Group(msgspec.Struct, rename="camel"):
    class Preferred(msgspec.Struct, rename="camel"):
        """The version that the group itself prefers."""

        version: str = ""

    preferred_version: Preferred | None = None


@dataclass(frozen=True)
class Verifier:
    """Verifies one restore; changes nothing."""

    kasten: Kasten
    voice: Voice

    def verify(self, act: Act, key: Key) -> dict[str, object]:
        """Return how much was expected and found, what is missing, and findings, as plain JSON."""
        target = text(act.payload, "namespace")
        expected = self._expected(act)
        if not expected:
            said = self._not_verified(target, "K10 tells no objects of the recovery point")
            return _result(0, [], [said])
        missing, unseen = self._missing(expected, target)
        findings = [*self._missing_findings(missing, target), *unseen]
        findings += self._own_words(act, key, target)
        return _result(sum(map(len, expected.values())), missing, findings)

    def _expected(self, act: Act) -> Mapping[str, Sequence[str]]:
        """Names by kind, as ``deployments.apps``; kinds that do not outlive a restore left out."""
        content = chosen_content(self.kasten, act.payload)
        details = self.kasten.find(CONTENTS, content.metadata.name, Content, part="details")
        source, found = text(act.payload, "source"), dict[str, list[str]]()
        for namespace, kind, name in sorted(object_names(artifacts_of(details))):
            if kind not in _PASSING and namespace in ("", source):
                found.setdefault(kind, []).append(name)
        return found

    def _missing(
        self, expected: Mapping[str, Sequence[str]], target: str
    ) -> tuple[list[str], list[Finding]]:
        missing: list[str] = []
        unseen: list[Finding] = []
        for kind, names in expected.items():
            try:
                standing = self._standing(kind, target)
            except BackendError as error:
                unseen.append(self._not_verified(f"{target}: {kind}", str(error)))
                continue
            missing += [f"{kind}/{name}" for name in names if name not in standing]
        return missing, unseen

    def _standing(self, kind: str, target: str) -> set[str]:
        plural, _, group = kind.partition(".")
        resource = Resource(group, self._version(group), plural)
        return {each.metadata.name for each in self.kasten.list(resource, Named, namespace=target)}

    def _version(self, group: str) -> str:
        if not group:
            return "v1"
        found = self.kasten.find_at(f"/apis/{group}", f"look up {group}", _Group)
        return found.preferred_version.version if found and found.preferred_version else "v1"

    def _own_words(self, act: Act, key: Key, target: str) -> Iterator[Finding]:
        """What K10 noted down of this run's RestoreAction, though it called it Complete."""
        request = text(act.payload, "request")
        selector = f"{labels.REQUEST}={request},{labels.RUN_HASH}={run_hash(key)}"
        made = list(self.kasten.list(RESTORE_ACTIONS, Named, namespace=target, selector=selector))
        if not made:
            return
        newest = max(made, key=lambda each: str(each.metadata.creation_timestamp)).metadata.name
        details = self.kasten.find(
            RESTORE_ACTIONS, newest, Action, namespace=target, part="details"
        )
        yield from phase_findings(details, newest, self.voice)

    def _missing_findings(self, missing: Sequence[str], target: str) -> Iterator[Finding]:
        if missing:
            named = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            yield self.voice.error(
                "objects-missing",
                target,
                f"{len(missing)} objects of the recovery point are not there: {named}",
            )

    def _not_verified(self, subject: str, why: str) -> Finding:
        """Not verified is not well: a restore that nobody could look at is partial, not done."""
        return self.voice.error("not-verified", subject, f"it could not be verified: {why}")


def _result(
    expected: int, missing: Sequence[str], findings: Sequence[Finding]
) -> dict[str, object]:
    return {
        "expected": expected,
        "found": expected - len(missing),
        "missing": list(missing[:_NAMED]),
        "findings": [finding.model_dump(mode="json") for finding in findings],
    }
