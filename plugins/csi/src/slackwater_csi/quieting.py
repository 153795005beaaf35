"""Runs hooks: before the snapshots they have pods hold still, after them they let pods go.

A pod says for which backup it is held from before its first hook until its last one has run (see
``holders``). So whoever comes after a killed process, or only looks at the cluster, knows who is
held. What ran is written into the store, for the manifest of the recovery point, and so is which
pods nobody can vouch for (see ``lasting_holds``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from slackwater.backend import Report, Stopped
from slackwater.clusters import Executed
from slackwater.errors import BackendError, RecoveryPointNotFound
from slackwater.model.act import Key
from slackwater.model.operation import Progress
from slackwater.stores import ArtefactStore, Manifest
from slackwater_csi.acts import BackupWork
from slackwater_csi.errors import TOOL
from slackwater_csi.facts import HookFacts, HooksFacts, LostPod, hooks_name
from slackwater_csi.holders import Holder, Taken, let_go_before
from slackwater_csi.hooks import Hook, When, hook_of, with_hooks
from slackwater_csi.lasting_holds import as_held, leaving, lost_pods
from slackwater_csi.naming import point_name
from slackwater_csi.objects import Pod
from slackwater_csi.resources import PODS
from slackwater_csi.site import Site
from slackwater_csi.told_hooks import hook_findings, left_findings, lost_findings

_TOLD = 300
"""Letters of what a hook wrote that are told."""


@dataclass(frozen=True)
class Quieter:
    """Holds the pods of one backup still, and lets them go."""

    site: Site
    work: BackupWork
    key: Key

    def hold(self, report: Report) -> Mapping[str, object]:
        """Run what is to run before. Once it is on record it is not run again.

        Raises ``BackendUnavailable`` where another backup holds one of the pods.
        """
        known = find_hooks(self.site.store(), self._point, When.BEFORE)
        return self._told(known or self._record(self._hold(report)))

    def let_go(self) -> Mapping[str, object]:
        """Run what is to run after, in every pod that is held. Nobody held is fine.

        One that fails keeps no other waiting. The store is asked last: pods do not wait for it.
        """
        pods = self._pods()
        held = [each for each in pods if self._holder.holds(each)]
        ran, errors = list[HookFacts](), list[BackendError]()
        for pod in held:
            try:
                ran += self._wake(pod)
            except BackendError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        record = self._recorded(pods, ran)
        if held:
            self._holder.give_back(filter(self._holder.holds, self._pods()))
        return self._told(record)

    @property
    def _point(self) -> str:
        return point_name(self.work.stem, self.work.request, self.key)

    @property
    def _holder(self) -> Holder:
        return Holder(self.site, self.work, self.key)

    def _pods(self) -> Sequence[Pod]:
        return list(self.site.here.list(PODS, Pod, namespace=self.work.namespace))

    def _hold(self, report: Report) -> HooksFacts:
        pods = self._pods()
        taken = self._holder.take(with_hooks(pods, self.work.claim))
        ran: list[HookFacts] = []
        for number, each in enumerate(taken, start=1):
            if report.stopping:
                self._holder.leave(taken[number - 1 :])
                raise Stopped
            ran += self._quiet(each)
            report.progress(Progress(done=number, total=len(taken), unit="pods"))
        return HooksFacts(
            when=When.BEFORE,
            ran=tuple(ran),
            pods=tuple(map(as_held, taken)),
            lost=tuple(leaving(pods, self.work.claim)),
        )

    def _quiet(self, taken: Taken) -> Sequence[HookFacts]:
        """One that is held since before is let go first, whatever comes of that: what froze a file
        system does not freeze it twice.
        """
        if taken.cut:
            self._run(hook_of(taken.pod, When.AFTER))
        return self._run(hook_of(taken.pod, When.BEFORE))

    def _wake(self, pod: Pod) -> Sequence[HookFacts]:
        if known := let_go_before(pod):
            return [known]
        ran = self._run(hook_of(pod, When.AFTER))
        for each in ran:
            self._holder.note_let_go(pod, each)
        return ran

    def _run(self, hook: Hook | None) -> list[HookFacts]:
        if hook is None:
            return []
        began = self.site.clock()
        ended = self.site.here.execute(
            self.work.namespace,
            hook.pod,
            hook.command,
            container=hook.container,
            seconds=hook.seconds,
        )
        facts = _facts_of(hook, ended)
        return [facts.model_copy(update={"began": began, "ended": self.site.clock()})]

    def _recorded(self, pods: Sequence[Pod], ran: Sequence[HookFacts]) -> HooksFacts | None:
        """Return what counts of the hooks after the snapshots; None where there never were any."""
        known = find_hooks(self.site.store(), self._point, When.AFTER)
        before = find_hooks(self.site.store(), self._point, When.BEFORE)
        if known or not (before or ran):
            return known
        held, work = before.pods if before else (), self.work
        lost = lost_pods(held, work.request, pods, work.claim) if before else ()
        return self._record(HooksFacts(when=When.AFTER, ran=tuple(ran), lost=tuple(lost)))

    def _record(self, facts: HooksFacts) -> HooksFacts:
        """Return what counts; what the commands said is only told by whoever ran them."""
        name = hooks_name(self._point, facts.when)
        manifest = Manifest(
            name=name, tool=TOOL, made_at=self.site.clock(), facts=facts.as_manifest()
        )
        self.site.store().publish(manifest)
        return facts

    def _told(self, record: HooksFacts | None) -> Mapping[str, object]:
        told = record or HooksFacts(when=When.AFTER)
        space, voice = self.work.namespace, self.site.voice
        found = [
            *hook_findings(told.ran, space, voice),
            *lost_findings(told.lost, space, voice),
            *left_findings(told.pods, space, voice),
        ]
        dumped = [each.model_dump(mode="json") for each in found]
        return {"hooks": len(told.ran), "findings": dumped}


def find_hooks(store: ArtefactStore, point: str, when: When) -> HooksFacts | None:
    """Return what is on record of the hooks of a point in the making, or None."""
    with suppress(RecoveryPointNotFound):
        return HooksFacts.model_validate(store.manifest(hooks_name(point, when)).facts)
    return None


def all_hooks(
    store: ArtefactStore, point: str
) -> tuple[tuple[HookFacts, ...], tuple[LostPod, ...]]:
    """Return all hooks that ran for a point in the making, and the pods that were lost."""
    found = [record for when in When if (record := find_hooks(store, point, when))]
    ran = tuple(hook for record in found for hook in record.ran)
    return ran, tuple(pod for record in found for pod in record.lost)


def forget_hooks(store: ArtefactStore, point: str) -> None:
    """Remove what is on record; the manifest of the point has it, if there is one."""
    for when in When:
        if find_hooks(store, point, when) is not None:
            store.delete(hooks_name(point, when))


def _facts_of(hook: Hook, ended: Executed | None) -> HookFacts:
    return HookFacts(
        pod=hook.pod,
        container=hook.container,
        when=hook.when,
        required=hook.required,
        failed=_failed(ended),
        said=_said(ended),
    )


def _failed(ended: Executed | None) -> str:
    if ended is None:
        return "the pod is gone"
    if ended.code is None:
        return "it was not seen to end"
    return f"it ended with {ended.code}" if ended.code else ""


def _said(ended: Executed | None) -> str:
    """The server's words too: they may quote the command."""
    said = " ".join((ended.said, ended.why)) if ended else ""
    return " ".join(said.split())[-_TOLD:]
