"""Plans the restore of a control plane: what will be built and done, and what is against it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import Existing, RestoreRequest
from slackwater.model.workload import WorkloadKind
from slackwater.stores import Manifest
from slackwater_etcdctl import restore_findings as say
from slackwater_etcdctl.blueprint import Blueprint, PlannedMember, Promised
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.facts import MemberFacts, SnapshotFacts
from slackwater_etcdctl.guidance import Guidance
from slackwater_etcdctl.restore_acts import RestoreActs
from slackwater_etcdctl.restore_settings import MemberSettings, RestoreSettings
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.tools import Program
from slackwater_etcdctl.translation import read_facts
from slackwater_etcdctl.turning_back import Snapshot, say_since

_DATA_DIR = "/var/lib/etcd"
"""Where kubeadm and the packages of distributions keep it."""


def plan_restore(request: RestoreRequest, manifest: Manifest, site: Site, now: datetime) -> ActPlan:
    """Plan a restore from what the store says of the point. Raises ``Unsupported``."""
    facts = read_facts(manifest)
    if facts is None:
        raise Unsupported(
            f"the manifest {manifest.name} says nothing of an etcd snapshot that is known here",
            backend=TOOL,
            cluster=request.target,
        )
    plan = RestorePlanner(request, facts, site, now).plan()
    locked = say.about_key(site, manifest)
    return plan.model_copy(update={"findings": (*locked, *plan.findings)})


@dataclass(frozen=True)
class RestorePlanner:
    """Plans one restore; ``now`` makes its names differ from those of every other plan."""

    request: RestoreRequest
    facts: SnapshotFacts
    site: Site
    now: datetime

    def plan(self) -> ActPlan:
        """Return the acts in order. Raises ``Unsupported`` for anything but a control plane."""
        _require_supported(self.request)
        findings = [*say.about_settings(self.site), *say.about_identity(self.site, self.facts)]
        findings += say.about_tools(self.site, self.facts)
        findings += say.about_companions(self.site, self.facts)
        findings += say.about_learners(self.site, self.facts)
        members = tuple(self._members())
        if not members:
            findings.append(self._no_members())
        plan = self._blueprint(members)
        findings += say.about_place(self.site, plan)
        findings += self._about_time()
        return ActPlan(acts=tuple(self._acts(plan)), findings=tuple(findings))

    def _acts(self, plan: Blueprint) -> Iterator[Act]:
        make = RestoreActs(plan, Guidance(plan, self._settings))
        before = [make.fetch(), make.prepare()]
        if self.site.tools.has(Program.ETCD):
            before.append(make.prove())
        if make.guidance.by_hand:
            before.append(make.copy())
        downtime = [make.stop_api_servers(), make.stop_members(), make.require_silence()]
        downtime += [make.swap(), make.start_members(), make.require_members()]
        after = [make.start_api_servers(), make.require_control_plane()]
        if make.guidance.by_hand or plan.restart:
            after.append(make.restart())
        acts = [*before, *downtime, *after]
        for earlier, act in zip([None, *acts], acts, strict=False):
            yield act.model_copy(update={"needs": (earlier.id,) if earlier else ()})
        last = "copy" if make.guidance.by_hand else "swap"
        needed = [act.id for act in acts if act in before or act.id == last]
        yield make.remove_prepared().model_copy(update={"needs": tuple(needed)})

    def _blueprint(self, members: tuple[PlannedMember, ...]) -> Blueprint:
        settings, request = self._settings, self.request
        digest = self._digest(members)
        return Blueprint(
            point=request.point.name,
            cluster=request.target,
            digest=digest,
            folder=f"{settings.prepare_in or ''}/{request.point.name}-{digest}",
            token=f"{settings.token or request.target}-{digest}",
            bump=settings.bump_revision,
            promised=Promised.of(self.facts),
            members=members,
            api_servers=settings.api_servers,
            restart=settings.restart,
        )

    def _digest(self, members: tuple[PlannedMember, ...]) -> str:
        """Eight digits for this plan: the same point planned a second later has others."""
        names = [member.model_dump(mode="json") for member in members]
        basis = [str(self.request.point.id), self.request.target, self.now.isoformat(), names]
        return hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:8]

    def _members(self) -> Iterator[PlannedMember]:
        """The members that the fleet file names, else those that the snapshot was taken from."""
        if self._settings.members:
            yield from (_configured(member) for member in self._settings.members)
            return
        voters = [member for member in self.facts.members if not member.learner and member.name]
        yield from (_recorded(member) for member in voters if member.peer_urls)

    def _no_members(self) -> Finding:
        return self.site.voice.error(
            "no-members",
            self.request.target,
            "neither the fleet file nor the snapshot says which members there are to be",
            "name them under restore.members: name, host, peer_url, data_dir",
        )

    def _about_time(self) -> Iterator[Finding]:
        yield from say_since(self.site.cluster, Snapshot.of(self.facts), self.site.voice)

    @property
    def _settings(self) -> RestoreSettings:
        return self.site.settings.restore


def _configured(member: MemberSettings) -> PlannedMember:
    return PlannedMember(
        name=member.name,
        host=member.host,
        peer_urls=(member.peer_url,),
        data_dir=member.data_dir,
        commands=member.commands,
    )


def _recorded(member: MemberFacts) -> PlannedMember:
    host = urlsplit(member.peer_urls[0]).hostname or ""
    return PlannedMember(
        name=member.name, host=host, peer_urls=member.peer_urls, data_dir=_DATA_DIR
    )


def _require_supported(request: RestoreRequest) -> None:
    mapping = request.mapping
    by = {"backend": TOOL, "cluster": request.target}
    if request.workload.kind is not WorkloadKind.CONTROL_PLANE:
        raise Unsupported(
            f"{request.workload}: an etcd snapshot comes back as a whole control plane", **by
        )
    if request.workload.cluster != request.target:
        raise Unsupported(
            f"{request.workload}: a control plane comes back as itself, not as {request.target}",
            **by,
            hint="to bring its namespaces into another cluster, use points of a tool for objects",
        )
    if any(mapping.model_dump().values()):
        raise Unsupported("nothing in an etcd snapshot can be mapped on its way back", **by)
    if request.existing is Existing.UPDATE:
        raise Unsupported("an etcd snapshot replaces all that stands; it changes nothing", **by)
