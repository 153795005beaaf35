"""What is said of hooks that failed: when they were run, and of the recovery point later. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from slackwater.model.finding import Finding
from slackwater_csi.facts import HookFacts
from slackwater_csi.hooks import When
from slackwater_csi.voice import Voice

_MEANS = {
    When.BEFORE: "its volumes were taken while it may have been writing",
    When.AFTER: "it may still be held",
}


def hook_findings(ran: Sequence[HookFacts], namespace: str, voice: Voice) -> list[Finding]:
    """Return a finding for each hook that failed: an error where the hook was required."""
    return [_finding(hook, namespace, voice) for hook in ran if hook.failed]


def _finding(hook: HookFacts, namespace: str, voice: Voice) -> Finding:
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
