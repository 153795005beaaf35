"""What is said of hooks when they are run, and of the recovery point later: those that failed, pods
that did not hold still, and for how long the others did. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from slackwater.model.finding import Finding
from slackwater_csi.facts import HeldPod, HookFacts, LostPod
from slackwater_csi.hooks import When
from slackwater_csi.voice import Voice

_MEANS = {
    When.BEFORE: "its volumes were taken while it may have been writing",
    When.AFTER: "it may still be held",
}


def hook_findings(ran: Sequence[HookFacts], namespace: str, voice: Voice) -> list[Finding]:
    """Return a finding for each hook that failed: an error where the hook was required."""
    return [_failed(hook, namespace, voice) for hook in ran if hook.failed]


def lost_findings(lost: Sequence[LostPod], namespace: str, voice: Voice) -> Iterator[Finding]:
    """Yield a finding for each pod that did not hold still for all of the snapshots."""
    for each in lost:
        say = voice.error if each.required else voice.warning
        yield say(
            "not-held",
            f"{namespace}/{each.pod}",
            f"nobody can say that {each.pod} held still until the last snapshot was taken: "
            f"{each.why}. {_MEANS[When.BEFORE].capitalize()}",
            "back up again",
        )


def left_findings(held: Sequence[HeldPod], namespace: str, voice: Voice) -> Iterator[Finding]:
    """Yield a finding for each pod that another backup had left held still."""
    for each in held:
        if each.was:
            yield voice.warning(
                "was-held",
                f"{namespace}/{each.pod}",
                f"{each.pod} was still held for another backup, which nobody drives any more: "
                f"{each.was}. It was let go, and held anew",
                "slackwater runs list names that run, where it was asked for: resume or cancel it",
            )


def how_long(ran: Sequence[HookFacts], namespace: str, voice: Voice) -> Iterator[Finding]:
    """Yield for how long pods were held: from where the first holds to where the last may go."""
    span = held_span(ran)
    if span is None:
        return
    first, last = span
    unsure = any(hook.failed and hook.when is When.AFTER for hook in ran)
    yield voice.info(
        "held-still",
        namespace,
        f"its pods were held still for {'at least ' if unsure else ''}"
        f"{(last - first).total_seconds():.1f} s, from {_told(first)} to {_told(last)}",
    )


def held_span(ran: Sequence[HookFacts]) -> tuple[datetime, datetime] | None:
    """Return from when to when pods were held: from the end of the first hook before the snapshots
    to the beginning of the last one after them. None where one side has none or no times, or the
    clock was set back.
    """
    first = [hook.ended for hook in ran if hook.when is When.BEFORE and hook.ended]
    last = [hook.began for hook in ran if hook.when is When.AFTER and hook.began]
    span = (min(first), max(last)) if first and last else None
    return span if span and span[0] <= span[1] else None


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _failed(hook: HookFacts, namespace: str, voice: Voice) -> Finding:
    say = voice.error if hook.required else voice.warning
    words = f": {hook.said}" if hook.said else ""
    return say(
        "hook-failed",
        f"{namespace}/{hook.pod}",
        f"the hook {hook.when} the snapshots in {hook.pod} ({hook.container}) failed, and "
        f"{_MEANS[hook.when]}: {hook.failed}{words}",
        "run it by hand with kubectl exec; where the backup is as good without it, set its "
        "on-error to Continue",
    )
