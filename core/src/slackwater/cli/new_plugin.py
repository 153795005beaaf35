"""Writes the folder of a new plugin: a copy of ``plugin-skeleton/``, under another name.

The skeleton is a plugin that works, held to the rules of all source here; so what is written is
what was tested, but for the name.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from slackwater.errors import ConfigurationError, Problem
from slackwater.version import VERSION

SKELETON = Path(__file__).with_name("plugin-skeleton")
_LONGEST = 24
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".mypy_cache", "*.pyc")


@dataclass(frozen=True)
class NewPlugin:
    """A plugin to be written for the tool ``name`` into ``folder``.

    ``in_workspace`` where that is a folder of this project's own ``plugins/``: there plugins share
    one version.
    """

    name: str
    folder: Path
    in_workspace: bool

    @property
    def distribution(self) -> str:
        """The name to install it by."""
        return f"slackwater-{self.name}"

    @property
    def package(self) -> str:
        """The name to import it by."""
        return self.distribution.replace("-", "_")

    def write(self) -> tuple[Path, ...]:
        """Write every file, all or none; return their paths, relative to the folder."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".slackwater-") as making:
            made = Path(making) / "plugin"
            shutil.copytree(SKELETON, made, ignore=_LEFT_OUT)
            (made / "src" / "slackwater_skeleton").rename(made / "src" / self.package)
            for path in _files(made):
                path.write_text(self._renamed(path.read_text()))
            made.rename(self.folder)
        return tuple(path.relative_to(self.folder) for path in sorted(_files(self.folder)))

    def _renamed(self, text: str) -> str:
        words = self.name.split("-")
        for old, new in (
            ("slackwater_skeleton", self.package),
            ("SKELETON", "_".join(words).upper()),
            ("Skeleton", "".join(word.capitalize() for word in words)),
            ("skeleton", self.name),
        ):
            text = text.replace(old, new)
        pinned = f'"slackwater=={VERSION}"' if self.in_workspace else f'"slackwater>={VERSION}"'
        return text.replace('"slackwater>=0.1.0"', pinned)

    def next_steps(self) -> Iterator[str]:
        """Yield the commands that lead on, to be pasted."""
        if self.in_workspace:
            yield "# add it to the extras and to all in core/pyproject.toml, to the sources in"
            yield "# pyproject.toml, then:"
            yield "uv lock && make .venv/.everything"
            yield f".venv/bin/pytest {shlex.quote(str(self.folder))}"
            return
        yield f"cd {shlex.quote(str(self.folder))}"
        yield f"python3 -m venv .venv && .venv/bin/pip install {_core()}-e '.[test]'"
        yield ".venv/bin/pytest"
        yield ".venv/bin/slackwater plugin list"


def new_plugin(name: str, folder: Path | None, known: frozenset[str]) -> NewPlugin:
    """Check name and folder. ``known`` are the tools that there are plugins for.

    Raises ``ConfigurationError`` with the way out; writes nothing.
    """
    _check_name(name, known)
    workspace = folder is None and _is_workspace(Path())
    default = Path("plugins", name) if workspace else Path(f"slackwater-{name}")
    target = folder or default
    if target.exists() or target.is_symlink():
        _refuse(f"{target} exists, and nothing is written over; name another with --folder")
    return NewPlugin(name, target, workspace or _is_workspace(target.resolve().parent.parent))


def _check_name(name: str, known: frozenset[str]) -> None:
    if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) is None:
        likely = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")
        meant = f', such as "{likely}"' if likely else ""
        _refuse(
            f'"{name}" cannot be a tool\'s name: small letters, digits and single hyphens, '
            f"a letter first{meant}"
        )
    if name.startswith("slackwater"):
        short = name.removeprefix("slackwater").strip("-") or "the tool"
        _refuse(f'name the tool only, "{short}": the distribution becomes slackwater-{short}')
    if len(name) > _LONGEST:
        _refuse(f'"{name}" has {len(name)} characters; at most {_LONGEST} are possible')
    if name in known or name == "skeleton":
        _refuse(f'there is a plugin for "{name}" already; see slackwater plugin list')


def _refuse(message: str) -> None:
    raise ConfigurationError(Problem(message))


def _is_workspace(folder: Path) -> bool:
    project, core = folder / "pyproject.toml", folder / "core" / "pyproject.toml"
    return core.is_file() and project.is_file() and '"slackwater-workspace"' in project.read_text()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _core() -> str:
    """Return what pip must be told of core where it was installed from a folder, as ``-e …``."""
    told = importlib.metadata.distribution("slackwater").read_text("direct_url.json")
    url = str(json.loads(told).get("url", "")) if told else ""
    folder = unquote(urlsplit(url).path) if url.startswith("file:") else ""
    return f"-e {shlex.quote(folder)} " if folder and Path(folder).is_dir() else ""
