"""For which backup a pod is held still: one at a time, whoever makes it and on whatever machine.

A label on the pod names the backup. It is set by compare-and-swap, on the very state of the pod
that was seen free, so of two backups one has it and the other comes back later. Nothing beside the
pod is kept: the label goes with it, and a pod that is made anew is held by nobody.

A backup whose process died must not keep others out for ever: until when it may hold the pod stands
beside the label. After that whoever comes next takes it over, and lets it go first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from slackwater.clusters.decoding import convert
from slackwater.errors import BackendError
from slackwater.model.act import Key
from slackwater_csi import labels
from slackwater_csi.acts import BackupWork
from slackwater_csi.errors import not_yet
from slackwater_csi.facts import HookFacts
from slackwater_csi.hooks import When, hook_of
from slackwater_csi.objects import Pod
from slackwater_csi.resources import PODS
from slackwater_csi.site import Site

_MORE = timedelta(minutes=3)
"""A backup may hold pods for so much longer than its commands and snapshots are given: core looks
at them in its own time, and clocks differ.
"""
_WHERE_UNTOLD = timedelta(minutes=10)
"""How long a pod may be held whose label does not say it."""


@dataclass(frozen=True)
class Taken:
    """A pod that one backup has now.

    ``cut`` where it was held before, and nobody let it go: by an earlier try of the same backup,
    or by another that ``was`` names.
    """

    pod: Pod
    cut: bool = False
    was: str = ""


@dataclass(frozen=True)
class Holder:
    """One backup, as it takes pods and gives them back."""

    site: Site
    work: BackupWork
    key: Key

    def take(self, pods: Iterable[Pod]) -> list[Taken]:
        """Take all of them or none, in the order of their names, before any is told to hold still.

        Raises ``BackendUnavailable`` where another backup holds one.
        """
        asked = sorted(pods, key=lambda each: each.name)
        until = self.site.clock() + self._longest(asked)
        taken: list[Taken] = []
        try:
            for pod in asked:
                taken += self._take(pod, until)
        except BackendError:
            self.leave(taken)
            raise
        return taken

    def leave(self, taken: Iterable[Taken]) -> None:
        """Give back what nothing was done in yet; best effort, for its time ends by itself."""
        with suppress(BackendError):
            self.give_back([each.pod for each in taken if not each.cut])

    def holds(self, pod: Pod) -> bool:
        """Whether a pod is held for this backup."""
        return pod.metadata.label(labels.HELD) == self.work.request

    def give_back(self, pods: Iterable[Pod]) -> None:
        """Say that nobody holds them; only in the state that was seen, for another may by now."""
        for pod in pods:
            self._write(pod, "", dict.fromkeys(labels.OF_A_HOLD, None))

    def note_let_go(self, pod: Pod, ran: HookFacts) -> None:
        """Say on a pod that it was let go, and what came of it: whoever has to begin again, for the
        store was away, say, does not thaw what is thawed. Best effort.
        """
        with suppress(BackendError):
            self._write(pod, self.work.request, {labels.LET_GO: ran.model_dump_json()})

    def _take(self, pod: Pod, until: datetime) -> Iterator[Taken]:
        """Yield nothing where the pod is gone."""
        by = pod.metadata.label(labels.HELD)
        other = bool(by) and by != self.work.request
        if other and not is_left(pod, self.site.clock()):
            raise not_yet(
                f"{pod.place} is held still for another backup: {held_for(pod)}",
                self.site.cluster,
                "it is waited for; where nobody drives that backup any more, slackwater runs "
                "resume, or cancel, lets the pod go",
            )
        notes = {
            labels.HELD_SINCE: self.site.clock().isoformat(),
            labels.HELD_UNTIL: until.isoformat(timespec="seconds"),
            labels.HELD_BY: self._name,
            labels.LET_GO: None,
        }
        now = self._write(pod, self.work.request, notes)
        if now is not None:
            yield Taken(now, cut=bool(by), was=held_for(pod) if other else "")

    def _write(self, pod: Pod, request: str, notes: Mapping[str, str | None]) -> Pod | None:
        metadata = {
            "resourceVersion": pod.metadata.resource_version,
            "labels": {labels.HELD: request or None},
            "annotations": notes,
        }
        space = self.work.namespace
        written = self.site.here.patch(PODS, pod.name, {"metadata": metadata}, namespace=space)
        return convert(written, Pod) if written is not None else None

    @property
    def _name(self) -> str:
        policy = self.work.stamp.policy
        return f"run {self.key.run}" + (f" of policy {policy}" if policy else "")

    def _longest(self, pods: Sequence[Pod]) -> timedelta:
        hooks = (hook_of(pod, when) for pod in pods for when in When)
        commands = sum(hook.seconds for hook in hooks if hook)
        return timedelta(seconds=commands + self.work.held_within) + _MORE


def let_go_before(pod: Pod) -> HookFacts | None:
    """Return what came of the hook that let a pod go, where that is said on it."""
    with suppress(ValidationError):
        return HookFacts.model_validate_json(pod.metadata.annotation(labels.LET_GO))
    return None


def held_for(pod: Pod) -> str:
    """Say for which backup a pod is held, since when, and until when at most."""
    found = pod.metadata
    by = found.annotation(labels.HELD_BY) or f"request {found.label(labels.HELD)}"
    until = found.annotation(labels.HELD_UNTIL)
    limit = f", until {until} at most" if until else ""
    return f"{by}, since {found.annotation(labels.HELD_SINCE) or 'nobody knows when'}{limit}"


def is_left(pod: Pod, now: datetime) -> bool:
    """Whether whoever holds a pod has had the time for it; a label without any time is nobody's."""
    found = pod.metadata
    since = _time(found.annotation(labels.HELD_SINCE))
    until = _time(found.annotation(labels.HELD_UNTIL)) or (since and since + _WHERE_UNTOLD)
    return until is None or now > until


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
