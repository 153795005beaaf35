"""Compares a restored namespace with the content it came from, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slackwater.model.act import Act, Key
from slackwater.model.finding import Finding
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import text
from slackwater_kasten.binding import chosen_content
from slackwater_kasten.contents import phase_findings
from slackwater_kasten.objects import Action, Named
from slackwater_kasten.overwriting import compare, expected_names, in_short
from slackwater_kasten.resources import CLAIMS, RESTORE_ACTIONS
from slackwater_kasten.restoring import kept_claims
from slackwater_kasten.starting import run_hash
from slackwater_kasten.voice import Voice

_NAMED = 50
"""Missing objects that are named one by one."""


@dataclass(frozen=True)
class Verifier:
    """Verifies one restore; changes nothing."""

    kasten: Kasten
    voice: Voice

    def verify(self, act: Act, key: Key) -> dict[str, object]:
        """Return how much was expected and found, what is missing, and findings, as plain JSON."""
        target = text(act.payload, "namespace")
        content = chosen_content(self.kasten, act.payload).metadata.name
        expected = expected_names(self.kasten, content, text(act.payload, "source"))
        if not expected:
            said = self._not_verified(target, "K10 tells no objects of the recovery point")
            return _result(0, [], [said])
        overlap = compare(self.kasten, expected, target)
        missing = [f"{kind}/{name}" for kind, names in overlap.lacking.items() for name in names]
        findings = [
            *self._missing_findings(missing, target),
            *(self._not_verified(f"{target}: {k}", why) for k, why in overlap.unseen.items()),
            *self._own_words(act, key, target),
        ]
        return _result(sum(map(len, expected.values())), missing, findings)

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
        if details is not None:
            yield from self._replaced(details, target)

    def _replaced(self, action: Action, target: str) -> Iterator[Finding]:
        """Claims that were to be kept, and are younger than the restore: K10 has made them anew."""
        kept, began = kept_claims(action), action.state.start_time
        if not kept or began is None:
            return
        for claim in self.kasten.list(CLAIMS, Named, namespace=target):
            made = claim.metadata.creation_timestamp
            if claim.metadata.name in kept and made is not None and made > began:
                yield self.voice.error(
                    "claim-replaced",
                    f"{target}/{claim.metadata.name}",
                    "it was to be kept as it was, and has been made anew while K10 restored",
                    "see what is on it; what was there before is gone",
                )

    def _missing_findings(self, missing: Sequence[str], target: str) -> Iterator[Finding]:
        if missing:
            yield self.voice.error(
                "objects-missing",
                target,
                f"{len(missing)} objects of the recovery point are not there: {in_short(missing)}",
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
