"""Whether pods held still for all of the snapshots: what was seen of them before, and afterwards.

Nobody watches them in between. But a pod that is the same afterwards, held by the same hold, in the
same instances of its containers, was held all along; of any other nobody can say it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from slackwater_csi import labels
from slackwater_csi.facts import HeldPod, LostPod
from slackwater_csi.holders import Taken
from slackwater_csi.hooks import When, hook_of, names_hooks, with_hooks
from slackwater_csi.objects import Pod


def as_held(taken: Taken) -> HeldPod:
    """Return what is to be the same afterwards."""
    pod = taken.pod
    return HeldPod(
        pod=pod.name,
        uid=pod.metadata.uid,
        since=pod.metadata.annotation(labels.HELD_SINCE),
        instances=pod.instances,
        was=taken.was,
        required=_required(pod),
    )


def leaving(pods: Iterable[Pod], claim: str) -> Iterator[LostPod]:
    """Yield pods that name hooks and are on their way out: no hook can hold them any more."""
    for pod in pods:
        if pod.leaves and names_hooks(pod, claim):
            why = "it was being stopped just then"
            yield LostPod(pod=pod.name, why=why, required=_required(pod))


def lost_pods(
    before: Iterable[HeldPod], request: str, pods: Sequence[Pod], claim: str
) -> Iterator[LostPod]:
    """Yield those that are not as they were before, and those that came meanwhile and were never
    held; ``pods`` are all that there are now.
    """
    now, known = {pod.name: pod for pod in pods}, set[str]()
    for each in before:
        known.add(each.pod)
        if why := _why_lost(each, now.get(each.pod), request):
            yield LostPod(pod=each.pod, why=why, required=each.required)
    for pod in with_hooks(pods, claim):
        if pod.name not in known:
            why = "it came while the others were held"
            yield LostPod(pod=pod.name, why=why, required=_required(pod))


def _why_lost(before: HeldPod, now: Pod | None, request: str) -> str:
    if now is None:
        return "it is gone"
    if now.metadata.uid != before.uid:
        return "another one has come in its place"
    if now.metadata.label(labels.HELD) != request:
        return "it was let go, or another backup has taken it over"
    if now.metadata.annotation(labels.HELD_SINCE) != before.since:
        return "it was held anew meanwhile"
    if now.instances != before.instances:
        return "one of its containers was started anew"
    return ""


def _required(pod: Pod) -> bool:
    hook = hook_of(pod, When.BEFORE) or hook_of(pod, When.AFTER)
    return hook is None or hook.required
