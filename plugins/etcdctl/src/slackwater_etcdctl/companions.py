"""What a restored control plane needs beside the snapshot: taken along, as it is, encrypted."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slackwater_etcdctl.settings import Companion

_COMMAND_SECONDS = 300.0


@dataclass(frozen=True)
class Taken:
    """A companion in the spool; ``file`` is None where nothing of it could be taken.

    ``missing`` says what could not, and is empty where all was there.
    """

    name: str
    part: str
    file: Path | None
    missing: str = ""


def take(companions: tuple[Companion, ...], folder: Path) -> Iterator[Taken]:
    """Take each companion into a file of the folder. What is missing is told, never raised."""
    for companion in companions:
        yield _from_command(companion, folder) if companion.command else _files(companion, folder)


def _files(companion: Companion, folder: Path) -> Taken:
    part = f"{companion.name}.tar"
    target, missing = folder / part, []
    with tarfile.open(target, "x") as archive:
        for name in companion.files:
            try:
                archive.add(Path(name).expanduser(), arcname=name.lstrip("/~"))
            except OSError as error:
                missing.append(f"{name}: {error.strerror or error}")
        held = bool(archive.getnames())
    return Taken(companion.name, part, target if held else None, "; ".join(missing))


def _from_command(companion: Companion, folder: Path) -> Taken:
    part = f"{companion.name}.out"
    target, program = folder / part, companion.command[0]
    try:
        with target.open("xb") as output:
            subprocess.run(  # as the user, with the user's own environment: ssh, sudo
                companion.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,  # may repeat what it reads
                timeout=_COMMAND_SECONDS,
                check=True,
            )
    except subprocess.TimeoutExpired:
        return Taken(companion.name, part, None, f"{program} took over {_COMMAND_SECONDS:g} s")
    except subprocess.CalledProcessError as error:
        return Taken(companion.name, part, None, f"{program} ended with {error.returncode}")
    except OSError as error:
        return Taken(companion.name, part, None, f"{program}: {error.strerror or error}")
    if not target.stat().st_size:
        return Taken(companion.name, part, None, f"{program} printed nothing")
    return Taken(companion.name, part, target)
