"""Plans a restore: here from what the catalogue shows, or after an import of an export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import Existing, RestoreRequest, Store
from slackwater.model.workload import WorkloadKind
from slackwater_kasten.copies import Point
from slackwater_kasten.missing_stores import explain_receive, explain_store
from slackwater_kasten.objects import Profile
from slackwater_kasten.restore_acts import RestoreActs
from slackwater_kasten.stores import location_identity
from slackwater_kasten.voice import TOOL, Voice


@dataclass(frozen=True)
class Surroundings:
    """What was read of the target: its profiles, and the claims that stand in the namespace.

    ``local`` is the point as the target's own catalogue shows it. ``secret`` is the Secret with
    the receive string, ``secret_found`` whether it is there.
    """

    local: Point | None
    profiles: Mapping[str, Profile]
    claims: Sequence[str]
    secret: str
    secret_found: bool


@dataclass(frozen=True)
class RestorePlanner:
    """Plans restores into one cluster. Pure."""

    request: RestoreRequest
    voice: Voice
    seen: Surroundings
    acts: list[Act] = field(default_factory=list)

    def plan(self) -> ActPlan:
        """Return the acts in order."""
        findings = [*self._point_findings(), *self._target_findings()]
        if self.seen.local is not None:
            self._add_restore(RestoreActs(self.request, self.voice, self.seen.local.first))
            return ActPlan(acts=tuple(self.acts), findings=tuple(findings))
        way = self._way()
        if isinstance(way, Finding):
            return ActPlan(findings=(way, *findings))
        self._add_with_import(RestoreActs(self.request, self.voice), way)
        return ActPlan(acts=tuple(self.acts), findings=tuple(findings))

    def _add_with_import(self, make: RestoreActs, profile: str) -> None:
        policy = make.policy_name(profile, self.seen.secret)
        self._add(make.add_import(policy, profile, self.seen.secret))
        self._add(make.wait_for_policy(policy))
        self._add(make.run_import(policy))
        self._add_restore(make)
        self._add(make.remove_import(policy), after=("add-import", "policy", "import"))

    def _add_restore(self, make: RestoreActs) -> None:
        self._add(make.bind())
        self._add(make.restore())
        self._add(make.verify())
        self._add(make.unbind(), after=("bind", "restore", "verify"))

    def _add(self, act: Act, *, after: tuple[str, ...] | None = None) -> None:
        """Add an act after the one before it, or after those named."""
        needs = tuple(act.id for act in self.acts[-1:]) if after is None else after
        self.acts.append(act.model_copy(update={"needs": needs}))

    def _way(self) -> str | Finding:
        """The profile here by which an export can be reached, or what is missing."""
        point, voice = self.request.point, self.voice
        places = [place for place in point.places if place.store_name]
        if not places:
            return voice.error(
                "never-exported",
                point.name,
                f"{point.name} was never exported, so it cannot leave {point.origin or 'its K10'}",
                "choose a point with an export, or let backups be exported: "
                "kasten: {export: PROFILE}",
            )
        known = {(store.cluster, store.name): store for store in self.request.stores}
        stores = [s for place in places if (s := known.get((place.cluster, place.store_name)))]
        for store in stores:
            if (profile := self._profile_for(store)) is not None:
                if not self.seen.secret_found:
                    return explain_receive(point, self.seen.secret, voice)
                return profile
        if stores:
            return explain_store(stores[0], voice)
        return voice.error(
            "store-unknown",
            point.name,
            f"no cluster of the fleet knows profile {places[0].store_name} any more",
            "create a Location Profile for its place in the target, and import it there",
        )

    def _profile_for(self, store: Store) -> str | None:
        cluster = self.voice.cluster
        fitting = (
            name
            for name, profile in sorted(self.seen.profiles.items())
            if profile.is_location
            and profile.is_valid
            and location_identity(profile.spec.location_spec, cluster, name) == store.identity
        )
        return next(fitting, None)

    def _point_findings(self) -> Iterator[Finding]:
        point = self.request.point
        if not point.phase.usable:
            yield self.voice.error(
                "not-usable", point.name, f"its backup is {point.phase} ({point.tool_phase})"
            )

    def _target_findings(self) -> Iterator[Finding]:
        """What stands there, and what becomes of it."""
        claims, place = self.seen.claims, f"{self.request.target}/{self.request.namespace}"
        if not claims:
            return
        named = ", ".join(claims[:5]) + (" …" if len(claims) > 5 else "")
        if self.request.existing is Existing.UPDATE:
            yield self.voice.warning(
                "overwrites",
                place,
                f"K10 scales workloads down, deletes these claims with their data and makes them "
                f"anew from the recovery point, and overwrites other objects: {named}",
                "map to another namespace to keep what stands there",
            )
        else:
            yield self.voice.warning(
                "claims-kept",
                place,
                "claims that stand there when the restore begins are left as they are, so their "
                f"data is not restored; now: {named}",
                "map to another namespace, or --replace",
            )


def require_supported(request: RestoreRequest) -> None:
    """Raise ``Unsupported`` for what this backend cannot bring back."""
    if request.workload.kind is not WorkloadKind.NAMESPACE:
        raise Unsupported(
            f"{request.workload}: K10 brings back namespaces, not a {request.workload.kind}",
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
