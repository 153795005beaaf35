"""Following references to secrets, at the moment they are needed and not before.

Errors name the reference, never the value, and never what a command printed.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from time import monotonic

from slackwater.errors import SecretError
from slackwater.model.secret import (
    ReferenceKind,
    SecretRef,
    SecretReference,
    parse_reference,
)

__all__ = ["ReferenceKind", "SecretRef", "SecretReference", "parse_reference", "resolve"]

LARGEST = 1024 * 1024
"""Bytes. A larger file is no secret but a slip."""


def resolve(
    reference: SecretReference | str,
    *,
    k8s: Callable[[str, str, str], str] | None = None,
    folder: Path = Path(),
    timeout: float = 10.0,
) -> str:
    """Return the secret, without the newlines at its end.

    ``k8s`` reads a Secret of a cluster by namespace, name and key. Relative paths start at
    ``folder``. ``timeout`` (seconds) bounds a command. Raises ``SecretError``.
    """
    if isinstance(reference, str):
        reference = _parsed(reference)
    match reference.kind:
        case ReferenceKind.ENV:
            value = _variable(reference)
        case ReferenceKind.FILE:
            value = _text(reference, _content(reference, folder))
        case ReferenceKind.EXEC:
            value = _text(reference, _output(reference, timeout))
        case ReferenceKind.K8S:
            value = _from_cluster(reference, k8s)
    value = value.rstrip("\r\n")
    if not value:
        raise SecretError(f"{reference}: there is nothing in it")
    return value


def _parsed(text: str) -> SecretReference:
    try:
        return parse_reference(text)
    except ValueError as error:
        raise SecretError(str(error)) from None


def _variable(reference: SecretReference) -> str:
    value = os.environ.get(reference.parts[0])
    if value is None:
        raise SecretError(f"{reference}: the environment variable is not set")
    return value


def path_of(reference: SecretReference, folder: Path) -> Path:
    """Return the path of a ``file:`` reference; ``~`` is the home folder."""
    text = reference.parts[0]
    return folder / (Path(text).expanduser() if text.startswith("~/") else Path(text))


def _content(reference: SecretReference, folder: Path) -> bytes:
    try:
        with path_of(reference, folder).open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        raise SecretError(f"{reference}: {reason}") from error
    if len(content) > LARGEST:
        raise SecretError(f"{reference}: larger than 1 MiB")
    return content


def _text(reference: SecretReference, content: bytes) -> str:
    # Raised after the except: the decoding error carries the bytes.
    try:
        return content.decode()
    except UnicodeDecodeError:
        pass
    raise SecretError(f"{reference}: not UTF-8 text")


def _output(reference: SecretReference, timeout: float) -> bytes:
    process = _started(reference)
    deadline = monotonic() + timeout
    try:
        content = _read(process, deadline)
        if content is None or not _ended(process, deadline):
            message = f"no answer in {timeout:g} s, or more than 1 MiB"
            raise SecretError(f"{reference}: {message}")
    finally:
        _end(process)
    if process.returncode != 0:
        raise SecretError(f"{reference}: the command ended with exit code {process.returncode}")
    return content


def _started(reference: SecretReference) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            reference.parts,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        reason = (error.strerror or "cannot be started").lower()
        raise SecretError(f"{reference}: {reason}") from error


def _read(process: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """All that the command prints; None where time or measure is exceeded."""
    content = b""
    assert process.stdout is not None  # noqa: S101  it was asked for as a pipe
    with DefaultSelector() as selector:
        selector.register(process.stdout, EVENT_READ)
        while len(content) <= LARGEST:
            if not selector.select(max(0.0, deadline - monotonic())):
                return None
            chunk = os.read(process.stdout.fileno(), 65_536)
            if not chunk:
                return content
            content += chunk
    return None


def _ended(process: subprocess.Popen[bytes], deadline: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, deadline - monotonic()))
    return process.returncode is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command with all that it started, and wait for it."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout:
        process.stdout.close()


def _from_cluster(reference: SecretReference, k8s: Callable[[str, str, str], str] | None) -> str:
    if k8s is None:
        raise SecretError(f"{reference}: there is no cluster here to read Secrets from")
    namespace, name, key = reference.parts
    return k8s(namespace, name, key)
