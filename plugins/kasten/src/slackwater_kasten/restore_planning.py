"""Plans a restore: here from what the catalogue shows, or after an import of an export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import Existing, RestoreRequest
from slackwater.model.workload import WorkloadKind
from slackwater_kasten.objects import Content
from slackwater_kasten.overwriting import Overlap, in_short
from slackwater_kasten.resources import CLAIMS
from slackwater_kasten.restore_acts import RestoreActs
from slackwater_kasten.surveying import Surroundings
from slackwater_kasten.voice import TOOL, Voice
from slackwater_kasten.ways import Way


@dataclass(frozen=True)
class RestorePlanner:
    """Plans restores into one cluster. Pure."""

    request: RestoreRequest
    voice: Voice
    seen: Surroundings
    acts: list[Act] = field(default_factory=list)

    def plan(self) -> ActPlan:
        """Return the acts in order."""
        seen = self.seen
        findings = [*self._point_findings(), *self._target_findings(), *seen.findings]
        if seen.local is not None:
            self._add_restore(self._acts(seen.local.first))
        elif isinstance(seen.way, Way):
            self._add_with_import(self._acts(), seen.way)
        elif seen.way is not None:
            return ActPlan(findings=(seen.way, *findings))
        return ActPlan(acts=tuple(self.acts), findings=tuple(findings))

    def _acts(self, content: Content | None = None) -> RestoreActs:
        return RestoreActs(self.request, self.voice, content, self.seen.transforms)

    def _add_with_import(self, make: RestoreActs, way: Way) -> None:
        """A policy of ours is written and removed; one that stands here for good is only run."""
        if way.source:
            self._add(make.add_import(way))
            self._add(make.wait_for_policy(way.policy))
        self._add(make.run_import(way))
        self._add_restore(make)
        if way.source:
            ended = ("add-import", "policy", "import")
            self._add(make.remove_import(way.policy), after=ended)

    def _add_restore(self, make: RestoreActs) -> None:
        self._add(make.bind())
        self._add(make.restore())
        self._add(make.verify())
        self._add(make.unbind(), after=("bind", "restore", "verify"))

    def _add(self, act: Act, *, after: tuple[str, ...] | None = None) -> None:
        """Add an act after the one before it, or after those named."""
        needs = tuple(act.id for act in self.acts[-1:]) if after is None else after
        self.acts.append(act.model_copy(update={"needs": needs}))

    def _point_findings(self) -> Iterator[Finding]:
        point = self.request.point
        if not point.phase.usable:
            yield self.voice.error(
                "not-usable", point.name, f"its backup is {point.phase} ({point.tool_phase})"
            )

    def _target_findings(self) -> Iterator[Finding]:
        """What stands there, and what becomes of it."""
        update = self.request.existing is Existing.UPDATE
        if update and (finding := overwrites(self.request, self.seen, self.voice)):
            yield finding
        elif self.seen.claims and not update and not self.request.cleared:
            yield self.voice.warning(
                "claims-kept",
                f"{self.request.target}/{self.request.namespace}",
                "claims that stand there when the restore begins are left as they are, so their "
                f"data is not restored; now: {in_short(self.seen.claims)}",
                "map to another namespace, or --replace",
            )


def overwrites(request: RestoreRequest, seen: Surroundings, voice: Voice) -> Finding | None:
    """Return what a restore over what stands would do to it; None where nothing stands. Pure."""
    overlap = seen.overlap
    if overlap is None:  # not told; before an import, not yet
        said = [f"deletes these claims, as far as it restores them: {in_short(seen.claims)}"]
        said = [*(said if seen.claims else ()), "overwrites every object of a name that it holds"]
    else:
        said = list(_overlapping(overlap))
    if not said:
        return None
    return voice.warning(
        "overwrites",
        f"{request.target}/{request.namespace}",
        f"K10 scales workloads down, and {'; '.join(said)}",
        "map to another namespace to keep what stands there",
    )


def _overlapping(overlap: Overlap) -> Iterator[str]:
    both = dict(overlap.both)
    if claims := both.pop(str(CLAIMS), ()):
        yield (
            f"deletes {len(claims)} claims with their data and makes them anew: {in_short(claims)}"
        )
    if both:
        named = "; ".join(f"{kind}: {in_short(names)}" for kind, names in both.items())
        yield f"overwrites {sum(map(len, both.values()))} objects ({named})"
    for kind, why in overlap.unseen.items():
        yield f"may overwrite {kind}, which could not be looked at ({why})"


def require_supported(request: RestoreRequest) -> None:
    """Raise ``Unsupported`` for what this backend cannot bring back."""
    if request.workload.kind is not WorkloadKind.NAMESPACE:
        raise Unsupported(
            f"{request.workload}: K10 brings back namespaces, not a {request.workload.kind}",
            backend=TOOL,
            cluster=request.target,
        )
    if request.mapping.claims:
        raise Unsupported(
            "claims come back under their own names: whether data follows a claim that a transform "
            "renames is not confirmed",
            backend=TOOL,
            cluster=request.target,
        )
    if request.mapping.images:
        raise Unsupported(
            "images cannot be changed on the way: which transforms K10 applies to parts of a text "
            "is not confirmed",
            backend=TOOL,
            cluster=request.target,
        )
