"""The three hooks of Slackwater. pluggy finds plugins; an abstract class behaves.

A plugin is a module named by an entry point of the group ``slackwater``::

    from slackwater.backend import BackendType, hookimpl

    @hookimpl
    def slackwater_backend_types():
        yield BackendType(name="tarballs", summary="…", settings=Settings, …)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pluggy

from slackwater.backend.contract import BackendType
from slackwater.model.finding import Finding
from slackwater.model.restore_plan import RestorePlan

GROUP = "slackwater"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def slackwater_backend_types() -> Iterable[BackendType]:
    """Yield a descriptor for each kind of tool that the plugin offers."""
    raise NotImplementedError


@hookspec
def slackwater_review_plan(plan: RestorePlan) -> Iterable[Finding]:
    """Yield findings about a restore plan; an error blocks it. Called before a plan is shown."""
    raise NotImplementedError


@hookspec
def slackwater_on_event(event: Mapping[str, object]) -> None:
    """Observe what happens in runs. A failing observer never touches a backup or a restore."""
    raise NotImplementedError
