"""Whether the claims of a restore can be called as they are asked to be. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from slackwater.model.finding import Finding
from slackwater_csi.acts import RestoreWork
from slackwater_csi.voice import Voice

_LONGEST = 253
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def name_findings(work: RestoreWork, asked: Mapping[str, str], voice: Voice) -> Iterator[Finding]:
    """Yield what stands in the way of the names, and what is asked for in vain."""
    held = [each.claim for each in work.volumes]
    for old in sorted(set(asked) - set(held)):
        yield voice.error(
            "no-such-claim",
            work.point,
            f"it holds no volume of a claim {old}, so nothing can be called {asked[old]}",
            f"--map-claim names one of: {', '.join(sorted(held)) or 'none'}; with several "
            "namespaces, as NAMESPACE/CLAIM",
        )
    called = Counter(work.name_of(claim) for claim in held)
    for name in sorted(called):
        if called[name] > 1:
            yield voice.error(
                "claims-collide",
                f"{work.namespace}/{name}",
                f"{called[name]} claims of {work.point} would be called {name}",
                "give each a name of its own",
            )
    for old, new in sorted(work.names.items()):
        if len(new) > _LONGEST or not _NAME.fullmatch(new):
            yield voice.error(
                "bad-claim-name",
                f"{work.namespace}/{new}",
                f"claim {old} cannot be called {new!r}",
                f"at most {_LONGEST} of lower case letters, digits, '-' and '.'",
            )
