"""Whether a process still runs, and waiting until it does not."""

from __future__ import annotations

from pathlib import Path

from slackwater.backend.polling import answered


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def ends(pid: int) -> bool:
    """Wait for the end of a process: told to end, it lets go of its pipes a moment before."""
    return answered(lambda: not is_running(pid), within=30)
