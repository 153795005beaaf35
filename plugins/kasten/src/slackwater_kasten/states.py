"""K10's states of actions, word for word, in our vocabulary; and the deepest reason of a failure.

The list is that of 9.0 and ``Cancelled``, which only the text about CancelActions names. What is
not listed is *unknown*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from slackwater.model.operation import Phase
from slackwater_kasten.objects import Failure

ACTION: Mapping[str, Phase] = {
    "": Phase.PENDING,
    "Pending": Phase.PENDING,
    "Running": Phase.RUNNING,
    # A phase of it failed, and K10 tries it again by itself.
    "AttemptFailed": Phase.RUNNING,
    "Complete": Phase.SUCCEEDED,
    "Failed": Phase.FAILED,
    # Another run of the policy was still at work: nothing was done.
    "Skipped": Phase.FAILED,
    "Cancelled": Phase.CANCELLED,
    # Being deleted: nobody can say from the state how it had ended.
    "Deleting": Phase.UNKNOWN,
}

_DEEPEST = 20


def action_phase(word: str) -> Phase:
    """Return the phase of an action."""
    return ACTION.get(word, Phase.UNKNOWN)


def reasons(failure: Failure | None) -> tuple[str, ...]:
    """Return the messages of an error, outermost first; the last one is what really happened."""
    return tuple(dict.fromkeys(filter(None, _messages(failure)))) if failure else ()


def deepest(failure: Failure | None) -> str:
    """Return the innermost message of an error; empty where K10 gave none."""
    said = reasons(failure)
    return said[-1] if said else ""


def _messages(failure: Failure) -> Iterator[str]:
    """``cause`` is JSON in a string, and so is its own cause; or plain text, or an object."""
    yield failure.message
    cause: object = failure.cause
    for _ in range(_DEEPEST):
        cause = _decoded(cause)
        if isinstance(cause, str):
            yield cause
            return
        if not isinstance(cause, dict):
            return
        yield str(cause.get("message") or "")
        cause = cause.get("cause")


def _decoded(cause: object) -> object:
    if not isinstance(cause, str):
        return cause
    try:
        return json.loads(cause)
    except ValueError:
        return cause
