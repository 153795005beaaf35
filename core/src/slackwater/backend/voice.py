"""Findings as one backend says them: always with its cluster and its tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from slackwater.model.finding import Finding, Severity


@dataclass(frozen=True)
class Voice:
    """Whose findings they are. A plugin makes it its own by a subclass that names its ``tool``."""

    tool: ClassVar[str]

    cluster: str

    def error(self, code: str, subject: str, message: str, way_out: str = "") -> Finding:
        """Something that is wrong."""
        return self._finding(Severity.ERROR, code, subject, message, way_out)

    def stop(self, code: str, subject: str, message: str, way_out: str = "") -> Finding:
        """Something that is wrong, and that lets no restore go well here."""
        found = self.error(code, subject, message, way_out)
        return found.model_copy(update={"stops_restores": True})

    def warning(self, code: str, subject: str, message: str, way_out: str = "") -> Finding:
        """Something that may become wrong, or is wrong in part."""
        return self._finding(Severity.WARNING, code, subject, message, way_out)

    def info(self, code: str, subject: str, message: str, way_out: str = "") -> Finding:
        """Something worth knowing."""
        return self._finding(Severity.INFO, code, subject, message, way_out)

    def _finding(
        self, severity: Severity, code: str, subject: str, message: str, way_out: str
    ) -> Finding:
        return Finding(
            severity=severity,
            code=code,
            subject=subject,
            message=message,
            way_out=way_out,
            cluster=self.cluster,
            tool=self.tool,
        )
