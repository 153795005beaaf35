"""Reads kubeconfig files: which contexts there are, and what stands in them. No login here.

Several files in ``KUBECONFIG`` are merged as the ``kubectl`` documentation says ("Merging
kubeconfig files"): the first file that names a thing wins, files that do not exist are skipped.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from slackwater.errors import ConfigurationError, Problem

Entry = Mapping[str, Any]
State = tuple[int, int, int]

_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True)
class ContextInfo:
    """One context of a kubeconfig. ``current`` marks the one that is used when none is named."""

    name: str
    server: str
    current: bool = False


@dataclass(frozen=True, repr=False)
class Access:
    """What one context says about its cluster and user. Holds credentials, so it has no repr.

    ``kubeconfig`` is the file, or several as in ``KUBECONFIG``. Paths in the entries are absolute.
    """

    kubeconfig: str
    context: str
    cluster: Entry
    user: Entry

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self.cluster.get("server", "")).rstrip("/")

    def authority(self) -> bytes:
        """The certificate authority that the server is checked against, as PEM; may be empty.

        Empty, too, where the kubeconfig turns checking off. Raises ``ConfigurationError``.
        """
        if self.cluster.get("insecure-skip-tls-verify"):
            return b""
        try:
            if data := self.cluster.get("certificate-authority-data"):
                return base64.b64decode(str(data))
            if file := self.cluster.get("certificate-authority"):
                return Path(file).read_bytes()
        except (OSError, binascii.Error, TypeError) as error:
            said = f"the certificate authority of context {self.context!r} cannot be read: {error}"
            raise ConfigurationError(Problem(said, file=self.kubeconfig)) from error
        return b""


def list_contexts(kubeconfig: Path | None = None) -> list[ContextInfo]:
    """All contexts, in the order of the file, with the servers they lead to.

    Without a path, ``KUBECONFIG`` and then ``~/.kube/config`` are read. Raises
    ``ConfigurationError`` where a file is missing or cannot be understood.
    """
    merged = _Merged(kubeconfig)
    return [
        ContextInfo(name, merged.server_of(name), name == merged.current)
        for name in merged.contexts
    ]


def find_access(kubeconfig: Path | None, context: str | None) -> Access:
    """What the named context, or else the current one, says.

    Raises ``ConfigurationError``, with the nearest known name where there is no such context.
    """
    merged = _Merged(kubeconfig)
    name = context or merged.current
    if not name:
        raise merged.problem("names no current context, and none was asked for")
    if name not in merged.contexts:
        raise merged.problem(f"has no context {name!r}{_suggestion(name, merged.contexts)}")
    return merged.access(name)


def _suggestion(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"{meant} (known here: {', '.join(sorted(known)) or 'none'})"


class _Merged:
    """Several kubeconfig files as one."""

    def __init__(self, kubeconfig: Path | None) -> None:
        self.text = str(kubeconfig) if kubeconfig else _default_files()
        self.current = ""
        self.contexts: dict[str, Entry] = {}
        self.clusters: dict[str, Entry] = {}
        self.users: dict[str, Entry] = {}
        for path in self._existing():
            self._add(path, _parsed(path))

    def problem(self, message: str) -> ConfigurationError:
        return ConfigurationError(Problem(f"the kubeconfig {message}", file=self.text))

    def server_of(self, context: str) -> str:
        return str(self.clusters.get(self._named(context, "cluster"), {}).get("server", ""))

    def access(self, context: str) -> Access:
        cluster_name = self._named(context, "cluster")
        if cluster_name not in self.clusters:
            raise self.problem(
                f"has no cluster {cluster_name!r}, which context {context!r} leads to"
            )
        cluster = self.clusters[cluster_name]
        if not cluster.get("server"):
            raise self.problem(f"names no server for cluster {cluster_name!r}")
        user_name = self._named(context, "user")
        if user_name and user_name not in self.users:
            raise self.problem(f"has no user {user_name!r}, whom context {context!r} logs in as")
        return Access(self.text, context, cluster, self.users.get(user_name, {}))

    def _named(self, context: str, kind: str) -> str:
        return str(self.contexts[context].get(kind, ""))

    def _existing(self) -> list[Path]:
        paths = [Path(part).expanduser() for part in self.text.split(os.pathsep) if part]
        found = [path for path in paths if path.exists()]
        if not found:
            raise ConfigurationError(Problem("there is no such kubeconfig", file=self.text))
        return found

    def _add(self, path: Path, content: Entry) -> None:
        self.current = self.current or str(content.get("current-context") or "")
        for target, plural, singular in (
            (self.contexts, "contexts", "context"),
            (self.clusters, "clusters", "cluster"),
            (self.users, "users", "user"),
        ):
            for name, entry in _entries(path, content, plural, singular):
                target.setdefault(name, _with_absolute_paths(entry, path.absolute().parent))


def _with_absolute_paths(entry: Entry, folder: Path) -> Entry:
    """Paths in a kubeconfig start at its folder; so does a plugin's command with a slash in it."""
    paths: dict[str, Any] = {key: str(folder / str(entry[key])) for key in _PATHS if entry.get(key)}
    plugin = entry.get("exec")
    if isinstance(plugin, dict) and "/" in str(plugin.get("command", "")):
        paths["exec"] = plugin | {"command": str(folder / plugin["command"])}
    return {**entry, **paths}


def _default_files() -> str:
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


_PARSED: dict[Path, tuple[State, Entry]] = {}
_PARSING = threading.Lock()


def _parsed(path: Path) -> Entry:
    """What stands in the file, parsed anew only when the file has changed.

    The clusters of a fleet often share one file, and each of them looks up its context.
    """
    with _PARSING:
        state = _state_of(path)
        known = _PARSED.get(path)
        if known is None or known[0] != state:
            known = _PARSED[path] = (state, _parse(path))
        return known[1]


def _state_of(path: Path) -> State:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _parse(path: Path) -> Entry:
    # The C loader reads a kubeconfig of many contexts some ten times faster.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_bytes(), loader)  # noqa: S506  a safe loader, see above
    except OSError as error:
        said = f"the kubeconfig cannot be read: {error.strerror}"
        raise ConfigurationError(Problem(said, file=str(path))) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(_yaml_problem(path, error)) from None
    if not isinstance(content, dict):
        raise ConfigurationError(Problem("this is no kubeconfig", file=str(path)))
    return content


def _yaml_problem(path: Path, error: yaml.YAMLError) -> Problem:
    """Where the text breaks, without quoting it: the line may be a credential."""
    mark = getattr(error, "problem_mark", None)
    said = f"the kubeconfig is not YAML: {getattr(error, 'problem', None) or 'not readable text'}"
    if mark is None:
        return Problem(said, file=str(path))
    return Problem(said, file=str(path), line=mark.line + 1, column=mark.column + 1)


def _entries(path: Path, content: Entry, plural: str, singular: str) -> Iterator[tuple[str, Entry]]:
    """The named entries of one list: ``contexts: [{name: …, context: {…}}]``."""
    listed = content.get(plural) or []
    if not isinstance(listed, list):
        raise ConfigurationError(Problem("expected a list", field=plural, file=str(path)))
    for number, item in enumerate(listed):
        entry = item.get(singular) if isinstance(item, dict) else None
        if not isinstance(item, dict) or "name" not in item or not isinstance(entry or {}, dict):
            said = f"expected a name and a {singular}"
            raise ConfigurationError(Problem(said, field=f"{plural}[{number}]", file=str(path)))
        yield str(item["name"]), entry or {}
