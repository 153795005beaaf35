"""Builds the engines with Go, once, into the cache."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slackwater_testbed.engines import Family, cache, families
from slackwater_testbed.errors import BuildFailed, tail

OLDEST_GO = (1, 26)
SECONDS_BETWEEN_LINES = 30.0

Say = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Print a line of progress beside the output, at once."""
    print(line, file=sys.stderr, flush=True)


def build(names: Iterable[str] = (), say: Say = to_stderr) -> None:
    """Build the families of these names (all by default) that are not in the cache yet.

    Raise BuildFailed when Go is missing or too old, or with the tail of the failed build's log.
    """
    wanted = [family for family in families(names) if not family.built]
    if not wanted:
        return
    check_go()
    for number, family in enumerate(wanted, start=1):
        label = f"engines {number} of {len(wanted)}: {family.name}"
        with _locked(cache() / f"{family.name}.lock", label, say):
            if not family.built:
                _build_family(family, label, say)


def check_go() -> None:
    """Raise BuildFailed unless a Go that is new enough is on the PATH."""
    needed = ".".join(map(str, OLDEST_GO))
    way_out = f"Go {needed} or newer builds the engines: https://go.dev/dl/"
    found = shutil.which("go")
    if found is None:
        raise BuildFailed(f"There is no `go` on the PATH. {way_out}")
    version = subprocess.run(
        [found, "env", "GOVERSION"], capture_output=True, text=True, check=False, cwd="/"
    ).stdout.strip()
    if not is_new_enough(version):
        raise BuildFailed(f"{found} is {version or 'of no known version'}, too old. {way_out}")


def is_new_enough(version: str) -> bool:
    """Tell whether `go env GOVERSION` printed a version that can build the engines."""
    numbers = re.match(r"go(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST_GO


@contextmanager
def _locked(file: Path, label: str, say: Say) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{label}: another process is building it, waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build_family(family: Family, label: str, say: Say) -> None:
    log = cache() / f"{family.name}.log"
    log.write_text("")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f".{family.name}-", dir=cache()) as folder:
        unfinished = Path(folder) / "build"
        for name, package in family.packages.items():
            step = f"{label}: {Path(name).name}"
            say(f"{step} …")
            _build_engine(family, package, unfinished / "bin" / name, log, step, say)
        for name, (module, path) in family.files.items():
            _copy(_module_folder(family, module) / path, unfinished / name)
        # The folder gets its name only now, so whoever finds it finds all of it.
        shutil.rmtree(family.folder, ignore_errors=True)
        unfinished.rename(family.folder)
    say(f"{label}: built in {time.monotonic() - started:.0f} s")


def _build_engine(
    family: Family, package: str, target: Path, log: Path, step: str, say: Say
) -> None:
    command = ["go", "build", *family.flags, "-o", str(target), package]
    started = time.monotonic()
    with log.open("a") as output:
        process = subprocess.Popen(
            command, cwd=family.source, env=_environment(), stdout=output, stderr=output
        )
        while (code := _wait(process)) is None:
            say(f"{step}: {time.monotonic() - started:.0f} s")
    if code != 0:
        raise BuildFailed(f"{step}: `go build` ended with {code}; {log} ends with\n{tail(log)}")


def _module_folder(family: Family, module: str) -> Path:
    """Return where Go keeps a module that it has just built from."""
    command = ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module]
    done = subprocess.run(
        command, cwd=family.source, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildFailed(f"{family.name}: where is {module}? {done.stderr}")
    return Path(done.stdout.strip())


def _copy(source: Path, target: Path) -> None:
    """Copy a file or folder; Go keeps them unwritable, and a build is deleted one day."""
    for file in [source] if source.is_file() else source.rglob("*"):
        if file.is_file():
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def _environment() -> dict[str, str]:
    """No C compiler is needed, and the user's own flags and workspaces stay out of it."""
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(SECONDS_BETWEEN_LINES)
    except subprocess.TimeoutExpired:
        return None
    except BaseException:
        process.kill()
        process.wait()
        raise
