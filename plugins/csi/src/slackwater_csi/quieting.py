"""Runs hooks: before the snapshots they have pods hold still, after them they let pods go.

A pod carries a label from before its first hook until its last one has run. So whoever comes after
a killed process, or only looks at the cluster, knows who is held. What ran is written into the
store, for the manifest of the recovery point.
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
from slackwater_csi import labels
from slackwater_csi.acts import BackupWork
from slackwater_csi.errors import TOOL
from slackwater_csi.facts import HookFacts, HooksFacts, hooks_name
from slackwater_csi.failed_hooks import hook_findings
from slackwater_csi.hooks import Hook, When, hook_of, with_hooks
from slackwater_csi.naming import point_name
from slackwater_csi.objects import Pod
from slackwater_csi.resources import PODS
from slackwater_csi.site import Site

_TOLD = 300
"""Letters of what a hook wrote that are told."""


@dataclass(frozen=True)
class Quieter:
    """Holds the pods of one backup still, and lets them go."""

    site: Site
    work: BackupWork
    key: Key

    def hold(self, report: Report) -> Mapping[str, object]:
        """Run what is to run before. Once it is on record it is not run again."""
        known = find_hooks(self.site.store(), self._point, When.BEFORE)
        return self._told(known or self._record(When.BEFORE, self._hold(report)))

    def let_go(self) -> Mapping[str, object]:
        """Run what is to run after, in every pod that is held. Nobody held is fine.

        One that fails keeps no other waiting. The store is asked last: pods do not wait for it.
        """
        held = self._held()
        if not held:
            return self._told(find_hooks(self.site.store(), self._point, When.AFTER))
        ran, errors = [], list[BackendError]()
        for pod in held:
            try:
                ran += self._run(hook_of(pod, When.AFTER))
            except BackendError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        record = self._record(When.AFTER, ran)
        for pod in held:
            self._mark(pod, None)
        return self._told(record)

    @property
    def _point(self) -> str:
        return point_name(self.work.stem, self.work.request, self.key)

    def _hold(self, report: Report) -> Sequence[HookFacts]:
        space = self.work.namespace
        pods = list(with_hooks(self.site.here.list(PODS, Pod, namespace=space), self.work.claim))
        ran: list[HookFacts] = []
        for number, pod in enumerate(pods, start=1):
            if report.stopping:
                raise Stopped
            if self._mark(pod, self.work.request):
                ran += self._run(hook_of(pod, When.BEFORE))
            report.progress(Progress(done=number, total=len(pods), unit="pods"))
        return ran

    def _held(self) -> list[Pod]:
        selector = f"{labels.HELD}={self.work.request}"
        here, space = self.site.here, self.work.namespace
        return list(here.list(PODS, Pod, namespace=space, selector=selector))

    def _mark(self, pod: Pod, request: str | None) -> bool:
        """Say that a pod is held, or is not; False where it is gone."""
        since = self.site.clock().isoformat(timespec="seconds") if request else None
        change = {"labels": {labels.HELD: request}, "annotations": {labels.HELD_SINCE: since}}
        space = self.work.namespace
        changed = self.site.here.patch(PODS, pod.name, {"metadata": change}, namespace=space)
        return changed is not None

    def _run(self, hook: Hook | None) -> list[HookFacts]:
        if hook is None:
            return []
        ended = self.site.here.execute(
            self.work.namespace,
            hook.pod,
            hook.command,
            container=hook.container,
            seconds=hook.seconds,
        )
        return [_facts_of(hook, ended)]

    def _record(self, when: When, ran: Sequence[HookFacts]) -> HooksFacts:
        """Return what counts; what the commands said is only told by whoever ran them."""
        name = hooks_name(self._point, when)
        facts = HooksFacts(when=when, ran=tuple(ran))
        manifest = Manifest(
            name=name, tool=TOOL, made_at=self.site.clock(), facts=facts.as_manifest()
        )
        self.site.store().publish(manifest)
        return facts

    def _told(self, record: HooksFacts | None) -> Mapping[str, object]:
        ran = record.ran if record else ()
        found = hook_findings(ran, self.work.namespace, self.site.voice)
        return {"hooks": len(ran), "findings": [each.model_dump(mode="json") for each in found]}


def find_hooks(store: ArtefactStore, point: str, when: When) -> HooksFacts | None:
    """Return what is on record of the hooks of a point in the making, or None."""
    with suppress(RecoveryPointNotFound):
        return HooksFacts.model_validate(store.manifest(hooks_name(point, when)).facts)
    return None


def all_hooks(store: ArtefactStore, point: str) -> tuple[HookFacts, ...]:
    """Return all hooks that ran for a point in the making."""
    found = (find_hooks(store, point, when) for when in When)
    return tuple(hook for record in found if record for hook in record.ran)


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
