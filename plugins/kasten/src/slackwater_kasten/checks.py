"""Looks over one installation. Whatever is wrong becomes a finding with its way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slackwater.backend.needed_rights import Need
from slackwater.errors import BackendError, ClusterDenied, ClusterError, PermissionDenied
from slackwater.model.finding import Finding
from slackwater_kasten.access import Kasten
from slackwater_kasten.backup_acts import profile_findings
from slackwater_kasten.copies import grouped
from slackwater_kasten.describing import is_known, read_version
from slackwater_kasten.importing import is_ours
from slackwater_kasten.listing import read_exports
from slackwater_kasten.objects import Action, Content, Policy, Profile, Report
from slackwater_kasten.policies import run_findings
from slackwater_kasten.policy_exports import wanted_of
from slackwater_kasten.resources import (
    ACTIONS_GROUP,
    APPS_GROUP,
    CONTENTS,
    POLICIES,
    PROFILES,
    REPORTS,
    RESTORE_ACTIONS,
    RUN_ACTIONS,
    VERSION,
)
from slackwater_kasten.rights import rights
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.voice import Voice

_NEEDED_TO_RESTORE = {str(CONTENTS), str(RESTORE_ACTIONS)}


@dataclass(frozen=True)
class Checker:
    """Checks one installation."""

    kasten: Kasten
    settings: KastenSettings
    voice: Voice

    def check(self) -> Iterator[Finding]:
        """Yield every finding. Never raises what the cluster or the tool answers."""
        for group in (ACTIONS_GROUP, APPS_GROUP):
            found = self._served(group)
            if found is not None:
                yield found
                return
        parts = (self._rights, self._profiles, self._policies, self._exports, self._licence,
                 self._version)  # fmt: skip
        for part in parts:
            yield from self._guarded(part)

    def _served(self, group: str) -> Finding | None:
        """Asked by discovery: an aggregated API has no CustomResourceDefinitions."""
        try:
            served = self.kasten.discover(f"/apis/{group}/{VERSION}", dict[str, object])
        except (BackendError, ClusterError) as error:
            failed = self._failed("unreachable", self.voice.cluster, error)
            return failed.model_copy(update={"stops_restores": True})
        if served is not None:
            return None
        return self.voice.stop(
            "not-installed",
            self.voice.cluster,
            f"K10 is not installed: the API does not serve {group}/{VERSION}",
            "install it (https://docs.kasten.io/latest/install/); to see what is there: "
            "kubectl get apiservices | grep kasten",
        )

    def _guarded(self, part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from part()
        except PermissionDenied:
            return  # the rights that are missing are findings of their own
        except (BackendError, ClusterError) as error:
            yield self._failed("check-failed", self.voice.cluster, error)

    def _failed(self, code: str, subject: str, error: BackendError | ClusterError) -> Finding:
        denied = isinstance(error, (PermissionDenied, ClusterDenied))
        way_out = error.hint or (self._grant() if denied else "kubectl get --raw /readyz?verbose")
        return self.voice.error(code, subject, str(error), way_out)

    def _grant(self) -> str:
        return (
            f"python -m slackwater_kasten.rights {self.kasten.namespace} NAMESPACE/ACCOUNT | "
            "kubectl apply -f -"
        )

    def _rights(self) -> Iterator[Finding]:
        """One finding for each kind that something is missing for."""
        asked = dict(rights(self.kasten.namespace))
        allowed = self.kasten.cluster.can_i(asked)
        missing: dict[tuple[str, bool], list[str]] = {}
        needs: dict[tuple[str, bool], Need] = {}
        for right, need in asked.items():
            if not allowed[right]:
                missing.setdefault((str(need), bool(right.namespace)), []).append(right.verb)
                needs[str(need), bool(right.namespace)] = need
        for where, verbs in missing.items():
            yield self._right_missing(needs[where], verbs, inside=where[1])

    def _right_missing(self, need: Need, verbs: list[str], *, inside: bool) -> Finding:
        say = self.voice.warning if need.optional else self.voice.error
        if str(need) in _NEEDED_TO_RESTORE:
            say = self.voice.stop
        place = f" in {self.kasten.namespace}" if inside else ""
        return say(
            "right-missing",
            str(need),
            f"not allowed to {', '.join(verbs)} {need}{place} (needed for: {need.purpose})",
            f"{self._grant()}; to look: " + self.voice.kubectl(f"auth can-i {verbs[0]} {need}"),
        )

    def _profiles(self) -> Iterator[Finding]:
        found = self.kasten.list(PROFILES, Profile, namespace=self.kasten.namespace)
        profiles = {each.metadata.name: each for each in found}
        used = {self.settings.export, self.settings.profile} - {""}
        for name in sorted(used):
            yield from profile_findings(name, profiles, self.voice)
        for name, profile in sorted(profiles.items()):
            if name not in used and profile.is_location and not profile.is_valid:
                said = "; ".join((profile.status.error if profile.status else None) or ())
                yield self.voice.warning(
                    "profile-invalid",
                    name,
                    f"profile {name} is not valid: {said or 'K10 has not looked at it yet'}",
                    self.voice.kubectl(f"get profiles.config.kio.kasten.io {name} -o yaml"),
                )
            yield from self._immutability(name, profile)

    def _immutability(self, name: str, profile: Profile) -> Iterator[Finding]:
        location = profile.spec.location_spec
        store = location.object_store if location else None
        if store is not None and store.protection_period:
            yield self.voice.info(
                "immutable",
                name,
                f"exports to {name} are locked for {store.protection_period} from each of K10's "
                "visits on: that is the time to react, not how long backups live",
            )

    def _policies(self) -> Iterator[Finding]:
        """Paused ones are told by whoever reads all schedules; what never runs, only here."""
        home = self.kasten.namespace
        policies = list(self.kasten.list(POLICIES, Policy, namespace=home))
        theirs = [each for each in policies if not is_ours(each)]
        yield from (self._left(each) for each in policies if is_ours(each))
        runs = list(self.kasten.list(RUN_ACTIONS, Action, namespace=home))
        yield from run_findings(theirs, runs, self.voice)
        for policy in theirs:
            name, status, spec = policy.metadata.name, policy.status, policy.spec
            if status is not None and status.validation == "Failed":
                said = "; ".join(status.error or ()) or "K10 gives no reason"
                yield self.voice.error(
                    "policy-invalid",
                    name,
                    f"policy {name} is not valid, so none of its runs does anything: {said}",
                    self.voice.kubectl(
                        f"get policies.config.kio.kasten.io {name} -o jsonpath='{{.status}}'"
                    ),
                )
            if spec.does("backup") and not spec.does("export"):
                yield self.voice.info(
                    "never-exports",
                    name,
                    f"policy {name} makes snapshots and exports none: they are lost with the "
                    "cluster's storage",
                    "add an export action to the policy",
                )

    def _exports(self) -> Iterator[Finding]:
        """Copies that policies were to make, and have not: a run may be Complete all the same."""
        listed = self.kasten.list(POLICIES, Policy, namespace=self.kasten.namespace)
        policies = {each.metadata.name: each for each in listed if each.spec.does("export")}
        for name, policy in policies.items():
            for wanted in wanted_of(policy):
                if wanted.export_data is not None and not wanted.export_data.enabled:
                    yield self.voice.warning(
                        "exports-no-data",
                        name,
                        f"policy {name} exports references to {wanted.place}, and no data of"
                        " volumes: it is lost with the cluster's storage",
                        "set exportData.enabled in the policy's export action",
                    )
        if policies:
            points = grouped(self.kasten.list(CONTENTS, Content))
            yield from read_exports(self.kasten, policies).reviewed(points, self.voice)

    def _left(self, policy: Policy) -> Finding:
        name = policy.metadata.name
        return self.voice.warning(
            "import-policy-left",
            name,
            f"policy {name} was made for a restore, and holds a receive string while it stands",
            "resume or cancel the run that made it (slackwater runs list), which removes it; else: "
            + self.voice.kubectl(f"delete policies.config.kio.kasten.io {name}"),
        )

    def _licence(self) -> Iterator[Finding]:
        reports = list(self.kasten.list(REPORTS, Report, namespace=self.kasten.namespace))
        newest = max(reports, key=lambda r: str(r.metadata.creation_timestamp), default=None)
        licensing = newest.results.licensing if newest and newest.results else None
        if newest is None or licensing is None:
            return
        count, limit = licensing.node_count, licensing.node_limit
        if count is not None and limit is not None and 0 < limit < count:
            yield self.voice.error(
                "node-limit",
                newest.metadata.name,
                f"K10's licence is for {limit} nodes, and the cluster has {count}",
                "extend the licence (K10's dashboard, Settings, Licenses)",
            )
        if licensing.status.lower() in ("expired", "invalid"):
            yield self.voice.error(
                "licence-expired",
                newest.metadata.name,
                f"K10's licence is {licensing.status.lower()}",
                "renew the licence (K10's dashboard, Settings, Licenses)",
            )

    def _version(self) -> Iterator[Finding]:
        version = read_version(self.kasten)
        if not is_known(version):
            yield self.voice.info(
                "version-untested",
                version,
                f"K10 {version}: written for other versions by their documents, met on none",
            )
