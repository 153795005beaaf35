"""What can go wrong with the testbed itself, never with what is tested on it."""

from __future__ import annotations

from pathlib import Path

LOG_LINES = 25


class TestbedError(Exception):
    """The testbed could not do what was asked; the message names the way out."""

    __test__ = False  # the name begins like a test's, and pytest would collect it


class EngineMissing(TestbedError):
    """An engine has not been built yet."""


class BuildFailed(TestbedError):
    """Go is missing or too old, or a build ended with errors."""


class StartFailed(TestbedError):
    """A server ended or did not answer in time; carries the tail of its log."""


class WaitTimedOut(TestbedError):
    """An object did not reach the state that was waited for."""


class KubectlFailed(TestbedError):
    """kubectl ended with an error; `output` is what it wrote to stderr."""

    def __init__(self, arguments: tuple[str, ...], output: str) -> None:
        super().__init__(f"kubectl {' '.join(arguments)}: {output.strip()}")
        self.output = output


class EtcdctlFailed(TestbedError):
    """etcdctl ended with an error; `output` is what it wrote to both ends, `code` its exit code."""

    def __init__(self, arguments: tuple[str, ...], code: int, output: str) -> None:
        super().__init__(f"etcdctl {' '.join(arguments)}: {output.strip()}")
        self.code = code
        self.output = output


def tail(file: Path, lines: int = LOG_LINES) -> str:
    """Return the last lines of a log, or a note that there is none."""
    if not file.exists():
        return f"({file} does not exist)"
    text = file.read_text(errors="replace")
    return "\n".join(text.splitlines()[-lines:]) or f"({file} is empty)"
