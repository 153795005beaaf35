"""Findings as this backend says them: with its cluster and tool."""

from __future__ import annotations

from slackwater.backend import voice
from slackwater_csi.errors import TOOL


class Voice(voice.Voice):
    """Whose findings they are."""

    tool = TOOL
