"""Finds plugins and lets none of them bring the others down.

Every entry point of the group ``slackwater`` names a module with hooks. Each is loaded in its own
``try``: what is broken, missing, doubled, or made for another contract becomes a ``PluginProblem``,
a line in ``doctor`` and ``plugin list``.
"""

from __future__ import annotations

import importlib.metadata
import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

import pluggy
from pydantic import BaseModel

from slackwater.backend import hookspecs
from slackwater.backend.contract import CONTRACT_VERSION, BackendType
from slackwater.errors import (
    ContractVersionError,
    DuplicateBackendError,
    PluginError,
    PluginLoadError,
)
from slackwater.model.finding import Finding, Severity
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.run import Event

_log = logging.getLogger(__name__)
Places = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from. ``distribution`` and ``version`` are empty where not known."""

    entry_point: str
    distribution: str = ""
    version: str = ""

    def __str__(self) -> str:
        parts = (self.distribution, self.version) if self.distribution else (self.entry_point,)
        return " ".join(filter(None, parts))


@dataclass(frozen=True)
class PluginProblem:
    """Why a plugin, or one backend type of it, cannot be used; ``error`` is the class of errors."""

    origin: Origin
    error: type[PluginError]
    message: str
    way_out: str

    def finding(self) -> Finding:
        """Return it as a line for ``doctor``."""
        return Finding(
            severity=Severity.ERROR,
            code="plugin-unusable",
            subject=str(self.origin),
            message=self.message,
            way_out=self.way_out,
        )


def _new_modules() -> pluggy.PluginManager:
    modules = pluggy.PluginManager(hookspecs.GROUP)
    modules.add_hookspecs(hookspecs)
    return modules


@dataclass(frozen=True)
class Plugins:
    """The plugins that were found: what they offer, and which cannot be used."""

    types: Mapping[str, BackendType] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Where each backend type comes from, by its name."""
    problems: tuple[PluginProblem, ...] = ()
    _modules: pluggy.PluginManager = field(default_factory=_new_modules, repr=False)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The problems as findings."""
        return tuple(problem.finding() for problem in self.problems)

    def review_plan(self, plan: RestorePlan) -> tuple[Finding, ...]:
        """Ask every plugin about a plan. A review that fails is a finding, and hides no other."""
        return tuple(finding for name in self._names() for finding in self._reviewed(name, plan))

    def on_event(self, event: Event) -> None:
        """Tell every plugin what happened in a run, as plain JSON; log those that fail."""
        data = event.model_dump(mode="json")
        for name in self._names():
            try:
                self._hook(name, "slackwater_on_event")(event=data)
            except Exception as error:  # noqa: BLE001  an observer never touches what it observes
                _log.warning("plugin %s failed to observe %s: %r", name, event.kind, error)

    def _reviewed(self, name: str, plan: RestorePlan) -> Iterable[Finding]:
        try:
            answers = self._hook(name, "slackwater_review_plan")(plan=plan)
            return [_a_finding(finding) for answer in answers for finding in answer]
        except Exception as error:  # noqa: BLE001  one plugin's failure is one finding
            return [_unreviewed(name, error)]

    def _names(self) -> list[str]:
        return [name for name, _ in self._modules.list_name_plugin()]

    def _hook(self, name: str, hook: str) -> Callable[..., list[Iterable[object]]]:
        """Return the hook as one plugin alone implements it."""
        others = [module for other, module in self._modules.list_name_plugin() if other != name]
        return self._modules.subset_hook_caller(hook, others)


_SOUND: dict[Places, Plugins] = {}
"""The plugins as last found, where none had a problem: to look costs more than to read a fleet."""


def load_plugins(entry_points: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load every plugin that is installed, or those given. Raises nothing.

    Those installed are looked for again when something was installed or removed meanwhile, or when
    one of them had a problem.
    """
    if entry_points is not None:
        return _load_all(entry_points)
    places = _places()
    if known := _SOUND.get(places):
        return known
    found = _load_all(importlib.metadata.entry_points(group=hookspecs.GROUP))
    if not found.problems:
        _SOUND.clear()
        _SOUND[places] = found
    return found


def _places() -> Places:
    """Where distributions lie, and when something was last put there or taken away."""
    return tuple((place, _changed(Path(place))) for place in sys.path)


def _changed(place: Path) -> int:
    try:
        return place.stat().st_mtime_ns
    except OSError:
        return 0


def _load_all(entry_points: Iterable[EntryPoint]) -> Plugins:
    modules, problems = _new_modules(), list[PluginProblem]()
    offers: dict[str, list[tuple[Origin, BackendType]]] = defaultdict(list)
    found = [(_origin(entry_point), entry_point) for entry_point in entry_points]
    for origin, entry_point in sorted(found, key=lambda pair: (str(pair[0]), pair[1].name)):
        try:
            offered = _load(modules, entry_point, origin)
        except PluginError as error:
            problems.append(PluginProblem(origin, type(error), str(error), error.hint))
            continue
        for kind in offered:
            offers[kind.name].append((origin, kind))
    problems += [problem for offer in offers.values() for problem in _refused(offer)]
    usable = {name: offer[0] for name, offer in offers.items() if not list(_refused(offer))}
    return Plugins(
        types={name: kind for name, (_, kind) in sorted(usable.items())},
        origins={name: origin for name, (origin, _) in sorted(usable.items())},
        problems=tuple(problems),
        _modules=modules,
    )


def _origin(entry_point: EntryPoint) -> Origin:
    if entry_point.dist is None:
        return Origin(entry_point.name)
    metadata = entry_point.dist.metadata  # read from the file, and parsed, each time it is asked
    return Origin(entry_point.name, metadata["Name"] or "", metadata["Version"] or "")


def _load(
    modules: pluggy.PluginManager, entry_point: EntryPoint, origin: Origin
) -> list[BackendType]:
    """Import the plugin, register its hooks, and return what it offers."""
    name = f"{origin} ({origin.entry_point})" if origin.distribution else origin.entry_point
    try:
        modules.register(entry_point.load(), name=name)
        modules.check_pending()
        caller = modules.subset_hook_caller(
            "slackwater_backend_types",
            [module for other, module in modules.list_name_plugin() if other != name],
        )
        return [_a_type(kind) for answer in caller() for kind in answer]
    except (Exception, SystemExit) as error:
        if modules.has_plugin(name):
            modules.unregister(name=name)
        message = f"{entry_point.value} cannot be loaded: {_words(error)}"
        raise PluginLoadError(message, hint=_way_out(error, origin)) from error


def _a_type(offered: object) -> BackendType:
    """Check what a plugin yields as far as core relies on it."""
    if not isinstance(offered, BackendType):
        raise TypeError(f"it offers {offered!r}, which is no BackendType")
    settings = offered.settings
    if not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        raise TypeError(f"the settings of {offered.name} are {settings!r}, no pydantic class")
    return offered


def _refused(offer: list[tuple[Origin, BackendType]]) -> Iterator[PluginProblem]:
    """Yield why none of the offers of one name can be used."""
    names = " and ".join(str(origin) for origin, _ in offer)
    for origin, kind in offer:
        if len(offer) > 1:
            message = f'backend type "{kind.name}" is offered by {names}'
            way_out = "uninstall all of them but one"
            yield PluginProblem(origin, DuplicateBackendError, message, way_out)
        elif kind.contract_version != CONTRACT_VERSION:
            yield _of_another_contract(origin, kind)


def _of_another_contract(origin: Origin, kind: BackendType) -> PluginProblem:
    made_for, plugin = kind.contract_version, origin.distribution or origin.entry_point
    message = (
        f'backend type "{kind.name}" was made for version {made_for} of the contract; '
        f"this is version {CONTRACT_VERSION}"
    )
    old = plugin if made_for < CONTRACT_VERSION else "slackwater"
    return PluginProblem(origin, ContractVersionError, message, f"pip install --upgrade {old}")


def _words(error: BaseException) -> str:
    """The error on one line: what comes from outside may have several."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")


def _way_out(error: BaseException, origin: Origin) -> str:
    plugin = origin.distribution or origin.entry_point
    if isinstance(error, ModuleNotFoundError):
        return (
            f"pip install --force-reinstall {plugin}: a module of it, or one it needs, is missing"
        )
    return f"upgrade {plugin}, or uninstall it"


def _a_finding(answer: object) -> Finding:
    if not isinstance(answer, Finding):
        raise TypeError(f"{answer!r} is no Finding")
    return answer


def _unreviewed(name: str, error: Exception) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="review-failed",
        subject=name,
        message=f"the plugin could not review the plan: {_words(error)}",
        way_out="upgrade the plugin, or uninstall it",
    )
