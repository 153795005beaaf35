"""What an error or a result of an act means for its step."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter

from slackwater.errors import (
    ClusterError,
    ClusterThrottled,
    ClusterUnreachable,
    ListExpired,
    ObjectConflict,
    SlackwaterError,
    Throttled,
    TransientBackendError,
)
from slackwater.model.finding import Finding, Severity
from slackwater.model.run import RunState
from slackwater.runs.observation import Done, Failed, Stumbled

_FINDINGS = TypeAdapter(tuple[Finding, ...])
_PASSING = (
    TransientBackendError,
    ClusterUnreachable,
    ClusterThrottled,
    ObjectConflict,
    ListExpired,
)


def judge_error(error: Exception) -> Stumbled | Failed:
    """Tell what may pass by itself from what will not. A server's 5xx may."""
    passing = isinstance(error, _PASSING)
    if passing or (isinstance(error, ClusterError) and error.status >= 500):
        return Stumbled(sentence(error), wait=asked_wait(error))
    return Failed(sentence(error))


def judge_result(result: Mapping[str, object]) -> Done:
    """Judge what a performed act has returned: with a finding of severity error it is partial."""
    kept = dict(result)
    findings = _FINDINGS.validate_python(kept.pop("findings", ()))
    lacking = any(finding.severity is Severity.ERROR for finding in findings)
    return Done(RunState.PARTIAL if lacking else RunState.SUCCEEDED, "", findings, kept)


def sentence(error: Exception) -> str:
    """Say an error in one line; one that nobody meant to raise with its type."""
    if not isinstance(error, SlackwaterError):
        return f"unexpected {type(error).__name__}: {error}"
    return f"{error} → {error.hint}" if error.hint else str(error)


def asked_wait(error: Exception) -> float:
    """Return how many seconds the server asked to wait; 0 where it did not."""
    return error.retry_after if isinstance(error, (Throttled, ClusterThrottled)) else 0.0
