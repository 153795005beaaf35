"""Findings and commands as this backend says them: with its cluster, tool and namespace."""

from __future__ import annotations

from dataclasses import dataclass

from slackwater.backend import voice

TOOL = "kasten"


@dataclass(frozen=True)
class Voice(voice.Voice):
    """Whose findings they are, and where ``kubectl`` has to look."""

    tool = TOOL

    namespace: str

    def kubectl(self, command: str) -> str:
        """Return a ``kubectl`` command in K10's namespace."""
        return f"kubectl -n {self.namespace} {command}"
