"""A finding: what a check, a plan or a comparison has to say."""

from __future__ import annotations

from enum import StrEnum

from slackwater.model.frozen import Frozen


class Severity(StrEnum):
    """How bad a finding is. An error blocks a plan and makes ``doctor`` exit with 3."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Order of severities: 0 for info, 2 for error."""
        return ("info", "warning", "error").index(self.value)


class Finding(Frozen):
    """Severity, subject, what was seen, and the way out.

    ``code`` is stable and for machines (``store-unavailable``); ``message`` and ``way_out`` are
    for people. ``cluster`` and ``tool`` are empty where the finding is about neither.
    ``stops_restores`` is set where no restore can go well in that cluster as long as it stands;
    much that endangers backups (a store that is read-only there) does not stop a restore.
    """

    severity: Severity
    code: str
    subject: str
    message: str
    way_out: str = ""
    cluster: str = ""
    tool: str = ""
    stops_restores: bool = False

    @property
    def blocks(self) -> bool:
        """Whether a plan with this finding must not run."""
        return self.severity is Severity.ERROR


def worst(findings: tuple[Finding, ...] | list[Finding]) -> Severity | None:
    """Return the highest severity among the findings, or None where there are none."""
    return max((f.severity for f in findings), key=lambda s: s.rank, default=None)


def why_blocked(findings: tuple[Finding, ...]) -> str:
    """Say which findings forbid to run a plan, a line each."""
    reasons = [f"  {finding.subject}: {finding.message}" for finding in findings if finding.blocks]
    return "\n".join(["the plan is blocked:", *reasons])
